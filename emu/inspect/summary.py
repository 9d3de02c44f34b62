"""What a run amounts to, as data: for a person's summary and for `--json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emu.devices.vga.text import TextScreen
from emu.inspect.outcome import Outcome, Verdict
from emu.inspect.screen import lines_of

if TYPE_CHECKING:
    from emu.inspect.findings import Finding


def as_text(data: bytes) -> str:
    """A guest's bytes as text that can be shown and stored whatever they are."""
    return data.decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class Summary:
    """A finished run."""

    guest: str
    verdict: Verdict
    expected: Outcome
    virtual_ns: int
    wall_s: float
    retired: int
    """Bytes of guest code."""
    trace_hash: str | None
    unplugged: Sequence[str]
    guest_log: Sequence[bytes]
    console: bytes
    host_errors: Sequence[str] = ()
    """Which images failed, and how; the guest saw errors of its drives."""
    faults: Sequence[tuple[str, int]] = ()
    """What was to go wrong, and how often it did."""
    screen: TextScreen | None = None
    """The text screen at the end; None where it showed none."""
    findings: Sequence[Finding] | None = None
    """What the driver did right, skipped and did out of order; None where nobody asked."""

    @property
    def status(self) -> int:
        """The exit status."""
        return self.verdict.outcome.value

    def as_plain(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        plain = {
            "guest": self.guest,
            "outcome": self.verdict.outcome.name,
            "status": self.status,
            "virtual_ns": self.virtual_ns,
            "wall_s": round(self.wall_s, 6),
            "retired": self.retired,
            "trace_hash": self.trace_hash,
            "unplugged": list(self.unplugged),
            "host_errors": list(self.host_errors),
            "guest_log": [as_text(line) for line in self.guest_log],
            "console": as_text(self.console),
            "screen": None if self.screen is None else lines_of(self.screen),
        }
        if self.faults:
            plain["faults"] = [{"name": name, "count": count} for name, count in self.faults]
        if self.findings is not None:
            from emu.inspect.explanation import as_plain

            plain["explanation"] = as_plain(self.findings)
        return plain
