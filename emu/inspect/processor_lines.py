"""A stopped processor in lines of text: registers, flags, stack, the code around."""

from __future__ import annotations

from collections.abc import Iterator

from emu.cpu.registers import GENERAL
from emu.inspect.view import FLAGS, View

SEGMENTS = ("cs", "ss", "ds", "es", "fs", "gs")
CONTROL = ("cr0", "cr2", "cr3", "cr4", "efer")
BEFORE, AFTER, STACK = 2, 4, 8
LINE = 80


def flags(value: int) -> str:
    """The flags that are set, by name."""
    names = [name for bit, name in FLAGS.items() if value >> bit & 1]
    level = value >> 12 & 3
    return " ".join([*names, f"IOPL={level}"] if level else names) or "none"


def registers(view: View, previous: dict[str, int]) -> Iterator[str]:
    """Lines of registers; a `*` stands behind those that are not as at the stop before."""
    held, wide = view.registers(), view.bits == 64

    def cell(name: str, shown: str, digits: int) -> str:
        changed = "*" if previous and previous.get(name) != held[name] else " "
        return f"{shown:>4} {held[name]:0{digits}x}{changed}"

    digits, row = (16, 4) if wide else (8, 4)
    general = [*GENERAL, "rip"] if wide else [*GENERAL[:8], "rip"]
    cells = [cell(name, name if wide else "e" + name[1:], digits) for name in general]
    for at in range(0, len(cells), row):
        yield "".join(cells[at : at + row]).rstrip()
    yield "".join(cell(name, name, 4) for name in SEGMENTS).rstrip()
    yield "".join(f" {cell(name, name, 8)}" for name in CONTROL).rstrip()
    changed = "*" if previous and previous.get("rflags") != held["rflags"] else ""
    yield f" flags {held['rflags']:08x}{changed}  {flags(held['rflags'])}"


def code(view: View, before: int = BEFORE, after: int = AFTER) -> Iterator[str]:
    """Lines of the current instruction with its neighbours."""
    here = view.here
    for each in [*view.before(here, before), *view.disassemble(here, after + 1)]:
        mark = "=>" if each.address == here else "  "
        yield f"{mark} {each.address:08x}  {each.code.hex():<20}  {each.text}"


def stack(view: View) -> Iterator[str]:
    """The top of the stack, in words of the size of the code: as many as a line takes, or two of 64 bits."""
    size, top = view.bits // 8, view.stack
    label = f" stack {top:08x}:  "
    in_line = (LINE - len(label)) // (2 * size + 1)
    held = view.read(top, size * min(STACK, in_line if size < 8 else 2 * in_line))
    words = [held[at : at + size][::-1].hex() for at in range(0, len(held) - size + 1, size)]
    for at in range(0, max(len(words), 1), in_line):
        yield (" " * len(label) if at else label) + " ".join(words[at : at + in_line])
