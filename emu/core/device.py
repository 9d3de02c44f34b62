"""What every chip has in common: a name, a state that is data, and regions."""

from __future__ import annotations

from typing import Generic, TypeVar

from emu.core.bus import Region
from emu.core.state import Plain, from_plain, to_plain

S = TypeVar("S")


class Device(Generic[S]):
    """A chip: all its volatile memory is `state`, a dataclass whose defaults are the reset values.

    A subclass sets `state` in its constructor (`super().__init__(name, State())`), hands out its regions,
    and overrides `drive_outputs` if it drives wires or arms timers: that method derives them from state
    alone, and is called after each change and after a restore.
    """

    def __init__(self, name: str, state: S) -> None:
        self.name = name
        self.state: S = state

    def ports(self) -> tuple[Region, ...]:
        """The I/O port regions that the chip answers at."""
        return ()

    def reset(self) -> None:
        """The RESET pin: state takes its defaults. Chips that keep something through reset override this."""
        self.state = type(self.state)()
        self.drive_outputs()

    def save(self) -> Plain:
        """The state as plain data."""
        return to_plain(self.state)

    def restore(self, plain: Plain) -> None:
        """Take a saved state. Raises StateError where it does not fit."""
        self.state = from_plain(type(self.state), plain, self.name)
        self.drive_outputs()

    def drive_outputs(self) -> None:
        """Put wires and timers where state says they are."""
