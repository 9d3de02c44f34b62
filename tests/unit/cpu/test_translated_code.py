"""What devices write into memory is what runs next, however it was translated before."""

from __future__ import annotations

import pytest

from emu.core.bus import Region
from tests.laws.bench import Bench, assemble

PROGRAM = """
mov sp, 0x7000; mov cx, 3; again: call patched; out 0x80, al; mov al, cl; out 0x90, al; loop again;
mov al, 0; out 0xf4, al; hlt;
.org 0x3f8; patched: mov al, 0x11; ret
"""
IMMEDIATE = 0x7C00 + 0x3F8 + 1


@pytest.mark.parametrize("native", [True, False])
def test_code_that_a_device_has_written_is_what_runs(native: bool) -> None:
    bench = Bench(assemble(PROGRAM), native=native)

    def patch(_offset: int, _width: int, value: int) -> None:
        bench.memory.write(IMMEDIATE, bytes([0x20 + value]))

    bench.ports.claim(Region("patch", 0x90, 1, lambda offset, width: 0, patch))
    seen = [line.split()[4] for line in bench.run().lines if " port_write 80 " in line]
    assert seen == ["11", "23", "22"]


@pytest.mark.parametrize("native", [True, False])
def test_a_write_beside_the_code_does_not_drop_it(native: bool) -> None:
    bench = Bench(assemble(PROGRAM), native=native)
    bench.ports.claim(Region("patch", 0x90, 1, lambda offset, width: 0, lambda offset, width, value: None))
    bench.run()
    assert bench.cpu.blocks.has_code(IMMEDIATE, 1)
    assert not bench.cpu.blocks.has_code(0x7C00 + 0x200, 0x40)
    bench.memory.write(0x7C00 + 0x200, b"\x90")
    assert not bench.cpu.code.is_stale


@pytest.mark.parametrize("native", [True, False])
def test_memory_that_is_mapped_elsewhere_is_what_runs(native: bool) -> None:
    """A routine in the ROM area is called before and after RAM takes the ROM's place."""
    call = ".byte 0x9a; .word 0, 0xf000; out 0x80, al;"
    source = f"mov sp, 0x7000; {call} out 0x91, al; {call} mov al, 0; out 0xf4, al; hlt;"
    bench = Bench(assemble(source), native=native)
    rom = next(part for part in bench.memory.segments if part.base == 0xF_0000)
    assert rom.reads_from is not None
    bench.memory.view[rom.reads_from : rom.reads_from + 3] = b"\xb0\x55\xcb"
    bench.memory.view[0xF_0000:0xF_0003] = b"\xb0\x66\xcb"

    def shadow(_offset: int, _width: int, _value: int) -> None:
        bench.memory.place(type(rom)(rom.base, rom.size, rom.base, rom.base))

    bench.ports.claim(Region("shadow", 0x91, 1, lambda offset, width: 0, shadow))
    seen = [line.split()[4] for line in bench.run().lines if " port_write 80 " in line]
    assert seen == ["55", "66"]
