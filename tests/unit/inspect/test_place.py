"""Where a guest is: frames by call frame information, and places, on a processor that runs a program."""

from __future__ import annotations

import pytest

from emu.core.bus import MmioBus, PortBus
from emu.core.clock import Clock
from emu.core.events import Observer, Observers
from emu.core.memory import Memory, Segment
from emu.cpu.engine import UnicornProcessor
from emu.inspect.place import Locator, Place
from emu.inspect.symbols import SymbolFiles, Symbols
from tests.unit.inspect.elf_programs import LINE_OF_PROBE, LINE_OF_START, LINE_OF_TWICE, program

START = b"\x31\xc0\x8e\xd0\x8e\xd8\xbc\x00\x70\xea"
"""XOR AX, AX; MOV SS, AX; MOV DS, AX; MOV SP, 7000; JMP ..."""
ROM_SIZE = 0x1_0000


class Watcher(Observer):
    """Asks where the guest is when it reads a port."""

    def __init__(self) -> None:
        self.locator: Locator | None = None
        self.places: dict[int, Place] = {}

    def port_read(self, port: int, width: int, value: int) -> None:
        assert self.locator is not None
        self.places.setdefault(port, self.locator.here())


def run(files: SymbolFiles, loaded: Symbols) -> dict[int, Place]:
    """Run a program in real mode; where it was when it read each port."""
    watcher = Watcher()
    observers = Observers(watcher)
    memory = Memory(2 << 20, 1 << 20, MmioBus(observers))
    rom = bytearray(ROM_SIZE)
    entry = START + (loaded.address("_start") or 0).to_bytes(4, "little")
    rom[0xFFF0 : 0xFFF0 + len(entry)] = entry
    at = memory.add_image(bytes(rom))
    memory.place(Segment((1 << 32) - ROM_SIZE, ROM_SIZE, at, None))
    for section in loaded.sections:
        memory.write(section.address, section.data)
    clock = Clock()
    cpu = UnicornProcessor(memory=memory, ports=PortBus(observers), clock=clock, observers=observers)
    watcher.locator = Locator(cpu.look, files)
    for _ in range(60):
        cpu.step()
    cpu.close()
    return watcher.places


def test_a_place_has_instruction_function_line_and_callers() -> None:
    symbols = Symbols.load(program(16))
    place = run(SymbolFiles([symbols]), symbols)[0x10]
    assert (place.cs, place.bits, place.instruction) == (0, 16, "in al, 0x10")
    assert place.address == f"0000:{place.ip:04x}"
    assert place.linear == place.ip
    assert place.symbol == "probe"
    assert place.line == f"program.c:{LINE_OF_TWICE}"
    assert place.source == "counter = in8(0x10);"
    assert place.callers == (
        f"twice (program.c:{LINE_OF_TWICE}) < probe (program.c:{LINE_OF_PROBE}) "
        f"< _start (program.c:{LINE_OF_START})"
    )


def test_a_place_as_plain_data_names_the_same() -> None:
    symbols = Symbols.load(program(16))
    plain = run(SymbolFiles([symbols]), symbols)[0x10].as_plain()
    assert (plain["file"], plain["line"], plain["source"]) == (
        "program.c",
        LINE_OF_TWICE,
        "counter = in8(0x10);",
    )
    assert [each["function"] for each in plain["callers"]] == ["twice", "probe", "_start"]


ENDS_IN_A_CALL = """#include "io.h"
__attribute__((noinline, noreturn)) void stop(void)
{
\tfor (;;)
\t\tin8(0x10);
}
void _start(void)
{
\tstop();
}
__attribute__((used)) int behind(void) { return 7; }
"""


def test_a_caller_whose_last_instruction_is_the_call_is_found() -> None:
    symbols = Symbols.load(program(16, source=ENDS_IN_A_CALL))
    place = run(SymbolFiles([symbols]), symbols)[0x10]
    assert place.callers == "stop (program.c:5) < _start (program.c:9)"


def test_without_debugging_information_a_place_has_a_symbol() -> None:
    symbols = Symbols.load(program(16, debug=False))
    place = run(SymbolFiles([symbols]), symbols)[0x10]
    assert (place.line, place.source) == ("", "")
    assert place.callers.startswith("probe")


@pytest.mark.parametrize("files", [SymbolFiles(), SymbolFiles([Symbols.load(program(16, origin=0x9000))])])
def test_without_symbols_a_place_has_an_instruction(files: SymbolFiles) -> None:
    place = run(files, Symbols.load(program(16)))[0x10]
    assert (place.instruction, place.symbol, place.callers, place.line) == ("in al, 0x10", "", "", "")
    assert place.as_plain()["file"] is None
