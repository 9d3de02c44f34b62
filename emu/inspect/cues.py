"""Types on the guest's keyboard and into its serial ports, piece by piece, each when its cue is shown.

A cue is a text on the screen or the console. What it does follows from the machine alone: the same run is
given the same at the same positions. Under a debugger it goes back with the machine; what it typed then is
taken again by the inbox, not posted again.
"""

from __future__ import annotations

from emu.core.events import Observer
from emu.inspect.screen import lines_of
from emu.machine.config import SERIAL_PORTS, Typing
from emu.machine.inbox import Arrival
from emu.machine.keys import strokes
from emu.machine.machine import Machine

LOOK_NS = 50_000_000
"""How often the screen is looked at."""
CONSOLES = ("com1", "com2")
LONGEST_CUE = 4096


class Cues(Observer):
    """Observes a machine and posts what is typed to its inbox."""

    def __init__(self, machine: Machine, typings: tuple[Typing, ...]) -> None:
        self._machine = machine
        self._waiting = typings
        self._heard = b""
        self._watch()
        self._type_what_needs_no_cue()

    def save(self) -> tuple[tuple[Typing, ...], bytes]:
        """What is still to be typed, and what was heard."""
        return self._waiting, self._heard

    def restore(self, saved: tuple[tuple[Typing, ...], bytes]) -> None:
        """The machine was put back to where `save` was called."""
        self._waiting, self._heard = saved
        if self._waiting:
            self._watch()

    def console_output(self, name: str, data: bytes) -> None:
        """Bytes left the machine."""
        if self._waiting and name in CONSOLES:
            self._heard = (self._heard + data)[-LONGEST_CUE:]
            if self._waiting[0].after.encode() in self._heard:
                self._type()

    def _look(self) -> None:
        screen = self._machine.pc.vga.screen() if self._waiting else None
        if screen is not None and any(self._waiting[0].after in line for line in lines_of(screen)):
            self._type()

    def _watch(self) -> None:
        self._machine.inbox.watch(self._look, LOOK_NS * self._machine.clock.ticks_per_ns)

    def _type(self) -> None:
        """The cue was given."""
        self._heard = b""
        self._post()
        self._type_what_needs_no_cue()

    def _type_what_needs_no_cue(self) -> None:
        while self._waiting and not self._waiting[0].after:
            self._post()
        if not self._waiting:
            self._machine.inbox.watch(None)

    def _post(self) -> None:
        typing, *rest = self._waiting
        self._waiting = tuple(rest)
        if not self._machine.inbox.replaying:
            self._machine.inbox.post(_arrival(typing))


def _arrival(typing: Typing) -> Arrival:
    if typing.to in SERIAL_PORTS:
        return Arrival(typing.to, typing.text.encode())
    return Arrival("typed", strokes(typing.text))
