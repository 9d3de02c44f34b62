"""Links that a NIC can be plugged into: one that swallows, and one that echoes.

Frames travel without their checksum, as the sender made them: a link does not pad. All delivery is an event
on the virtual clock, so a run does not depend on the host.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from emu.core.backends import NetBackend
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.state import Plain

ECHO_LATENCY_NS = 50_000
"""From the last bit sent to the first bit of the answer."""
FRAMES_IN_FLIGHT = 256
"""What a link holds at most; it loses what is sent beyond that."""

_ADDRESS = 6


class Link(NetBackend, Protocol):
    """A back end that can be asked whether it was closed, and saved with the machine."""

    @property
    def closed(self) -> bool:
        """Whether nothing is sent or delivered any more."""

    def reset(self) -> None:
        """Open the link again, with nothing on it."""

    def save(self) -> Plain:
        """What is under way, as plain data."""

    def restore(self, plain: Plain) -> None:
        """Take a saved state; a link that was open then is open again."""


@dataclass
class NullState:
    """Whether the handle was closed."""

    closed: bool = False


class NullLink(Device[NullState]):
    """A cable that nobody is at the other end of."""

    def __init__(self, name: str = "null") -> None:
        super().__init__(name, NullState())

    @property
    def closed(self) -> bool:
        """Whether the handle was closed."""
        return self.state.closed

    def send(self, frame: bytes) -> None:
        """Swallow the frame."""

    def attach(self, receive: Callable[[bytes], None]) -> None:
        """Nothing ever arrives."""

    def close(self) -> None:
        """Let go of the link."""
        self.state.closed = True


@dataclass
class Flight:
    """A frame and when it arrives."""

    arrival_ns: int
    frame: bytes


@dataclass
class FlightState:
    """Frames under way to the NIC, the earliest first."""

    closed: bool = False
    in_flight: list[Flight] = field(default_factory=list)


S = TypeVar("S", bound=FlightState)


class AnsweringLink(Device[S], ABC):
    """A cable with somebody at the other end whose answers arrive after a fixed latency."""

    def __init__(self, name: str, state: S, *, clock: Clock, latency_ns: int) -> None:
        super().__init__(name, state)
        self._clock = clock
        self._latency_ns = latency_ns
        self._timer = clock.timer(f"{name}-arrival", self._arrive)
        self._receive: Callable[[bytes], None] = lambda frame: None

    @abstractmethod
    def answer(self, frame: bytes) -> bytes | None:
        """The answer to a frame, or None where it gets none."""

    @property
    def closed(self) -> bool:
        """Whether the handle was closed."""
        return self.state.closed

    def send(self, frame: bytes) -> None:
        """Put a frame on the link; what is beyond what the link holds is lost."""
        if self.closed or len(self.state.in_flight) >= FRAMES_IN_FLIGHT:
            return
        answer = self.answer(frame)
        if answer is not None:
            self.state.in_flight.append(Flight(self._clock.now + self._latency_ns, answer))
            self.drive_outputs()

    def attach(self, receive: Callable[[bytes], None]) -> None:
        """Hand each arriving frame to `receive`."""
        self._receive = receive

    def close(self) -> None:
        """Let go of the link; what is under way is lost."""
        self.state.closed = True
        self.state.in_flight.clear()
        self.drive_outputs()

    def drive_outputs(self) -> None:
        """Arm the timer for the next arrival."""
        if self.state.in_flight:
            self._timer.arm(self.state.in_flight[0].arrival_ns)
        else:
            self._timer.cancel()

    def _arrive(self) -> None:
        while self.state.in_flight and self.state.in_flight[0].arrival_ns <= self._clock.now:
            self._receive(self.state.in_flight.pop(0).frame)
        self.drive_outputs()


class EchoLink(AnsweringLink[FlightState]):
    """A station that sends each frame back, source and destination swapped."""

    def __init__(self, name: str = "echo", *, clock: Clock, latency_ns: int = ECHO_LATENCY_NS) -> None:
        super().__init__(name, FlightState(), clock=clock, latency_ns=latency_ns)

    def answer(self, frame: bytes) -> bytes | None:
        """The frame back; None to one too short for two addresses."""
        if len(frame) < 2 * _ADDRESS:
            return None
        return frame[_ADDRESS : 2 * _ADDRESS] + frame[:_ADDRESS] + frame[2 * _ADDRESS :]
