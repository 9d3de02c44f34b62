"""`emu run` as a user meets it: in one process, on guests of a few bytes in a ROM."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from emu.cli.main import main
from tests.unit.bzimage import bzimage
from tests.unit.machine.test_elf import executable
from tests.unit.rom import (
    FOREVER,
    HALT,
    TRIPLE_FAULT,
    enable_vga,
    read,
    report,
    say,
    write,
    write_rom,
)

PROTOCOL = (
    read(0x10, 2)
    + read(0x12, 1)
    + write(0x12, 2, 1)
    + write(0x10, 4, 13)
    + say("hello\n", 0x12)
    + read(0x10, 2)
    + write(0x10, 2, 3)
)


class Emu:
    """Runs the command and keeps what it printed."""

    def __init__(self, folder: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._captured = captured
        self.out = self.err = ""

    def run(self, code: bytes, *options: str) -> int:
        return self("run", "--firmware", write_rom(self.folder, code), *options)

    def __call__(self, *arguments: str) -> int:
        status = main(arguments)
        self.out, self.err = self._captured.readouterr()
        return status

    def disk(self, name: str = "disk.img", size: int = 4096) -> str:
        path = self.folder / name
        path.write_bytes(bytes(size))
        return str(path)


@pytest.fixture
def emu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Emu:
    return Emu(tmp_path, capsys)


@pytest.mark.parametrize(("result", "status"), [("SUCCESS", 0), ("SKIP", 3), ("ERROR", 4), ("FAILURE", 5)])
def test_the_exit_status_is_the_guests_result(emu: Emu, result: str, status: int) -> None:
    assert emu.run(say(f"Test result: {result}\r\n") + report(status)) == status
    assert emu.out.startswith(f"Test result: {result}\r\n")
    assert f"\nResult: {result}: the guest wrote {status} to the exit port" in emu.out
    assert emu.err == ""


@pytest.mark.parametrize(
    ("code", "options", "status", "reason"),
    [
        (say("Test result: SUCCESS\n") + HALT, (), 0, "reported on its console and halted"),
        (HALT, (), 4, "idle for ever"),
        (FOREVER, ("--limit", "0.01"), 4, "the limit of virtual time was reached"),
        (FOREVER, ("--wall", "0.05"), 4, "the limit of 0.05 s on the wall clock was reached"),
        (TRIPLE_FAULT, (), 6, "triple fault"),
        (write(0xCF9, 1, 6) + FOREVER, ("--on-reset", "exit"), 4, "the machine was reset by port cf9"),
        (
            TRIPLE_FAULT,
            ("--on-reset", "reboot", "--limit", "1e-6"),
            4,
            "the limit of virtual time was reached",
        ),
        (report(9), (), 4, "wrote 0x09 to the exit port, which is no result"),
        (say("Test result: FAILURE\n") + report(0), (), 5, "the console says FAILURE, though"),
    ],
)
def test_however_a_run_ends_there_is_a_summary(
    emu: Emu, code: bytes, options: tuple[str, ...], status: int, reason: str
) -> None:
    assert emu.run(code, *options) == status
    assert reason in emu.out


def test_a_guest_that_runs_into_nowhere_does_not_hang_the_host(emu: Emu) -> None:
    into_empty_memory = b"\xea\x00\x00\x00\x90"  # zeros store into themselves: a thousand times slower
    assert emu.run(into_empty_memory, "--wall", "0.2", "--json") == 4
    assert json.loads(emu.out)["wall_s"] < 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_with_its_summary(emu: Emu, number: int) -> None:
    before = signal.getsignal(number)
    threading.Timer(0.3, os.kill, (os.getpid(), number)).start()
    assert emu.run(FOREVER, "--wall", "20") == 4
    name = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
    assert f"Result: ERROR: stopped by {name}" in emu.out
    assert signal.getsignal(number) is before


def test_the_transcript_tells_step_by_step(emu: Emu) -> None:
    options = ("--disk", emu.disk(), "--nic", "--blacklist", "1/13", "--guest-log", "null")
    assert emu.run(PROTOCOL + report(0), *options) == 0
    lines = [" ".join(line.split()[2:]) for line in emu.out.splitlines() if " ms " in line]
    magic = "magic number: is the protocol here, may this driver load?"
    assert lines == [
        f"0x10 read 2 0x49d2 {magic}: the protocol is here",
        "0x12 read 1 0x01 protocol version: with product, build and blacklist",
        "0x12 write 2 0x0001 product number of the driver: xensource-windows",
        '-> host\'s log: "Citrix Windows PV drivers loaded in guest"',
        "0x10 write 4 0x0000000d build number of the driver: 13",
        '-> host\'s log: "PV driver build 13"',
        '-> host\'s log: "Drivers are blacklisted!"',
        '0x12 write 1 6 bytes guest\'s log: "hello"',
        f"0x10 read 2 0xd249 {magic}: this driver is blacklisted",
        "0x10 write 2 0x0003 devices to unplug: all_ide_disks all_nics",
        "-> disk 0 left IDE primary master",
        "-> nic 0 left PCI 04.0",
    ]
    assert (
        "\nUnplugged\n  disk 0 left IDE primary master\n  nic 0 left PCI 04.0\n\nResult: SUCCESS" in emu.out
    )


def test_an_option_of_zero_is_an_option(emu: Emu) -> None:
    assert emu.run(read(0x12, 1) + report(0), "--protocol-version", "0") == 0
    assert "read 1  0x00   protocol version: unplug and log only" in emu.out


def test_json_is_one_object_and_nothing_else(emu: Emu) -> None:
    code = say("Hi\n") + PROTOCOL + report(0)
    assert emu.run(code, "--json", "--disk", emu.disk(), "--guest-log", "null") == 0
    result = json.loads(emu.out)
    assert emu.out.count("\n") == 1
    wall, digest = result.pop("wall_s"), result.pop("trace_hash")
    assert wall > 0
    assert len(digest) == 64
    assert result.pop("retired") > 100
    assert result.pop("virtual_ns") > 10_000
    assert result == {
        "guest": "machine",
        "outcome": "SUCCESS",
        "status": 0,
        "unplugged": ["disk 0"],
        "host_errors": [],
        "guest_log": ["hello"],
        "console": "Hi\n",
        "screen": [],
    }


STORE_A_BLUE_X = b"\xb8\x00\xb8\x8e\xd8\xc7\x06\x00\x00X\x1f"
"""DS = B800; word at 0 = X, white on blue."""


def test_the_screen_is_printed_on_request(emu: Emu) -> None:
    code = enable_vga() + STORE_A_BLUE_X + say("Test result: SUCCESS\n") + report(0)
    assert emu.run(code, "--screen") == 0
    assert "Test result: SUCCESS\n\nScreen\nX\n\nUnplugged\n" in emu.out
    assert emu.run(code) == 0
    assert "Screen" not in emu.out
    assert emu.run(code, "--json") == 0
    assert json.loads(emu.out)["screen"] == ["X"]


def test_a_screen_that_shows_graphics_is_said_to_show_no_text(emu: Emu) -> None:
    code = enable_vga() + write(0x3CE, 2, 0x0506) + report(0)
    emu.run(code, "--screen")
    assert "\nScreen: it shows no text\n" in emu.out
    emu.run(code, "--json")
    assert json.loads(emu.out)["screen"] is None


def test_the_hash_is_computed_on_request_and_is_the_same_however_one_runs(emu: Emu) -> None:
    code = PROTOCOL + say("x\n") + report(0)
    ways: dict[str, tuple[str, ...]] = {
        "plain": (),
        "slices": ("--slice", "1"),
        "steps": ("--step",),
        "traced": ("--trace", "all", "--trace-file", str(emu.folder / "trace.txt")),
    }
    lines = {}
    for way, options in ways.items():
        assert emu.run(code, "--hash", "--guest-log", "null", *options) == 0
        lines[way] = [line for line in emu.out.splitlines() if line.startswith("Trace hash: ")]
    assert len(lines["plain"]) == 1
    assert all(line == lines["plain"] for line in lines.values())
    emu.run(code, "--guest-log", "null")
    assert "Trace hash" not in emu.out


def test_outputs_go_where_they_are_told(emu: Emu) -> None:
    names = {name: str(emu.folder / name) for name in ("serial", "log", "debug")}
    code = say("on serial\n") + say("in the log\n", 0x12) + say("debug", 0xE9) + say("!", 0x402) + report(0)
    options = ("--serial", f"file:{names['serial']}", "--guest-log", f"file:{names['log']}")
    assert emu.run(code, *options, "--debug", f"file:{names['debug']}") == 0
    assert {name: Path(path).read_text() for name, path in names.items()} == {
        "serial": "on serial\n",
        "log": "in the log\n",
        "debug": "debug!",
    }
    assert "on serial" not in emu.out
    assert emu.err == ""


def test_the_second_serial_port_goes_where_it_is_told_and_else_nowhere(emu: Emu) -> None:
    code = say("first\n") + say("second\n", 0x2F8) + report(0)
    path = emu.folder / "serial2"
    assert emu.run(code, "--serial2", f"file:{path}") == 0
    assert path.read_text() == "second\n"
    assert "second" not in emu.out
    emu.run(code)
    assert "second" not in emu.out
    emu.run(code, "--serial", "null", "--serial2", "stdio")
    assert emu.out.startswith("second\n")
    emu.run(code, "--serial2", "stdio", "--json")
    assert json.loads(emu.out)["console"] == "first\n"


def test_the_guests_log_is_on_standard_error_unless_told_otherwise(emu: Emu) -> None:
    assert emu.run(say("in the log\n", 0x12) + report(0), "--serial", "null") == 0
    assert emu.err == "in the log\n"


def test_a_trace_decodes_pci_and_unplug_accesses(emu: Emu) -> None:
    code = write(0xCF8, 4, 0x8000_0904) + read(0xCFC, 2) + read(0x10, 2) + report(0)
    assert emu.run(code, "--trace", "pci,unplug") == 0
    assert [line.split(None, 2)[2] for line in emu.err.splitlines()] == [
        "f000:00000009  pci        write 0xcf8.4 = 0x80000904    select 00:01.1 0x04",
        "f000:0000000e  pci        read  0xcfc.2 = 0x0000        00:01.1 0x04 command: 0",
        "f000:00000012  unplug     read  0x010.2 = 0x49d2        magic number: is the protocol here, "
        "may this driver load?: the protocol is here",
    ]


@pytest.mark.parametrize(("name", "options"), [("t.jsonl", ()), ("t.txt", ("--trace-format", "json"))])
def test_a_trace_file_is_json_by_its_name_or_by_option(emu: Emu, name: str, options: tuple[str, ...]) -> None:
    path = emu.folder / name
    assert emu.run(report(0), "--trace", "all", "--trace-file", str(path), *options) == 0
    events = [json.loads(line)["event"] for line in path.read_text().splitlines()]
    assert events[:2] == ["port_write", "guest_report"]


def test_a_console_that_steers_the_terminal_is_harmless_in_the_summary(emu: Emu) -> None:
    assert emu.run(say("\x1b[2J\n", 0x12) + report(0), "--guest-log", "null") == 0
    assert "\x1b" not in emu.out
    assert '"\\x1b[2J"' in emu.out


def test_options_have_their_place_in_a_machine_file(emu: Emu) -> None:
    rom = write_rom(emu.folder, say("Hi\n") + FOREVER)
    path = emu.folder / "mine.toml"
    path.write_text(
        f'[guest]\nexpected = "ERROR"\n[machine]\nfirmware = "{Path(rom).name}"\n'
        '[run]\nlimit = 0.01\nserial = "file:serial.txt"\nhash = true\n'
    )
    assert emu("run", str(path)) == 4
    assert "limit of virtual time was reached, as expected" in emu.out
    assert "Trace hash" in emu.out
    assert (emu.folder / "serial.txt").read_text() == "Hi\n"


def refused(emu: Emu, *arguments: str) -> str:
    assert emu("run", *arguments) == 2
    assert emu.out == ""
    assert emu.err.count("\n") == 1
    assert emu.err.startswith("emu: ")
    return emu.err.removeprefix("emu: ").rstrip("\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to run: name a guest"),
        (["--memory", "1"], "--memory: memory is out of range at 1 MiB: give 2 to 16384 MiB"),
        (["--memory", "x"], "Invalid value for '--memory': 'x' is not a valid integer"),
        (["--memroy", "1"], "No such option"),
        (["--disk", "nowhere.img"], "the image nowhere.img does not exist: check the path"),
        (["--disk", "{empty}"], "the image {empty} is empty: give an image of at least one sector"),
        (["--disk", "{folder}"], "{folder} is a directory: give the path of an image file"),
        (
            ["--disk", "{disk},positon=1"],
            "--disk: unknown property 'positon=1': did you mean 'position=0..3'?",
        ),
        (["--disk", "{disk},position=9"], "--disk: position is out of range at 9: give 0 to 3"),
        (["--disk", "{disk},position=x"], "--disk: position must be a whole number, not 'x'"),
        (["--cdrom", "{disk},write"], "--cdrom: unknown property 'write': "),
        (
            ["--disk", "{disk},position=2", "--cdrom", "{disk},position=2"],
            "--cdrom: two drives at position 2 (secondary master): give one of them another",
        ),
        (["--nic", "mac=zz"], "--nic: mac cannot be 'zz': give six bytes such as 52:54:00:12:34:56"),
        (["--nic", "echo"], "--nic: unknown property 'echo': give one of mac, backend, "),
        (["--store", "x"], "--store: 'x' has no value: give KEY=VALUE"),
        (["--blacklist", "linux"], "--blacklist: blacklist cannot be 'linux': give PRODUCT/BUILD"),
        (["--blacklist", "7/1"], "product 7 cannot be blacklisted"),
        (["--profile", "qmeu"], "--profile: profile cannot be 'qmeu': did you mean 'qemu'?"),
        (["--protocol-version", "2"], "--protocol-version: protocol_version is out of range at 2"),
        (["--on-reset", "boot"], "--on-reset: on_reset cannot be 'boot': did you mean 'reboot'?"),
        (["--trace", "prots"], "--trace: trace knows no kind 'prots': did you mean 'ports'?"),
        (["--serial", "file:{folder}/no/where"], "{folder}/no/where cannot be written"),
        (["--serial", "file:{disk}", "--disk", "{disk}"], "{disk} is used twice and would be overwritten"),
        (["--trace", "all", "--trace-file", "{rom}"], "{rom} is used twice and would be overwritten"),
        (["--limit", "0"], "--limit: limit is out of range at 0"),
        (["--firmware", "{large}"], "the firmware {large} is too large"),
        (["--firmware", "nowhere.bin"], "cannot read the firmware nowhere.bin"),
        (["--kernel", "nowhere"], "cannot read the kernel nowhere"),
        (["--kernel", "{disk}"], "cannot boot {disk}: this is no bzImage: give a Linux kernel"),
        (["--kernel", "{kernel}", "--initrd", "nowhere"], "cannot read the initrd nowhere"),
        (
            ["--kernel", "{kernel}", "--initrd", "{large}", "--memory", "3"],
            "cannot boot {kernel}: the initrd of 2 MiB does not fit beside the kernel in 3 MiB: give more",
        ),
        (["--initrd", "{large}"], "initrd without a kernel: give one by --kernel BZIMAGE or --elf FILE"),
        (["--kernel", "{folder}"], "cannot read the kernel {folder}: Is a directory; give a readable file"),
        (["--kernel", "{disk}", "--elf", "{disk}"], "--elf: a machine starts one kernel: give a bzImage or"),
        (["--kernel", "{elf}"], "cannot boot {elf}: this is an ELF, no bzImage: give it by --elf"),
        (["--elf", "{kernel}"], "cannot boot {kernel}: this is neither an ELF nor a Multiboot image: give"),
        (
            ["--elf", "{elf}", "--append", "x"],
            "cannot boot {elf}: an ELF without a Multiboot header takes no",
        ),
        (["--elf", "{elf}", "--initrd", "{disk}"], "cannot boot {elf}: an ELF without a Multiboot header"),
        (["--kernel", "/dev/zero"], "the kernel /dev/zero is no regular file: give the path of a file"),
        (["--elf", "nowhere"], "cannot read the kernel nowhere"),
        (["--kernel", "{kernel}", "--serial", "file:{kernel}"], "{kernel} is used twice"),
        (["no-such-file.toml"], "the machine file no-such-file.toml does not exist: check the path"),
    ],
)
def test_bad_input_is_one_sentence_and_changes_no_file(emu: Emu, arguments: list[str], message: str) -> None:
    (emu.folder / "large.bin").write_bytes(bytes(2 << 20))
    (emu.folder / "bzImage").write_bytes(bzimage())
    (emu.folder / "elf").write_bytes(executable())
    names: dict[str, Any] = {
        "disk": emu.disk(),
        "empty": emu.disk("empty.img", 0),
        "large": str(emu.folder / "large.bin"),
        "kernel": str(emu.folder / "bzImage"),
        "elf": str(emu.folder / "elf"),
        "rom": write_rom(emu.folder, HALT),
        "folder": str(emu.folder),
    }
    given = [word.format(**names) for word in arguments]
    if given and not {"--firmware", "no-such-file.toml"} & set(given):
        given += ["--firmware", names["rom"]]
    before = {path: path.read_bytes() for path in emu.folder.iterdir()}
    assert refused(emu, *given).startswith(message.format(**names))
    assert {path: path.read_bytes() for path in emu.folder.iterdir()} == before


def test_an_unreadable_image_is_refused(emu: Emu, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real_open = emu.disk(), os.open

    def refuse(name: Any, *rest: Any, **named: Any) -> int:
        if str(name) == path:
            raise PermissionError(13, "Permission denied")
        return real_open(name, *rest, **named)

    monkeypatch.setattr("emu.backends.disk_image.os.open", refuse)
    rom = write_rom(emu.folder, HALT)
    assert "cannot be read: change its permissions" in refused(emu, "--firmware", rom, "--disk", path)


def test_a_path_may_have_commas(emu: Emu) -> None:
    path = emu.disk("a,b,write")
    assert emu.run(write(0x10, 2, 1) + report(0), "--disk", path, "--disk", f"{path},position=3") == 0
    assert "disk 0 left IDE primary master" in emu.out
    assert "disk 3 left IDE secondary slave" in emu.out


def test_a_kernel_is_entered_instead_of_the_firmware(emu: Emu) -> None:
    (emu.folder / "bzImage").write_bytes(bzimage())
    (emu.folder / "initrd").write_bytes(b"initrd\n\0")
    options = ("--kernel", f"{emu.folder}/bzImage", "--initrd", f"{emu.folder}/initrd", "--append", "quiet ")
    assert emu.run(HALT, *options) == 0
    assert emu.out.startswith("0quiet initrd\n")


def test_faults_are_told_in_transcript_and_summary_and_those_that_never_happened(emu: Emu) -> None:
    code = PROTOCOL + report(0)
    faults = ("--fault", "port-floats,port=0x10,at=2", "--fault", "port-floats,port=0x81,name=a\x1bport")
    assert emu.run(code, *faults) == 0
    lines = emu.out.splitlines()
    at = next(number for number, line in enumerate(lines) if "a host that misbehaves" in line)
    assert lines[at].split("ms", 1)[1].strip() == "a host that misbehaves: port 0x10 floats"
    assert " 0x10  read 2   0xffff " in lines[at + 1]
    assert lines[lines.index("Faults of the host") + 1 :][:2] == [
        "  port 0x10 floats: once",
        r"  a\x1bport: never",
    ]
    assert r"warning: the fault 'a\x1bport' never happened, so this run says nothing about it" in emu.err


def test_json_has_the_faults_of_a_run_that_has_any(emu: Emu) -> None:
    emu.run(read(0x10, 2) + report(0), "--json", "--fault", "port-floats,port=0x10")
    assert json.loads(emu.out)["faults"] == [{"name": "port 0x10 floats", "count": 1}]
    emu.run(report(0), "--json")
    assert "faults" not in json.loads(emu.out)


def test_faults_are_a_kind_of_event(emu: Emu) -> None:
    emu.run(read(0x10, 2) + report(0), "--trace", "faults", "--fault", "port-floats,port=0x10")
    assert " ".join(emu.err.split()).endswith(" faults a host that misbehaves: port 0x10 floats")


def test_coverage_is_written_by_the_name_of_the_file(emu: Emu, tmp_path: Path) -> None:
    path = tmp_path / "a.drcov"
    assert emu.run(report(0), "--coverage", str(path)) == 0
    assert path.read_bytes().startswith(b"DRCOV VERSION: 2\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--coverage", "a.x"), "the name a.x says no format of coverage: call it *.info for lcov or"),
        (("--coverage", "a.info"), "lcov is about source lines, and there is no ELF file with debugging"),
        (("--coverage", "no/a.drcov"), "there is no folder no for the coverage: make it, or name another"),
        (("--coverage", "a.drcov", "--gdb", "0"), "gdb goes back and forth, --coverage counts one run"),
        (("--coverage", "a.x", "--coverage-format", "lcvo"), "--coverage-format: coverage_format cannot be"),
    ],
)
def test_coverage_that_cannot_be_is_refused(emu: Emu, options: tuple[str, ...], message: str) -> None:
    assert emu.run(report(0), *options) == 2
    assert message in emu.err
    assert not Path("a.info").exists()
