"""The steps of a transcript in columns, as a person reads them."""

from __future__ import annotations

from emu.inspect.summary import as_text
from emu.inspect.transcript import Access, HostLine, Left, LogBytes, Misbehaved, Step

COLUMNS = ("time", "port", "access", "value", "meaning")
Row = tuple[str, str, str, str, str]


def printable(text: str) -> str:
    """`text` with everything escaped that would steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def row(step: Step) -> Row:
    """A step of the transcript in columns."""
    time = f"{step.ns / 1e6:.6f} ms"
    match step:
        case Access():
            access = f"{'write' if step.write else 'read'} {step.width}"
            access += f" x{step.count}" if step.count > 1 else ""
            value = f"{step.value:#0{2 + 2 * step.width}x}"
            return time, f"{step.port:#04x}", access, value, printable(step.meaning)
        case LogBytes():
            text = printable(as_text(step.text.rstrip(b"\n")))
            return time, f"{step.port:#04x}", "write 1", f"{step.count} bytes", f'guest\'s log: "{text}"'
        case Left():
            return time, "", "", "", f"-> {departure(step)}"
        case HostLine():
            return time, "", "", "", f'-> host\'s log: "{printable(step.text)}"'
        case Misbehaved():
            often = f" ({step.count} times)" if step.count > 1 else ""
            return time, "", "", "", f"a host that misbehaves: {printable(step.name)}{often}"


def departure(left: Left) -> str:
    """What left which bus: PCI locations are numbers, those of IDE are words."""
    bus = "PCI" if left.location[:1].isdigit() else "IDE"
    return f"{left.target} left {bus} {left.location}"
