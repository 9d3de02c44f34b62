"""How chips keep a timer where their state says it is."""

from __future__ import annotations

from emu.core.clock import Timer


def schedule(timer: Timer, deadline_ns: int | None) -> None:
    """Let `timer` fire at `deadline_ns`, or not at all with None; costs nothing where that is so already."""
    if timer.deadline == deadline_ns:
        return
    if deadline_ns is None:
        timer.cancel()
    else:
        timer.arm(deadline_ns)
