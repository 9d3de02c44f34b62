"""Symbols, source lines and inlined calls of ELF files as the compiler writes them, whole and damaged."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.inspect.symbols import SymbolFiles, Symbols, files_beside
from emu.inspect.unwinding import rule_at
from tests.unit.inspect.elf_programs import LINE_OF_PROBE, LINE_OF_START, LINE_OF_TWICE, program

KINDS = [(16, 4), (32, 4), (32, 5), (64, 4), (64, 5)]
ORIGIN = 0x7C00


class Memory:
    """Holds the code of some files, the last on top."""

    def __init__(self, *files: Symbols) -> None:
        self.bytes: dict[int, int] = {}
        for file in files:
            for section in file.sections:
                self.bytes |= {section.address + n: byte for n, byte in enumerate(section.data)}

    def read(self, linear: int, length: int) -> bytes:
        found = bytearray()
        while len(found) < length and linear + len(found) in self.bytes:
            found.append(self.bytes[linear + len(found)])
        return bytes(found)


def access(symbols: Symbols, port: int, after: str) -> int:
    """Where a function reads a port."""
    section = next(each for each in symbols.sections if each.executable)
    start = symbols.address(after)
    assert start is not None
    return section.address + section.data.index(bytes([0xE4, port]), start - section.address)


@pytest.mark.parametrize(("bits", "dwarf"), KINDS)
def test_an_address_has_the_line_that_it_was_compiled_from(bits: int, dwarf: int) -> None:
    symbols = Symbols.load(program(bits, dwarf))
    assert (symbols.is_64_bit, symbols.name) == (bits == 64, "program")
    line = symbols.line(access(symbols, 0x10, "probe"))
    assert line is not None
    assert (line.file, line.short) == ("io.h", "io.h:5")


@pytest.mark.parametrize(("bits", "dwarf"), KINDS)
def test_what_was_inlined_is_known_with_the_lines_of_the_calls(bits: int, dwarf: int) -> None:
    symbols = Symbols.load(program(bits, dwarf))
    calls = symbols.calls(access(symbols, 0x10, "probe"))
    assert [(call.function, call.line and call.line.short, call.inlined) for call in calls] == [
        ("in8", "io.h:5", True),
        ("twice", f"program.c:{LINE_OF_TWICE}", True),
        ("probe", f"program.c:{LINE_OF_PROBE}", False),
    ]


@pytest.mark.parametrize("bits", [16, 32, 64])
def test_names_and_addresses(bits: int) -> None:
    symbols = Symbols.load(program(bits))
    probe = symbols.address("probe")
    assert probe is not None
    assert probe >= ORIGIN
    found = symbols.find(probe + 3)
    assert found is not None
    assert (found[0].name, found[1]) == ("probe", 3)
    assert symbols.find(ORIGIN - 1) is None
    assert symbols.find(0x1234_5678) is None
    assert (symbols.address("no such"), symbols.nearest("prope")[0]) == (None, "probe")


def test_without_debugging_information_there_are_symbols_alone() -> None:
    symbols = Symbols.load(program(debug=False))
    at = access(symbols, 0x10, "probe")
    assert symbols.line(at) is None
    assert [(call.function, call.line) for call in symbols.calls(at)] == [("probe", None)]


def test_an_address_outside_all_code_has_no_line_and_no_calls() -> None:
    symbols = Symbols.load(program())
    for address in (0, ORIGIN - 1, 0xFFFF_FFFF, 1 << 63):
        assert (symbols.line(address), symbols.calls(address)) == (None, [])


def test_a_source_line_is_read_where_the_file_is_found() -> None:
    files = SymbolFiles.load([program()])
    symbols = files.files[0]
    call = symbols.calls(access(symbols, 0x20, "_start"))[1]
    assert call.line is not None
    assert call.line.number == LINE_OF_START
    assert files.source(call.line) == "probe(in8(0x20));"
    assert files.source(call.line._replace(number=999)) is None
    assert files.source(call.line._replace(file="gone.c")) is None
    assert files.source(call.line._replace(file="../../etc/passwd", number=1)) is None


OTHER = 'void _start(void) { __asm__ volatile("outb %al, $0x80"); }\nint other(void) { return 7; }\n'


def test_of_two_programs_at_one_address_the_one_in_memory_speaks() -> None:
    first, second = Symbols.load(program()), Symbols.load(program(source=OTHER))
    files = SymbolFiles([first, second])
    assert files.at(ORIGIN, Memory(first).read) is first
    assert files.at(ORIGIN, Memory(first, second).read) is second
    assert files.at(ORIGIN, Memory().read) is None
    assert files.at(ORIGIN, lambda linear, length: bytes(length)) is None


def test_an_address_is_described_by_the_program_in_memory() -> None:
    first, second = Symbols.load(program()), Symbols.load(program(source=OTHER))
    files = SymbolFiles([first, second])
    other = second.address("other")
    assert other is not None
    assert files.describe(other + 1, Memory(second).read) == "other+0x1"
    assert files.describe(other, Memory(second).read) == "other"
    assert files.describe(other, Memory().read) == ""


def test_a_name_in_two_programs_is_rather_that_in_memory() -> None:
    first, second = Symbols.load(program()), Symbols.load(program(source=OTHER, origin=0x9000))
    files = SymbolFiles([first, second])
    assert files.address("_start") == first.address("_start")
    assert files.address("_start", Memory(second).read) == second.address("_start")
    assert files.address("program:other") == second.address("other")
    assert (files.address("unknown:other"), files.address("nothing")) == (None, None)
    assert files.nearest("program:othr")[0] == "other"


def test_a_function_is_preferred_to_a_label_at_its_address() -> None:
    source = '__asm__(".globl label\\nlabel:");\nvoid _start(void) { for (;;); }\n'
    symbols = Symbols.load(program(source=source))
    assert symbols.address("label") == symbols.address("_start") == ORIGIN
    found = symbols.find(ORIGIN)
    assert found is not None
    assert found[0].name == "_start"


def test_files_beside_an_image_are_its_own(tmp_path: Path) -> None:
    for name in ("disk.elf", "disk-second.real.elf", "disk2.elf", "other.elf", "disk-second.img"):
        (tmp_path / name).touch()
    assert [path.name for path in files_beside(tmp_path / "disk.img")] == ["disk.elf", "disk-second.real.elf"]
    assert files_beside(tmp_path / "other.iso") == [tmp_path / "other.elf"]
    assert files_beside(tmp_path / "d[i]sk.img") == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no ELF file: give the program's, with its symbols, not its image"),
        (b"MZ" + bytes(100), "is no ELF file"),
        (b"\x7fELF", "is a damaged ELF file: build it again"),
        (b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02\x00\x28\x00" + bytes(60), "for another machine"),
    ],
)
def test_a_file_without_symbols_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "bad.elf"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refusal:
        Symbols.load(path)
    assert sentence in str(refusal.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.elf", tmp_path, Path("/dev/zero"), Path("a\0b")):
        with pytest.raises(ConfigError, match=r"give"):
            Symbols.load(path)


@pytest.mark.parametrize("dwarf", [4, 5])
def test_a_damaged_file_is_refused_or_knows_less(dwarf: int) -> None:
    whole = program(dwarf=dwarf).read_bytes()
    chance = random.Random(dwarf)
    for _ in range(150):
        image = bytearray(whole)
        for _ in range(chance.choice((1, 2, 8, 30))):
            image[chance.randrange(len(image))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        if chance.random() < 0.1:
            del image[chance.randrange(len(image)) :]
        try:
            symbols = Symbols(Path("damaged.elf"), bytes(image))
        except ConfigError:
            continue
        for address in range(ORIGIN, ORIGIN + 40, 5):
            symbols.find(address)
            symbols.line(address)
            symbols.calls(address)
            rule_at(symbols, address)
