"""Where in the guest something happened: address, instruction, function, source line, callers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emu.cpu.look import Look
from emu.inspect.disassembly import LONGEST, disassemble
from emu.inspect.symbols import SymbolFiles
from emu.inspect.unwinding import Frame, frames

SHOWN_CALLERS = 3
HEADER = ".h"
COMPARED_STACK = 64
"""Bytes of stack by which one call is told from another."""


@dataclass(frozen=True)
class Place:
    """A place in the guest's code, with what was known of it at the time."""

    cs: int
    ip: int
    linear: int
    bits: int
    instruction: str = ""
    symbol: str = ""
    """`symbol+offset`, where symbols are known."""
    frames: tuple[Frame, ...] = ()
    """The calls that led here, innermost first, without functions of header files that were inlined."""
    source: str = ""
    """The text of the source line, where the file is found."""

    @property
    def address(self) -> str:
        """CS:IP as a person writes it, IP as wide as the mode's."""
        return f"{self.cs:04x}:{self.ip:0{self.bits // 4}x}"

    @property
    def line(self) -> str:
        """FILE:LINE, or an empty string."""
        line = self.frames[0].line if self.frames else None
        return "" if line is None else f"{line.file}:{line.number}"

    @property
    def callers(self) -> str:
        """The innermost functions with their lines, `a (x.c:1) < b (y.c:2)`; or the symbol, or nothing."""
        if not self.frames:
            return self.symbol
        shown = [each.function + (f" ({each.line.short})" if each.line else "") for each in self.frames]
        return " < ".join(shown[:SHOWN_CALLERS])

    def as_plain(self) -> dict[str, Any]:
        """The object in `--json`."""
        line = self.frames[0].line if self.frames else None
        return {
            "cs": self.cs,
            "ip": self.ip,
            "linear": self.linear,
            "instruction": self.instruction,
            "symbol": self.symbol or None,
            "file": line.file if line else None,
            "line": line.number if line else None,
            "source": self.source or None,
            "callers": [
                {
                    "function": each.function,
                    "file": each.line.file if each.line else None,
                    "line": each.line.number if each.line else None,
                }
                for each in self.frames
            ],
        }


class Locator:
    """Says where the guest is."""

    def __init__(self, look: Callable[[], Look], files: SymbolFiles | None = None) -> None:
        """`look` is the processor's; without `files` there are addresses and instructions alone."""
        self._look = look
        self._files = files or SymbolFiles()
        self._last: tuple[object, Place] | None = None

    def here(self) -> Place:
        """The instruction under way. A loop that asks again and again is answered at once."""
        guest = self._look()
        same = guest.cs, guest.linear_ip, guest.bits, guest.stack_pointer
        key = same, guest.read(guest.linear_ip, LONGEST), guest.read(guest.stack_pointer, COMPARED_STACK)
        if self._last is None or self._last[0] != key:
            self._last = key, self._locate(guest)
        return self._last[1]

    def _locate(self, guest: Look) -> Place:
        linear = guest.linear_ip
        found = disassemble(guest, linear)
        led_here = frames(self._files, guest)
        while len(led_here) > 1 and _is_access_helper(led_here[0]):
            led_here.pop(0)
        line = led_here[0].line if led_here else None
        return Place(
            cs=guest.cs,
            ip=guest.ip,
            linear=linear,
            bits=guest.bits,
            instruction=found[0].text if found else "",
            symbol=self._files.describe(linear, guest.read),
            frames=tuple(led_here),
            source=(self._files.source(line) if line else None) or "",
        )


def _is_access_helper(frame: Frame) -> bool:
    """Whether it is an `inb` or its like, inlined from a header: who called it is what tells something."""
    return frame.inlined and frame.line is not None and frame.line.file.endswith(HEADER)
