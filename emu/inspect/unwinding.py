"""The frames of a call stack: who called whom, by DWARF's call frame information [DWARF5] 6.4.

For each function it says how the caller's registers are found. Guests in real mode have it too: their C is
32-bit code in segments of base 0. Where it is missing the chain ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from emu.inspect.line_table import MALFORMED, Line
from emu.inspect.symbols import Read, SymbolFiles, Symbols

MOST_FRAMES = 64
ORDER_32 = (0, 1, 2, 3, 4, 5, 6, 7)
ORDER_64 = (0, 2, 1, 3, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15)
"""The encoding of each register that the ABI numbers; the next number is the return address.

[i386 psABI] 2.4.2, [x86-64 psABI] figure 3.36.
"""
STACK_POINTER = 4


class Frame(NamedTuple):
    """A function that has not returned yet."""

    address: int
    """Linear: of the instruction under way, or of the one to return to."""
    function: str
    line: Line | None
    inlined: bool


class Stopped(Protocol):
    """A guest that is looked at; see `emu.cpu.look.Look`."""

    @property
    def linear_ip(self) -> int:
        """The linear address of the instruction under way."""

    @property
    def code_base(self) -> int:
        """What a return address is relative to."""

    @property
    def stack_base(self) -> int:
        """What the stack pointer is relative to."""

    @property
    def general(self) -> tuple[int, ...]:
        """The general registers by their encoding."""

    def read(self, linear: int, length: int) -> bytes:
        """Memory, as much of it as is there."""


class Rule(NamedTuple):
    """How to find the caller at an address: where its stack begins, and what is kept relative to that."""

    base: int
    offset: int
    kept: dict[int, int]
    back: int
    """Where the address to return to is kept."""
    delivered: bool
    """Whether no call pushed it, but an interrupt or exception: that instruction comes next."""


class ReturnSlot(NamedTuple):
    """Where in memory the address lies that a function returns to."""

    address: int
    delivered: bool
    """Whether it is the handler of an interrupt or exception."""


def frames(files: SymbolFiles, guest: Stopped, most: int = MOST_FRAMES) -> list[Frame]:
    """The frames of the guest's stack, the innermost first; none where no symbols are known."""
    found: list[Frame] = []
    for frame in _walk(files, guest):
        if len(found) == most:
            break
        found.append(frame)
    return found


def return_slot(files: SymbolFiles, guest: Stopped) -> ReturnSlot | None:
    """Where the function under way finds the address to return to; None if unknown."""
    file = files.at(guest.linear_ip, guest.read)
    rule = None if file is None else rule_at(file, guest.linear_ip)
    if file is None or rule is None:
        return None
    stack = guest.general[rule.base] + rule.offset + rule.back
    address = guest.stack_base + stack & (1 << 8 * (8 if file.is_64_bit else 4)) - 1
    return ReturnSlot(address, rule.delivered)


def _walk(files: SymbolFiles, guest: Stopped) -> Iterator[Frame]:
    registers = list(guest.general)
    address, called = guest.linear_ip, 0
    for _ in range(MOST_FRAMES):
        file = files.at(address - called, guest.read)
        if file is None:
            return
        for call in file.calls(address - called):
            yield Frame(address, call.function, call.line, call.inlined)
        rule = rule_at(file, address - called)
        if rule is None:
            return
        width = 8 if file.is_64_bit else 4
        mask = (1 << 8 * width) - 1
        stack = registers[rule.base] + rule.offset & mask
        values = {
            each: _word(guest.read, guest.stack_base + stack + at, width) for each, at in rule.kept.items()
        }
        back = _word(guest.read, guest.stack_base + stack + rule.back, width)
        if back is None or None in values.values() or (stack <= registers[STACK_POINTER] & mask):
            return
        for each, value in {STACK_POINTER: stack, **values}.items():
            registers[each] = value or 0
        # A call lies before the address to return to.
        address, called = guest.code_base + back, 0 if rule.delivered else 1


def rule_at(file: Symbols, address: int) -> Rule | None:
    """The rule of the function at `address`, if the file has one that needs no computation."""
    try:
        table = _table(file, address)
        row = (
            None
            if table is None
            else max((row for row in table if row["pc"] <= address), key=lambda row: row["pc"], default=None)
        )
    except MALFORMED:
        return None
    if row is None or row["cfa"].expr is not None:
        return None
    order = ORDER_64 if file.is_64_bit else ORDER_32
    base = row["cfa"].reg
    if base is None or base >= len(order):
        return None
    kept = {number: rule.arg for number, rule in row.items() if _is_kept(rule)}
    width = 8 if file.is_64_bit else 4
    back = kept.pop(len(order), -width)
    saved = {order[number]: at for number, at in kept.items() if number < len(order)}
    return Rule(order[base], row["cfa"].offset, saved, back, back != -width)


def _is_kept(rule: Any) -> bool:
    """Whether a column of a row says where in memory a register is kept."""
    return getattr(rule, "type", None) == "OFFSET"


def _table(file: Symbols, address: int) -> Any:
    """The decoded rows of the entry that covers `address`."""
    for entry in file.call_frames:
        start = entry["initial_location"]
        if start <= address < start + entry["address_range"]:
            return entry.get_decoded().table
    return None


def _word(read: Read, linear: int, width: int) -> int | None:
    data = read(linear, width)
    return int.from_bytes(data, "little") if len(data) == width else None
