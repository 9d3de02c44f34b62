"""The cable to the peer: its answers arrive after a fixed time."""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.backends.network import ECHO_LATENCY_NS, AnsweringLink, FlightState
from emu.backends.peer.station import Station
from emu.backends.peer.tftp import TftpState
from emu.core.clock import Clock


@dataclass
class PeerState(FlightState):
    """Frames under way, and what the peer remembers."""

    tftp: TftpState = field(default_factory=TftpState)


class PeerLink(AnsweringLink[PeerState]):
    """A station at the other end."""

    def __init__(
        self, name: str = "peer", *, station: Station, clock: Clock, latency_ns: int = ECHO_LATENCY_NS
    ) -> None:
        super().__init__(name, PeerState(), clock=clock, latency_ns=latency_ns)
        self._station = station

    def answer(self, frame: bytes) -> bytes | None:
        """What the station says."""
        return self._station.answer(self.state.tftp, frame)
