"""What the debugger's commands do on a bundled guest whose sources and symbols are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emu.debug.completion import candidates
from emu.debug.debugger import Debugger
from emu.debug.errors import CommandError
from emu.debug.gates import Gates
from emu.debug.session import all_commands
from emu.inspect.programs import load_symbols
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.machine.recording import Recorder, Recording
from emu.machine.snapshot_file import read_snapshot

COMMANDS = all_commands()


class Session:
    """Commands, and what they answer."""

    def __init__(self, guest: str, recording: Recording | None = None) -> None:
        config, self.lines = load(guest), list[str]()
        machine = Machine(config, tracked=True) if recording is None else recording.machine(tracked=True)
        symbols, _ = load_symbols(config)
        self.debugger = Debugger(
            machine, say=self.lines.append, gates=Gates(), symbols=symbols, stored=recording
        )

    def say(self, *commands: str) -> str:
        """What the last of the commands answers."""
        for command in commands:
            self.lines.clear()
            COMMANDS.execute(self.debugger, command)
        return "\n".join(self.lines)

    def here(self) -> str:
        view = self.debugger.view
        return self.debugger.symbols.describe(view.here, view.read)

    def completed(self, line: str) -> list[str]:
        return candidates(self.debugger, COMMANDS, line, line.rpartition(" ")[2])


@pytest.fixture(scope="module")
def asking() -> Iterator[Session]:
    """unplug-all where it begins to ask for the protocol."""
    session = Session("unplug-all")
    session.say("break unplug_ask once", "continue", "snapshot asking")
    yield session
    session.debugger.machine.close()


@pytest.fixture
def session(asking: Session) -> Session:
    asking.say("delete all", "restore asking")
    return asking


def test_a_function_is_finished_and_its_call_gone_back_to(session: Session) -> None:
    place = session.debugger.travel.place
    session.say("finish")
    assert session.here().startswith("main+")
    session.say("reverse-next")
    assert session.debugger.view.disassemble(session.debugger.view.here, 1)[0].text.startswith("call")
    session.say("next", "reverse-next", "step")
    assert session.debugger.travel.place == place
    session.say("step 3", "reverse-finish", "step")
    assert session.debugger.travel.place == place


def test_an_interrupt_handler_is_finished_and_gone_back_out_of(session: Session) -> None:
    session.say("last irq 0")
    before = session.debugger.travel.place
    session.say("step", "step 2", "finish")
    assert not session.here().startswith("on_tick")
    after = session.debugger.travel.place
    session.say("reverse-next")
    assert session.debugger.travel.place == before
    session.say("step 3", "reverse-finish")
    assert session.debugger.travel.place == before < after


def test_what_changed_memory_is_gone_back_to(session: Session) -> None:
    found = session.say("last change ticks")
    assert "write 4 memory" in found
    assert session.here().startswith("begin_ticks")
    held = session.debugger.value("[ticks]")
    session.say("step")
    assert session.debugger.value("[ticks]") != held


def test_breakpoints_on_memory_pci_lines_and_modes_are_met() -> None:
    session = Session("unplug-all")
    session.say("break pci 00:02.0 config 0x10-0x13 write")
    assert "00:02.0 0x10 base address 0" in session.say("continue")
    session.say("delete all", "break mode once")
    assert "from real mode to protected mode, 16 bits" in session.say("continue")
    session.say("delete all", "break memory ticks change")
    assert "write 4 memory" in session.say("continue")
    session.say("delete all", "break irq 0")
    assert "interrupt of irq 0, vector 0x20" in session.say("continue")
    session.debugger.machine.close()


def test_hits_are_counted_and_logged(session: Session) -> None:
    session.say("break port 0x10-0x12 log value, ax", "break port 0x12 width 1 after 3 every 2")
    said = session.say("continue")
    assert said.splitlines()[0].endswith("value = 0x49d2  ax = 0xffe7")
    assert "unplug_ask+0x6" in said
    assert [each.hits for each in session.debugger.breakpoints] == [9, 5]
    assert "(met 5 times)" in session.say("breakpoints")


def test_a_disabled_breakpoint_is_passed(session: Session) -> None:
    session.say("break port 0x10 read", "disable all", "break port 0x12 read")
    assert "read 1 port 0x12" in session.say("continue")
    number = session.debugger.breakpoints[0].number
    session.say(f"enable {number}")
    assert "read 2 port 0x10" in session.say("continue")


def test_conditions_ask_for_flags_where_the_machine_stands_still(session: Session) -> None:
    session.say("break port 0x10 if (rflags & 0x40) == 0x40")
    session.say("continue")
    assert session.debugger.value("rflags & 0x40")


def test_frames_and_source_lines_are_shown(session: Session) -> None:
    said = session.say("where")
    assert "unplug_ask at guests/lib/xen_unplug.c:" in said
    assert "main at guests/unplug-all/unplug-all.c:" in said
    assert "->" in session.say("list")
    assert "no source line is known" in refusal(session, "list 0x7c00")


def frames_of(session: Session) -> list[str]:
    """The functions that `where` tells, the innermost first."""
    return [line.split()[2] for line in session.say("where").splitlines() if line.startswith("#")]


def test_frames_go_through_an_interrupt_handler_to_what_it_interrupted() -> None:
    for guest in ("unplug-all", "unplug-all-long"):
        session = Session(guest)
        session.say("break on_interrupt", "continue")
        interrupted = ["wait_for_interrupt", "irq_comes_within"]
        assert frames_of(session)[:4] == ["on_interrupt", "common", *interrupted]
        assert frames_of(session)[-2:] == ["main", "_start"]
        session.say("finish")
        assert frames_of(session)[:3] == ["common", *interrupted]
        before = session.say("reverse-finish")
        assert before.startswith("interrupt 0x2e")
        session.say("step")
        assert frames_of(session)[:3] == ["vector_entries", *interrupted]
        session.say("delete all", "finish")
        assert frames_of(session)[:2] == interrupted
        session.debugger.machine.close()


@pytest.mark.parametrize(
    "command",
    [
        "last read port 0x9999",
        "goto 1ms",
        "goto 100s",
        "reverse-continue",
        "reverse-step 100",
        "reverse-finish",
    ],
)
def test_a_movement_that_is_interrupted_ends_where_it_began(session: Session, command: str) -> None:
    travel = session.debugger.travel
    session.say("step 3")
    place, state = travel.place, session.debugger.machine.save()

    def ask() -> None:
        travel.travelling = lambda: None
        session.debugger.interrupt()

    travel.travelling = ask
    assert session.say(command).startswith("given up: back where it was")
    assert (travel.place, session.debugger.machine.save()) == (place, state)
    assert session.debugger.interrupted
    session.say("break port 0x12")
    assert "read 1 port 0x12" in session.say("continue")  # nothing is left of the request


def test_what_was_not_seen_of_a_recorded_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, config = tmp_path / "run.emu", load("unplug-all")
    recorded = Machine(config, tracked=True)
    monkeypatch.setattr("emu.machine.recording.SHORTEST_INTERVAL_S", 0)
    recorder = Recorder(recorded)
    recorder.write(file, recorded.run())
    recorder.close()
    recorded.close()
    recording = Recording.open(file)
    session = Session("unplug-all", recording)
    assert len(recording.times) > 2
    session.say("goto 1s")
    note = f"(known since {session.debugger.time(recording.times[-1])} only"
    assert session.say("history").startswith(note)
    assert note in session.say("unplug")
    session.say("goto start", "continue")
    assert "known since" not in session.say("unplug")
    assert "the driver so far" in session.say("unplug")
    session.debugger.machine.close()


def test_exceptions_are_met_before_the_instruction_both_ways() -> None:
    session = Session("exceptions")
    session.say("break exception 0")
    forwards = []
    for _ in range(3):
        assert "exception 0x0" in session.say("continue")
        assert "div" in session.debugger.view.disassemble(session.debugger.view.here, 1)[0].text
        forwards.append(session.debugger.travel.place)
    session.say("step")
    assert frames_of(session)[0] == "vector_entries"
    for place in forwards[::-1]:
        session.say("last exception 0")
        assert session.debugger.travel.place == place
    assert "int 0x13" in session.say("last int 0x13")
    assert session.debugger.view.disassemble(session.debugger.view.here, 1)[0].text == "int 0x13"
    session.debugger.machine.close()


def test_the_protocol_is_told_with_what_comes_next(session: Session) -> None:
    assert session.say("unplug").endswith("the driver reads the magic number: two bytes at port 0x10")
    session.say("step 3", "step")
    said = session.say("unplug")
    assert "right    read the magic number before anything else" in said
    assert said.endswith("reads the protocol version: one byte at port 0x12")
    assert "in ax, 0x10" in said
    session.say("reverse-step 2")
    assert "has done nothing" in session.say("unplug")


def test_chips_buses_and_events_are_shown_by_name() -> None:
    session = Session("unplug-all")
    session.say("until unplug_ask")
    assert "vector base: 0x20" in session.say("show pic")
    assert "status: 0x50  seek_complete ready" in session.say("show ide")
    assert "accept_broadcast" in session.say("show ne2k")
    assert "io_space bus_master" in session.say("pci 00:01.1")
    assert "0x01f7  status / command" in session.say("ports 0x1f0")
    assert "interrupt 0x20" in session.say("history irq 3")
    assert "disk 1 read" in session.say("history disk 200")
    assert "left" not in session.say("history all 4000")
    assert "pit " in session.say("devices")
    assert "00:02.0 0x10 base address 0" in "\n".join(
        each.text for each in session.debugger.history.last(4096)
    )
    session.debugger.machine.close()


def test_ports_registers_memory_and_lines_are_changed(session: Session) -> None:
    assert "= 0x49d2" in session.say("in 0x10 w")
    session.say("write register ax 0x1234", "write memory word[0x9f000] 0xbeef", "write memory 0x9f002 01 02")
    assert session.debugger.value("ax") == 0x1234
    assert session.debugger.value("[0x9f000]") == 0x0201_BEEF
    session.say("out 0x80 b 7", "raise irq 5", "show post")
    assert "7" in "\n".join(session.lines)
    session.say("reverse-step")
    assert session.debugger.value("word[0x9f000]") == 0
    session.say("step")
    assert session.debugger.value("word[0x9f000]") == 0xBEEF


def test_a_snapshot_is_restored_whatever_became_of_the_run(session: Session) -> None:
    kept = session.debugger.machine.save()
    session.say("step 4", "snapshot later")
    later = session.debugger.machine.save()
    session.say("reverse-step 4", "write register ebx 0x77", "step 9", "restore later")
    assert session.debugger.machine.save() == later
    session.say("restore asking")
    assert session.debugger.machine.save() == kept


def test_a_machine_is_saved_for_another_day(session: Session, tmp_path: Path) -> None:
    session.say(f"save {tmp_path / 'kept'}")
    read = read_snapshot(tmp_path / "kept")
    machine = read.machine()
    assert machine.clock.ticks == session.debugger.machine.clock.ticks
    machine.close()
    read.close()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("fin", ["finish"]),
        ("break unplug_a", ["unplug_ask"]),
        ("break mem", ["memory"]),
        ("break pci 00:02", ["00:02.0"]),
        ("print rf", ["rflags"]),
        ("show rtl", ["rtl8029 0"]),
        ("history ex", ["exceptions"]),
        ("restore as", ["asking"]),
        ("last ch", ["change"]),
        ("nonsense x", []),
    ],
)
def test_commands_and_arguments_are_completed(session: Session, line: str, words: list[str]) -> None:
    assert session.completed(line)[:1] == words


def refusal(session: Session, line: str) -> str:
    with pytest.raises(CommandError) as refused:
        session.say(line)
    return str(refused.value)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("show idee", "did you mean 'ide'?"),
        ("pci 00:1f.0", "no function is at 00:1f.0"),
        ("pci nonsense", "is no function on the PCI bus"),
        ("history netz", "did you mean 'net'?"),
        ("store /nowhere", "there is no node"),
        ("write register cr0 1", "'cr0' cannot be written"),
        ("write register al 0x100", "it has 8 bits"),
        ("write register cs 0x10", "descriptor would not be loaded"),
        ("write memory 0xf0000000 00", "no RAM is there"),
        ("write memory 0x1000 zz", "are no bytes"),
        ("out 0x10 b 256", "value 256 is out of range"),
        ("out 0x10 x 1", "'x' is no width"),
        ("raise irq 2", "no device drives line 2"),
        ("restore askin", "did you mean 'asking'?"),
        ("break port 0x10 once twice", "is too much"),
        ("break port 0x10 if value if value", "stands there twice"),
        ("break unplug_ask if value", "there is no register or symbol 'value'"),
        ("break memory 0-0x1000000", "1 MiB at most"),
        ("enable 99", "there is no breakpoint 99"),
        ("save /nowhere/file", "/nowhere/file"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(session: Session, line: str, complaint: str) -> None:
    said = refusal(session, line)
    assert complaint in said
    assert "\n" not in said
