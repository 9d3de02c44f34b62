"""Coverage of programs as the compiler makes them, run on a whole machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.cpu.executed import Ran
from emu.inspect.coverage import Coverage, Times, format_of
from emu.inspect.drcov import Blocks
from emu.inspect.symbols import SymbolFiles, Symbols
from emu.machine.config import Kernel, MachineConfig
from emu.machine.machine import Machine
from tests.unit.inspect.drcov_log import Block, read_log

HEADER = """\
static inline void out8(unsigned short port, unsigned char value)
{
    __asm__ volatile ("outb %0, %1" : : "a"(value), "Nd"(port));
}
"""
SOURCE = """\
#include "ports.h"
static int never(int value)
{
    out8(0x81, value);
    return value * 3;
}
__attribute__((noinline)) static void often(int value)
{
    out8(0x80, value);
}
void _start(int value)
{
    for (int i = 0; i < 50; i++)
        often(i);
    if (value)
        value = never(value);
    out8(0xf4, value);
    for (;;)
        __asm__ volatile ("hlt");
}
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "ports.h").write_text(HEADER)
    (tmp_path / "program.c").write_text(SOURCE)
    flags = ["-m32", "-g", "-O1", "-ffreestanding", "-nostdlib", "-static", "-fno-pie", "-no-pie"]
    flags += ["-fno-asynchronous-unwind-tables", "-mregparm=3", "-Wl,-N,-Ttext=0x100000,--build-id=none"]
    subprocess.run(["gcc", *flags, "program.c", "-o", "program"], cwd=tmp_path, check=True)
    return tmp_path / "program"


def run(program: Path) -> tuple[Coverage, SymbolFiles]:
    machine = Machine(MachineConfig(memory_mib=4, kernel=Kernel(program, elf=True)))
    coverage = Coverage(machine)
    assert machine.run(10**9).status == 0
    machine.close()
    return coverage, SymbolFiles.load([program])


def records(path: Path) -> dict[str, list[str]]:
    """The lines of each source file's record, by the file's name."""
    head, *lines = path.read_text().splitlines()
    assert head.startswith("TN:")
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("SF:"):
            found[Path(line.removeprefix("SF:")).name] = current = []
        else:
            current.append(line)
    return found


def test_lines_and_functions_have_how_often_they_ran(program: Path, tmp_path: Path) -> None:
    coverage, symbols = run(program)
    coverage.write_lcov(tmp_path / "a.info", symbols, "a test")
    assert (tmp_path / "a.info").read_text().startswith(f"TN:a_test\nSF:{tmp_path}/ports.h\n")
    found = records(tmp_path / "a.info")
    source, header = found["program.c"], found["ports.h"]
    assert {"FN:7,often", "FNDA:50,often", "FN:11,_start", "FNDA:1,_start", "FNDA:0,never"} <= set(source)
    assert {"DA:9,50", "DA:14,50", "DA:17,1", "DA:4,0"} <= set(source)
    assert {"DA:3,50", "FN:1,out8", "FNDA:51,out8", "FNF:1", "FNH:1"} <= set(header)
    lines = [line for line in source if line.startswith("DA:")]
    hit = sum(not line.endswith(",0") for line in lines)
    assert source[-3:] == [f"LF:{len(lines)}", f"LH:{hit}", "end_of_record"]


def test_code_that_is_not_the_files_is_not_counted_for_it(program: Path, tmp_path: Path) -> None:
    """Another program lay at the same addresses."""
    coverage, _ = run(program)
    other = tmp_path / "other"
    image = bytearray(program.read_bytes())
    code = Symbols.load(program).code(0x10_0000, 0x1000)
    at = image.index(code)
    image[at : at + len(code)] = bytes(len(code))
    other.write_bytes(image)
    coverage.write_lcov(tmp_path / "a.info", SymbolFiles.load([other]))
    lines = records(tmp_path / "a.info")["program.c"]
    assert all(line.endswith(",0") for line in lines if line.startswith("DA:"))


def test_drcov_has_blocks_by_programs_and_those_of_none(program: Path, tmp_path: Path) -> None:
    coverage, symbols = run(program)
    coverage.write_drcov(tmp_path / "a.drcov", symbols)
    modules, blocks = read_log(tmp_path / "a.drcov")
    assert modules[0].path == str(program)
    assert modules[0].base <= 0x10_0000 < modules[0].end
    often = symbols.address("often")
    assert often in [block.start for block in blocks if block.module == 0]
    ran = {(each.start, each.size) for each in coverage.ranges()}
    assert {(block.start, block.size) for block in blocks} == ran


def test_drcov_has_a_module_for_every_4_gib_of_other_code(tmp_path: Path) -> None:
    high = 0xFFFF_FFFF_8100_0000
    (tmp_path / "a.drcov").write_bytes(
        Blocks.of([], [Ran(high, 9, b"", 2), Ran(0x7C00, 3, b"", 1)]).encoded()
    )
    modules, blocks = read_log(tmp_path / "a.drcov")
    assert [module.path for module in modules] == ["memory", "memory-ffffffff00000000"]
    assert blocks == [Block(0, 0x7C00, 3), Block(1, high, 9)]


def test_an_address_was_executed_as_often_as_all_blocks_that_it_is_in() -> None:
    times = Times([Ran(10, 4, b"", 3), Ran(12, 4, b"", 2), Ran(20, 1, b"", 7)])
    assert [times.at(address) for address in (9, 10, 11, 12, 13, 14, 15, 16, 20, 21)] == [
        *(0, 3, 3, 5, 5, 2, 2, 0, 7, 0)
    ]
    assert [times.within(8, 10), times.within(8, 11), times.within(10, 20), times.within(14, 21)] == [
        0,
        3,
        5,
        7,
    ]


def test_the_name_says_the_format() -> None:
    assert format_of(Path("a.info"), None) == "lcov"
    assert format_of(Path("a.drcov"), None) == "drcov"
    assert format_of(Path("a.txt"), "drcov") == "drcov"
    with pytest.raises(ConfigError, match=r"the name a.txt says no format of coverage: call it \*.info"):
        format_of(Path("a.txt"), None)


def test_a_file_that_cannot_be_written_is_refused_and_nothing_is_left_behind(
    program: Path, tmp_path: Path
) -> None:
    coverage, symbols = run(program)
    (tmp_path / "a.info").mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ConfigError, match="cannot write the coverage"):
        coverage.write_lcov(tmp_path / "a.info", symbols)
    assert sorted(tmp_path.iterdir()) == before
