"""The fingers at the keyboard: key strokes that wait until the guest wants keys, and take their time.

Firmware and drivers throw away what comes before they have set the keyboard up. So nothing is typed until
the guest has enabled the keyboard or its interrupt, or waits for a key by reading the status over and over;
and each stroke waits until the one before has been read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

STROKE_NS = 10_000_000
"""A key is held for as long, and the next one comes as much later."""
PATIENT_POLLS = 16
"""A guest that finds nothing as often in a row, with no answer on its way, waits for a key."""


@dataclass
class Typist:
    """What is still to be typed."""

    strokes: list[bytes] = field(default_factory=list)
    """Scan codes of set 2, in strokes that belong together: presses, or releases."""
    due_at: int | None = None
    invited: bool = False
    polls: int = 0

    def invite(self, wanted: bool) -> None:
        """The guest wants keys, or none for now."""
        self.invited = wanted
        self.polls = 0

    def notice_poll(self, *, in_vain: bool) -> None:
        """The guest has read the status."""
        self.polls = self.polls + 1 if in_vain else 0
        if self.polls >= PATIENT_POLLS:
            self.invite(True)

    def plan(self, now: int, *, possible: bool) -> None:
        """The next stroke comes a while after it has become possible."""
        if not (self.strokes and self.invited and possible):
            self.due_at = None
        elif self.due_at is None:
            self.due_at = now + STROKE_NS

    def take(self) -> bytes:
        """The stroke that is due."""
        self.due_at = None
        return self.strokes.pop(0)
