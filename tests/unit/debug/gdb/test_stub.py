"""The stub's answers, packet by packet, as [GDB] appendix E asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emu.debug.gdb.packets import LARGEST
from emu.debug.gdb.stub import Leave
from emu.debug.gdb.target import INTERRUPTED
from tests.unit.debug.gdb.stubs import Client

STEPPED = b"T05thread:1;"
BOOT_SECTOR = 0x7C00


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.machine.close()


def refused(answer: bytes) -> bool:
    return answer[:1] == b"E" and len(answer) == 3


def test_what_is_not_known_is_answered_by_nothing(client: Client) -> None:
    for payload in (
        *(
            "vMustReplyEmpty",
            "qOffsets",
            "qSymbol::",
            "qTStatus",
            "QCatchSyscalls:1",
            "QNonStop:1",
            "!",
            "R00",
        ),
        *(
            "vFile:setfs:0",
            "qCRC:0,10",
            "vRun;",
            "i",
            "t",
            "vCtrlC",
            "Z5,0,1",
            "Z9,0,1",
            "jThreadsInfo",
            "",
            "Q",
        ),
    ):
        assert client.ask(payload) == b"", payload


def test_what_is_offered_is_what_is_there(client: Client) -> None:
    offered = client.ask("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386").split(b";")
    assert offered[0] == b"PacketSize=%x" % LARGEST
    assert {b"ReverseStep+", b"ReverseContinue+", b"QStartNoAckMode+", b"qXfer:features:read+"} <= {*offered}
    assert not any(each.startswith((b"QCatchSyscalls", b"multiprocess", b"QNonStop")) for each in offered)


def test_there_is_one_thread(client: Client) -> None:
    assert [client.ask(payload) for payload in ("qC", "qfThreadInfo", "qsThreadInfo")] == [
        b"QC1",
        b"m1",
        b"l",
    ]
    for payload in ("Hg0", "Hg1", "Hc-1", "Hc0", "T1"):
        assert client.ask(payload) == b"OK", payload
    for payload in ("Hg2", "T2", "Hgx", "H", "T", "T-", "Hg"):
        assert refused(client.ask(payload)), payload
    assert client.ask("qThreadExtraInfo,1") == b"running".hex().encode()
    assert b'<thread id="1"' in client.ask("qXfer:threads:read::0,1000")


def test_the_beginning_is_told_as_a_stop(client: Client) -> None:
    assert client.ask("?") == STEPPED


def test_an_instruction_is_executed_and_undone(client: Client) -> None:
    before = client.ask("g")
    assert client.ask("s") == STEPPED
    after = client.ask("g")
    assert after != before
    assert client.ask("bs") == STEPPED
    assert client.ask("g") == before
    assert client.ask("bs") == b"T05thread:1;replaylog:begin;"


@pytest.mark.parametrize("form", ["s:1", "s", "S05:1", "s:-1;c", "c:2;s:1", "s:0"])
def test_vcont_steps_the_thread_that_it_names(client: Client, form: str) -> None:
    client.ask("s")
    reached = client.number("rip")
    client.ask("bs")
    assert client.ask("vCont;" + form) == STEPPED
    assert client.number("rip") == reached


@pytest.mark.parametrize("form", ["", "x", "s:2", "c:2", "t:1", "r1,2:1", "C", "Cx", "s:", ";"])
def test_vcont_that_means_nothing_for_the_thread_is_refused(client: Client, form: str) -> None:
    assert refused(client.ask("vCont;" + form)), form
    assert client.machine.processor.retired == 0


def test_a_breakpoint_is_reached_forwards_and_backwards(client: Client) -> None:
    client.ask("qSupported:swbreak+;hwbreak+")
    assert client.ask(f"Z0,{BOOT_SECTOR:x},1") == b"OK"
    assert client.ask("c") == b"T05thread:1;swbreak:;"
    assert client.number("rip") == BOOT_SECTOR
    assert client.ask("?") == b"T05thread:1;swbreak:;"
    client.ask("s")
    assert client.ask("bc") == b"T05thread:1;swbreak:;"
    assert client.number("rip") == BOOT_SECTOR
    assert client.ask(f"z0,{BOOT_SECTOR:x},1") == b"OK"
    assert client.ask("bc") == b"T05thread:1;replaylog:begin;"


def test_a_client_that_knows_no_kinds_of_breakpoints_is_told_of_a_trap(client: Client) -> None:
    client.ask(f"Z1,{BOOT_SECTOR:x},1")
    assert client.ask("vCont;c:1") == STEPPED


def test_a_breakpoint_may_have_conditions_that_are_the_clients_to_judge(client: Client) -> None:
    assert client.ask(f"Z0,{BOOT_SECTOR:x},1;X3,220127") == b"OK"
    assert client.ask("c") == STEPPED


def test_execution_goes_on_elsewhere_when_an_address_is_given(client: Client) -> None:
    client.ask(f"Z0,{BOOT_SECTOR:x},1")
    client.ask("c")
    for payload in (f"s{BOOT_SECTOR:x}", f"S05;{BOOT_SECTOR:x}"):
        client.ask(payload)
        assert BOOT_SECTOR < client.number("rip") < BOOT_SECTOR + 0x200
    assert refused(client.ask("sx"))
    assert refused(client.ask("S;"))


@pytest.mark.parametrize(("kind", "told"), [(2, b"watch"), (3, b"rwatch"), (4, b"awatch")])
def test_watchpoints_tell_their_kind_and_address(client: Client, kind: int, told: bytes) -> None:
    client.ask(f"Z0,{BOOT_SECTOR:x},1")
    client.ask("c")
    stack = client.number("rsp") - 4
    assert client.ask(f"Z{kind},{stack:x},4") == b"OK"
    assert client.ask("c") == b"T05thread:1;%s:%x;" % (told, stack)
    assert client.ask(f"z{kind},{stack:x},4") == b"OK"


def test_a_watchpoint_may_lie_across_pages(client: Client) -> None:
    assert client.ask("Z2,ffc,8") == b"OK"
    for address in (0xFFC, 0x1000):
        assert client.ask(f"M{address:x},1:00") == b"OK"
    assert client.ask("c") == b"T05thread:1;watch:ffc;"


def test_more_than_can_be_watched_is_refused_and_the_run_goes_on(client: Client) -> None:
    answers = {client.ask(f"Z2,{0x200000 + 16 * number:x},8") for number in range(1100)}
    assert answers == {b"OK", b"E01"}
    client.ask("z2,200000,8")
    assert client.ask("Z2,0,2000") == b"E16", "more than a page"
    assert client.ask("Z2,0,0") == b"E16"
    assert client.ask("s") == STEPPED


def test_device_memory_and_what_is_not_there_can_be_watched(client: Client) -> None:
    for address in (0xB8000, 0xFEE00000, 0xFFFFFFFF, 0xFFFF_FFFF_FFFF_FFFF):
        assert client.ask(f"Z4,{address:x},8") == b"OK"
        assert client.ask(f"Z1,{address:x},1") == b"OK"
    assert client.ask("s") == STEPPED
    assert client.ask("c")[:3] == b"T05"


def test_memory_is_written_in_both_forms_and_read(client: Client) -> None:
    assert client.ask("M5000,3:616263") == b"OK"
    assert client.ask(b"X5003,3:d}#") == b"OK"
    assert client.ask("m5000,6") == b"abcd}#".hex().encode()
    assert client.ask("X5000,0:") == b"OK", "by this gdb asks whether X is there"


def test_rom_and_what_is_not_there_is_not_written(client: Client) -> None:
    for payload in ("Mffff0,1:00", "Mfee00000,1:00"):
        assert client.ask(payload) == b"E01", payload
    assert client.ask("mffff0,1") == b"ea"


MALFORMED = (
    *("M5000,3:6162", "M5000,1:6", "M5000,1:zz", "M5000:61", "M5000,1", "m5000", "m,1", "m5000,", "m-1,1"),
    *("P", "P0", "P0=1", "Pffff=00", "p", "pffff", "G", "G00", "Gx", "Z0", "Z0,1", "Z0,x,1", "z0,1", "D;2"),
    *(
        "qRcmd,6",
        "qXfer:features:read:other.xml:0,10",
        "qXfer:features:read:target.xml:0",
        "vCont;",
        "c-",
        "sx",
    ),
)


@pytest.mark.parametrize("payload", MALFORMED)
def test_what_is_malformed_is_refused_and_changes_nothing(client: Client, payload: str) -> None:
    before = client.ask("g")
    assert refused(client.ask(payload)), payload
    assert client.ask("g") == before


def test_a_document_is_read_in_windows(client: Client) -> None:
    name = "qXfer:features:read:target.xml"
    whole = client.ask(f"{name}:0,3fff")
    assert whole[:1] == b"l"
    parts, at = b"", 0
    while True:
        window = client.ask(f"{name}:{at:x},64")
        parts += window[1:]
        at += len(window) - 1
        if window[:1] == b"l":
            break
    assert parts == whole[1:]
    assert client.ask(f"{name}:ffffff,10") == b"l"
    assert b'type="ram"' in client.ask("qXfer:memory-map:read::0,fff")
    assert client.ask("qXfer:auxv:read::0,fff") == b""


def test_no_answer_is_larger_than_announced(client: Client) -> None:
    for payload in ("m0,ffffffff", "qXfer:features:read:target.xml:0,ffffffff", "g"):
        assert len(client.ask(payload)) <= LARGEST
    assert client.ask("m0,ffffffff")[:4] == client.ask("m0,2")


def test_all_registers_are_written_back_as_they_were_read(client: Client) -> None:
    before = client.ask("g")
    assert client.ask(b"G" + before) == b"OK"
    assert client.ask("g") == before


def test_one_register_is_written(client: Client) -> None:
    assert client.ask("P0=8877665544332211") == b"OK"
    assert client.number("rax") == 0x1122334455667788
    assert client.number("eax") == 0x55667788


def test_leaving_is_told_and_a_killed_run_is_not_answered(client: Client) -> None:
    for payload, answers, leave in (
        ("D", [b"OK"], Leave.DETACHED),
        ("D;1", [b"OK"], Leave.DETACHED),
        ("k", [], Leave.KILLED),
        ("vKill;1", [b"OK"], Leave.KILLED),
    ):
        client.connect()
        assert client.ask_all(payload) == answers
        assert client.stub.leave is leave


def test_the_end_is_told_once_as_a_stop_and_then_as_the_end(client: Client) -> None:
    note, stop = client.ask_all("c")
    assert bytes.fromhex(note[1:].decode()).startswith(b"the run ends here: ")
    assert stop == b"T05thread:1;replaylog:end;"
    assert client.stub.leave is None
    assert client.ask("bs") == STEPPED
    assert client.ask("c") == b"T05thread:1;replaylog:end;"
    assert client.ask("c") == b"W00"
    assert client.stub.leave is Leave.OVER


def test_monitor_reaches_the_debuggers_commands(client: Client) -> None:
    assert "protocol version 1" in client.monitor("unplug")
    assert "did you mean 'unplug'" in client.monitor("unplugg")
    assert "reverse-continue" in client.monitor("help")
    assert client.ask("qRcmd,6z") == b"E16"


def test_long_output_comes_in_packets_of_the_announced_size(client: Client) -> None:
    shown = client.ask_all(b"qRcmd," + b"memory 0 0x1000".hex().encode())
    assert len(shown) > 2
    assert shown[-1] == b"OK"
    assert all(each[:1] == b"O" and len(each) <= LARGEST for each in shown[:-1])
    assert client.monitor("memory 0 0x1000").count("\n") == 256


def shown(answers: list[bytes]) -> str:
    """What a client shows of an answer."""
    return b"".join(bytes.fromhex(each[1:].decode()) for each in answers if each[:1] == b"O").decode()


def test_a_breakpoint_of_the_monitor_stops_with_a_note_that_says_which_and_why(client: Client) -> None:
    client.monitor("break port 0x3f8 write if value == 0x54")
    *note, stop = client.ask_all("c")
    assert stop == STEPPED
    assert shown(note) == "break 1: write 1 port 0x3f8 = 0x54  com1 THR\n"
    reached = client.number("rip")
    client.monitor("delete all")
    client.monitor("break port 0x3f8 write")
    *note, stop = client.ask_all("bc")
    assert (shown(note)[:8], stop) == ("break 2:", STEPPED)
    assert client.number("rip") == reached
    assert client.ask_all("c")[-1] == STEPPED


def test_breakpoints_of_the_client_and_of_the_monitor_are_met_in_their_order(client: Client) -> None:
    client.ask("qSupported:swbreak+")
    client.monitor("break port 0x3f8 write")
    client.ask(f"Z0,{BOOT_SECTOR:x},1")
    assert client.ask_all("c") == [b"T05thread:1;swbreak:;"]
    assert client.ask("c") == STEPPED
    assert client.ask_all("bc")[-1] == b"T05thread:1;swbreak:;"


def test_what_the_monitor_logs_is_shown_when_the_machine_stops(client: Client) -> None:
    client.monitor("break port 0x3f8 write if value == 0x54 log al")
    note, stop = client.ask_all("c")
    assert stop == b"T05thread:1;replaylog:end;"
    first, *_, last = shown([note]).splitlines()
    assert "al = 0x54" in first
    assert last.startswith("the run ends here")


def test_the_monitor_moves_the_machine_and_says_that_the_client_does_not_know(client: Client) -> None:
    assert "gdb does not know" in client.monitor("step 3")
    assert client.ask("?") == STEPPED
    assert "gdb does not know" not in client.monitor("registers")
    client.ask("c")
    assert "write 1 port 0x3f8 = 0x0a" in client.monitor("last write port 0x3f8")
    assert client.ask("c") == b"T05thread:1;replaylog:end;", "it is not at its end any more"


def test_the_session_is_the_clients_to_end(client: Client) -> None:
    assert "there is no command 'quit'" in client.monitor("quit")
    assert client.debugger.status is None


def test_an_override_by_the_monitor_is_what_the_guest_reads(client: Client) -> None:
    assert "reads" in client.monitor("override port 0x3fd read value 0x00")
    assert client.ask("c")[:3] == b"T05"
    assert client.ask("bc") == b"T05thread:1;replaylog:begin;"


def test_a_way_back_that_is_interrupted_ends_where_it_began() -> None:
    client = Client()
    client.monitor("break port 0x3f8 once")
    client.ask("c")
    client.monitor("break port 0x9999")
    travel = client.debugger.travel
    for request in ("bc", "bs"):
        place, state = travel.place, client.machine.save()

        def interrupt() -> None:
            travel.travelling = lambda: None
            client.machine.stop(INTERRUPTED)

        travel.travelling = interrupt
        assert client.ask(request) == b"T02thread:1;"
        assert (travel.place, client.machine.save()) == (place, state)
    assert client.ask("s") == b"T05thread:1;"
