"""Instructions as text, in the mode that the processor is in, at an address and before one.

A relative jump is decoded by its offset in the code segment, as it would be executed; addresses here are
linear. What is no instruction is shown as a byte, so that a view never gets stuck.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import capstone

LONGEST = 15
MODES = {16: capstone.CS_MODE_16, 32: capstone.CS_MODE_32, 64: capstone.CS_MODE_64}
WINDOW = 48
"""Bytes before the first instruction that is wanted: enough for the decoder to fall into step."""
BRANCH = re.compile(r"(?:j\w+|call|loop\w*) (?:0x)?([0-9a-f]+)")


class Code(Protocol):
    """Where code is and how it is decoded; see `emu.cpu.look.Look`."""

    @property
    def bits(self) -> int:
        """16, 32 or 64."""

    @property
    def code_base(self) -> int:
        """The base of the code segment."""

    def read(self, linear: int, length: int) -> bytes:
        """Memory, as much of it as is there."""


@dataclass(frozen=True)
class Instruction:
    """One instruction, or a byte that is none."""

    address: int
    """Linear."""
    code: bytes
    text: str
    target: int | None = None
    """The linear address that a direct jump or call goes to."""
    valid: bool = True

    @property
    def end(self) -> int:
        """The linear address behind it."""
        return self.address + len(self.code)


def disassemble(code: Code, address: int, count: int = 1) -> list[Instruction]:
    """At most `count` instructions from linear `address` on; fewer where memory ends."""
    data = code.read(address, count * LONGEST)
    found: list[Instruction] = []
    at = 0
    while at < len(data) and len(found) < count:
        found.append(_decode(code, address + at, data[at : at + LONGEST]))
        at += len(found[-1].code)
    return found


def disassemble_before(
    code: Code, address: int, count: int, *, known_start: int | None = None
) -> list[Instruction]:
    """At most `count` instructions that end where linear `address` begins, in order.

    Code cannot be read backwards. If `known_start` is where an instruction begins (a symbol, for example)
    and decoding from there arrives at `address`, that is the answer. Else every byte before is tried as a
    start, and the way is taken on which most of them meet: decoders fall into step after a few bytes.
    """
    if known_start is not None and known_start < address:
        path = _path(code, known_start, address)
        if path is not None:
            missing = count - len(path)
            further = disassemble_before(code, known_start, missing) if missing > 0 else []
            return [*further, *path[max(-missing, 0) :]]
    start = max(address - count * LONGEST - WINDOW, 0)
    while start < address and not code.read(start, 1):
        start += 1 if address - start < WINDOW else min(0x1000 - (start & 0xFFF), address - start)
    return _voted(code, start, address, count)


def _path(code: Code, start: int, end: int) -> list[Instruction] | None:
    """The instructions from `start` to exactly `end`, if decoding arrives there."""
    data = code.read(start, end - start)
    found: list[Instruction] = []
    at = 0
    while at < len(data):
        found.append(_decode(code, start + at, data[at : at + LONGEST]))
        at += len(found[-1].code)
    return found if at == end - start and len(data) == at else None


def _voted(code: Code, start: int, end: int, count: int) -> list[Instruction]:
    data = code.read(start, end - start)
    if len(data) < end - start:
        return []
    decoded = {start + at: _decode(code, start + at, data[at : at + LONGEST]) for at in range(len(data))}
    arrives = {end}
    for at in range(end - 1, start - 1, -1):
        if decoded[at].valid and decoded[at].end in arrives:
            arrives.add(at)
    votes: Counter[int] = Counter()
    for at in sorted(arrives - {end}):  # each start passes its own vote and those it got on along its way
        votes[at] += 1
        votes[decoded[at].end] += votes[at]
    found: list[Instruction] = []
    here = end
    while len(found) < count:
        before = [decoded[at] for at in range(max(start, here - LONGEST), here) if at in arrives]
        before = [each for each in before if each.end == here]
        if not before:
            break
        found.append(max(before, key=lambda each: (votes[each.address], each.address)))
        here = found[-1].address
    return found[::-1]


def _decode(code: Code, address: int, data: bytes) -> Instruction:
    wrap = (1 << code.bits) - 1
    offset = address - code.code_base & wrap
    found = next(_decoder(code.bits).disasm_lite(data, offset, 1), None)
    if found is None:
        return Instruction(address, data[:1], f"db {data[0]:#04x}", valid=False)
    _, size, mnemonic, operands = found
    text = f"{mnemonic} {operands}".rstrip()
    return Instruction(address, data[:size], text, _target(code, text))


def _target(code: Code, text: str) -> int | None:
    found = BRANCH.fullmatch(text)
    return None if found is None else code.code_base + int(found[1], 16)


@cache
def _decoder(bits: int) -> Any:
    return capstone.Cs(capstone.CS_ARCH_X86, MODES[bits])
