"""The machine as a debugger looks at it: registers by every name, memory by linear address, instructions.

Looking changes nothing: device memory is not read, no page is marked as accessed.
"""

from __future__ import annotations

from collections.abc import Iterator

from emu.cpu.registers import GENERAL, SEGMENTS
from emu.inspect.disassembly import Instruction, disassemble, disassemble_before
from emu.inspect.symbols import SymbolFiles
from emu.machine.machine import Machine
from emu.machine.nearest import nearest

CODE_32 = 1 << 22
FLAGS = {
    0: "CF", 2: "PF", 4: "AF", 6: "ZF", 7: "SF", 8: "TF", 9: "IF", 10: "DF", 11: "OF", 14: "NT", 16: "RF",
    17: "VM", 18: "AC", 19: "VIF", 20: "VIP", 21: "ID",
}  # fmt: skip


def _parts() -> dict[str, tuple[str, int, int]]:
    """Names of parts of general registers: which, where in it, how many bits."""
    parts: dict[str, tuple[str, int, int]] = {}
    for name in GENERAL[:8]:
        short = name[1:]
        parts |= {name: (name, 0, 64), "e" + short: (name, 0, 32), short: (name, 0, 16)}
        if short.endswith("x"):
            parts |= {short[0] + "l": (name, 0, 8), short[0] + "h": (name, 8, 8)}
        else:
            parts[short + "l"] = (name, 0, 8)
    for name in GENERAL[8:]:
        parts |= {name: (name, 0, 64), name + "d": (name, 0, 32), name + "w": (name, 0, 16)}
        parts[name + "b"] = (name, 0, 8)
    parts |= {"rip": ("rip", 0, 64), "eip": ("rip", 0, 32), "ip": ("rip", 0, 16)}
    return parts | {"rflags": ("rflags", 0, 64), "eflags": ("rflags", 0, 32), "flags": ("rflags", 0, 16)}


PARTS = _parts()


class View:
    """One machine, looked at."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def registers(self) -> dict[str, int]:
        """Registers by the engine's names; of a segment register its selector."""
        held = self._machine.processor.registers()
        return {
            name: value[0] if isinstance(value, tuple) else value
            for name, value in held.items()
            if not isinstance(value, bytes)
        }

    @property
    def bits(self) -> int:
        """The size of code: 16, 32 or 64."""
        return self._machine.processor.look().bits

    @property
    def mode(self) -> str:
        """The mode that the processor is in, in words."""
        return self._machine.processor.mode

    @property
    def here(self) -> int:
        """The linear address of the current instruction."""
        return self.linear("cs", self.registers()["rip"])

    @property
    def stack(self) -> int:
        """The linear address of the top of the stack."""
        held = self._machine.processor.registers()
        ss, rsp = held["ss"], held["rsp"]
        assert isinstance(ss, tuple)
        assert isinstance(rsp, int)
        if self.bits == 64:
            return rsp
        return self.linear("ss", rsp & (0xFFFF_FFFF if ss[3] & CODE_32 else 0xFFFF))

    def linear(self, segment: str, offset: int) -> int:
        """The linear address of `offset` in a segment."""
        if self.bits == 64 and segment not in ("fs", "gs"):
            return offset
        base = self.segment_base(segment) or 0
        return base + offset & (0xFFFF_FFFF_FFFF_FFFF if self.bits == 64 else 0xFFFF_FFFF)

    def register(self, name: str) -> int | None:
        """A register or a part of one by any of its names."""
        name = name.lower()
        held = self.registers()
        if name == "pc":
            return self.here
        if name in PARTS:
            whole, low, width = PARTS[name]
            return held[whole] >> low & (1 << width) - 1
        return held.get(name)

    def register_names(self) -> Iterator[str]:
        """Every name of a register."""
        yield from PARTS
        yield from ("pc", *SEGMENTS, *(name for name in self.registers() if name not in PARTS))

    def segment_base(self, name: str) -> int | None:
        """The base of a segment register, or None."""
        held = self._machine.processor.registers().get(name.lower())
        return held[1] if isinstance(held, tuple) else None

    def read(self, linear: int, length: int) -> bytes:
        """Memory from `linear` on, as much as is mapped, and is memory."""
        return self._machine.processor.look().read(linear, length)

    def number(self, linear: int, size: int) -> int | None:
        """The number of `size` bytes at `linear`, or None."""
        held = self.read(linear, size)
        return int.from_bytes(held, "little") if len(held) == size else None

    def disassemble(self, linear: int, count: int) -> list[Instruction]:
        """`count` instructions from `linear` on; what is none is shown as bytes."""
        return disassemble(self._machine.processor.look(), linear, count)

    def before(self, linear: int, count: int) -> list[Instruction]:
        """The instructions that probably lie before `linear`: code can only be read forwards."""
        return disassemble_before(self._machine.processor.look(), linear, count)


class Names:
    """What names in expressions stand for: the value of the access, registers, symbols."""

    def __init__(self, view: View, symbols: SymbolFiles, **extra: int) -> None:
        self._view, self._symbols, self._extra = view, symbols, extra

    def name(self, name: str) -> int | None:
        """Its value, or None."""
        if name in self._extra:
            return self._extra[name]
        held = self._view.register(name)
        return self._symbols.address(name, self._view.read) if held is None else held

    def nearest(self, name: str) -> list[str]:
        """Names that look like `name`, the likeliest first."""
        symbols = self._symbols.nearest(name)
        return nearest(name, [*self._extra, *self._view.register_names(), *symbols])

    def segment_base(self, name: str) -> int | None:
        """The base of a segment register, or None."""
        return self._view.segment_base(name)

    def memory(self, linear: int, size: int) -> int | None:
        """What memory holds, or None."""
        return self._view.number(linear, size)
