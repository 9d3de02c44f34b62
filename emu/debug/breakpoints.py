"""Breakpoints: a detector as a person set it, with a condition, counts, and what to do when it is met.

A hit is judged where it is found, while the machine runs: so thousands that do not count cost little. What
can be known there are the access's own values, general registers, the instruction's address and memory; a
condition that asks for more is judged again where the machine is then taken to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emu.cpu.look import Look
from emu.cpu.registers import GENERAL
from emu.debug.expressions import evaluate
from emu.debug.places import Detector, Hit
from emu.inspect.symbols import SymbolFiles
from emu.inspect.view import PARTS

VALUES = ("value", "port", "width", "address", "offset")
"""What an access may be asked for, whatever else bears the name."""


class Verdict(Enum):
    """What a hit comes to."""

    PASSED = "it does not count"
    STOP = "the machine stops for it"
    LOGGED = "it is told, and the run goes on"


@dataclass(eq=False)
class Breakpoint:
    """One breakpoint."""

    detector: Detector
    text: str = ""
    number: int = 0
    """What a person calls it by; 0 for one that only serves a movement."""
    tells: bool = False
    """Whether one of those says what was found."""
    condition: str | None = None
    after: int = 0
    """How many hits are passed before the first that counts."""
    every: int = 1
    """Of those that count, which: each, every other, ..."""
    once: bool = False
    """Whether it goes when it has been met."""
    log: list[str] | None = None
    """What to tell instead of stopping."""
    enabled: bool = True
    hits: int = 0

    def counts(self) -> bool:
        """It is met, going forwards: whether this time counts."""
        self.hits += 1
        beyond = self.hits - self.after
        return beyond > 0 and beyond % self.every == 0

    def __str__(self) -> str:
        disabled = "" if self.enabled else ", disabled"
        return f"break {self.number}: {self.text} (met {self.hits} times{disabled})"


class ElsewhereError(Exception):
    """This can be known only where the machine stands still."""


class Midway:
    """What names stand for where a hit is found, while the machine runs."""

    def __init__(self, hit: Hit, look: Look, symbols: SymbolFiles) -> None:
        self._hit, self._look, self._symbols = hit, look, symbols

    def name(self, name: str) -> int | None:
        """Its value, or None. Raises ElsewhereError."""
        if name in self._hit.values:
            return self._hit.values[name]
        lower = name.lower()
        if lower in PARTS:
            whole, low, width = PARTS[lower]
            if whole == "rflags":
                raise ElsewhereError
            held = self._look.ip if whole == "rip" else self._look.general[GENERAL.index(whole)]
            return held >> low & (1 << width) - 1
        if lower == "pc":
            return self._look.linear_ip
        if lower == "cs":
            return self._look.cs
        address = self._symbols.address(name, self._look.read)
        if address is None:  # another register
            raise ElsewhereError
        return address

    def nearest(self, name: str) -> list[str]:
        """Nothing is unknown here."""
        return []

    def segment_base(self, name: str) -> int | None:
        """The base of a segment register, or None if it is none. Raises ElsewhereError."""
        match name.lower():
            case "cs":
                return self._look.code_base
            case "ss":
                return self._look.stack_base
            case "ds" | "es" | "fs" | "gs":
                raise ElsewhereError
        return None

    def memory(self, linear: int, size: int) -> int | None:
        """What memory holds at `linear`, or None."""
        held = self._look.read(linear, size)
        return int.from_bytes(held, "little") if len(held) == size else None

    def value(self, text: str) -> int:
        """The value of an expression. Raises ElsewhereError and CommandError."""
        return evaluate(text, self)
