"""`emu run --explain` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.test_run import PROTOCOL, Emu
from tests.unit.inspect.elf_programs import program
from tests.unit.rom import read, report, write

ASKED = read(0x10, 2) + read(0x12, 1) + write(0x12, 2, 3) + write(0x10, 4, 1) + read(0x10, 2)


@pytest.fixture
def emu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Emu:
    return Emu(tmp_path, capsys)


def explained(emu: Emu) -> list[str]:
    """The explanation's lines, blanks at both ends removed."""
    return [line.strip() for line in emu.out.partition("The driver and the protocol: ")[2].splitlines()]


def test_the_explanation_follows_the_result(emu: Emu) -> None:
    assert emu.run(ASKED + write(0x10, 2, 2) + report(0), "--explain") == 0
    assert emu.out.index("\nResult: SUCCESS") < emu.out.index("\nThe driver and the protocol: 6 right\n")
    lines = explained(emu)
    assert lines[1::2] == [
        "right    read the magic number before anything else",
        "right    read the protocol version",
        "right    named its product",
        "right    named its build",
        "right    read the magic number again",
        "right    wrote the mask of devices to unplug",
    ]
    assert lines[2].endswith("ms  f000:0003  in ax, dx")


def test_what_was_not_right_names_its_rule(emu: Emu) -> None:
    emu.run(read(0x10, 2) + write(0x10, 2, 2) + report(0), "--explain")
    lines = explained(emu)
    assert lines[0] == "2 right, 4 skipped"
    at = lines.index("skipped  wrote the mask of devices to unplug, but never read the protocol version")
    assert lines[at + 2] == (
        "version-read: Then it reads the protocol version, a byte at port 0x12. [mail] and [Xen], step 2"
    )


def test_where_nobody_asked_there_is_no_driver_to_speak_of(emu: Emu) -> None:
    emu.run(report(0), "--explain")
    assert explained(emu) == ["nothing was asked"]


def test_findings_do_not_change_the_status(emu: Emu) -> None:
    assert emu.run(PROTOCOL + report(0), "--explain", "--blacklist", "1/13", "--guest-log", "null") == 0
    assert "wrote the mask of devices to unplug, though the host refuses it" in emu.out


def test_json_has_the_explanation_when_asked(emu: Emu) -> None:
    emu.run(read(0x10, 2) + write(0x10, 2, 2) + report(0), "--json", "--explain")
    explanation = json.loads(emu.out)["explanation"]
    assert explanation["sound"] is False
    first, skipped = explanation["findings"][:2]
    place = first.pop("place")
    assert first.pop("ns") > 0
    assert first == {
        "rule": "magic-first",
        "verdict": "right",
        "words": "read the magic number before anything else",
        "demand": "First of all a driver reads the magic number, two bytes at port 0x10.",
        "reference": "[mail] and [Xen], step 1",
        "advice": False,
        "count": 1,
    }
    assert (place["cs"], place["ip"], place["linear"], place["instruction"]) == (
        0xF000,
        3,
        0xF0003,
        "in ax, dx",
    )
    assert (place["symbol"], place["line"], place["callers"]) == (None, None, [])
    assert (skipped["rule"], skipped["verdict"]) == ("version-read", "skipped")
    emu.run(report(0), "--json")
    assert "explanation" not in json.loads(emu.out)


def test_the_run_that_is_explained_has_the_same_hash(emu: Emu) -> None:
    hashes = set()
    for options in ((), ("--explain",)):
        emu.run(PROTOCOL + report(0), "--json", *options)
        hashes.add(json.loads(emu.out)["trace_hash"])
    assert len(hashes) == 1


def test_a_machine_file_may_ask_for_it(emu: Emu) -> None:
    file = emu.folder / "machine.toml"
    file.write_text(f'[run]\nexplain = true\nsymbols = ["{program()}"]\n')
    assert emu("run", str(file), "--firmware", emu.folder.joinpath("rom.bin").name) == 2
    emu.run(report(0))
    assert emu("run", str(file), "--firmware", str(emu.folder / "rom.bin")) == 0
    assert explained(emu) == ["nothing was asked"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.elf", None, "there is no file {path} to take symbols from: give the path of an ELF file"),
        (
            "disk.img",
            b"x" * 512,
            "{path} is no ELF file: give the program's, with its symbols, not its image",
        ),
        ("cut.elf", b"\x7fELF", "{path} is a damaged ELF file: build it again"),
    ],
)
def test_unusable_symbols_are_refused_in_one_sentence(
    emu: Emu, name: str, content: bytes | None, sentence: str
) -> None:
    path = emu.folder / name
    if content is not None:
        path.write_bytes(content)
    assert emu.run(report(0), "--explain", "--symbols", str(path)) == 2
    assert (emu.out, emu.err) == ("", f"emu: {sentence.format(path=path)}\n")
