"""Links: what is sent, what arrives and when, and that a closed link is silent."""

from __future__ import annotations

from emu.backends.network import ECHO_LATENCY_NS, FRAMES_IN_FLIGHT, EchoLink, NullLink
from emu.backends.observed import ObservedLink
from emu.core.clock import Clock
from emu.core.events import Observer, Observers

FRAME = b"DESTIN" + b"SOURCE" + b"\x08\x00payload"
ANSWER = b"SOURCE" + b"DESTIN" + b"\x08\x00payload"


class Station:
    """An echo link with somebody who receives."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.link = EchoLink(clock=self.clock)
        self.arrived: list[tuple[int, bytes]] = []
        self.link.attach(lambda frame: self.arrived.append((self.clock.now, frame)))

    def wait_until(self, now_ns: int) -> None:
        while (deadline := self.clock.next_deadline()) is not None and deadline <= now_ns:
            self.clock.advance_to(deadline)
            self.clock.fire_due()
        self.clock.advance_to(now_ns)


def test_an_echo_arrives_after_the_latency_with_its_addresses_swapped() -> None:
    station = Station()
    station.clock.advance_to(1000)
    station.link.send(FRAME)
    assert station.arrived == []
    station.wait_until(1_000_000)
    assert station.arrived == [(1000 + ECHO_LATENCY_NS, ANSWER)]


def test_echoes_arrive_in_order_each_at_its_own_time() -> None:
    station = Station()
    station.link.send(FRAME + b"1")
    station.clock.advance_to(10)
    station.link.send(FRAME + b"2")
    station.wait_until(1_000_000)
    assert station.arrived == [(ECHO_LATENCY_NS, ANSWER + b"1"), (ECHO_LATENCY_NS + 10, ANSWER + b"2")]


def test_a_frame_without_two_addresses_gets_no_answer() -> None:
    station = Station()
    station.link.send(FRAME[:11])
    station.wait_until(1_000_000)
    assert station.arrived == []


def test_a_link_holds_a_bounded_number_of_frames() -> None:
    station = Station()
    for _ in range(FRAMES_IN_FLIGHT + 10):
        station.link.send(FRAME)
    station.wait_until(1_000_000)
    assert len(station.arrived) == FRAMES_IN_FLIGHT


def test_a_closed_link_neither_sends_nor_delivers() -> None:
    station = Station()
    station.link.send(FRAME)
    station.link.close()
    station.link.send(FRAME)
    station.wait_until(1_000_000)
    station.link.close()
    assert station.arrived == []
    assert station.clock.next_deadline() is None


def test_frames_in_flight_are_saved_and_arrive_on_the_restored_link() -> None:
    station = Station()
    station.link.send(FRAME)
    twin = Station()
    twin.link.restore(station.link.save())
    assert twin.link.save() == station.link.save()
    twin.wait_until(1_000_000)
    assert twin.arrived == [(ECHO_LATENCY_NS, ANSWER)]


def test_restoring_takes_back_a_close() -> None:
    station = Station()
    station.link.send(FRAME)
    saved = station.link.save()
    station.link.close()
    station.link.restore(saved)
    station.wait_until(1_000_000)
    assert len(station.arrived) == 1


def test_reset_opens_the_link_again_with_nothing_in_flight() -> None:
    station = Station()
    station.link.send(FRAME)
    station.link.close()
    station.link.reset()
    station.wait_until(1_000_000)
    assert station.arrived == []
    station.link.send(FRAME)
    station.wait_until(2_000_000)
    assert len(station.arrived) == 1


def test_a_null_link_swallows() -> None:
    arrived: list[bytes] = []
    link = NullLink()
    link.attach(arrived.append)
    link.send(FRAME)
    assert arrived == []
    link.close()
    assert link.closed


class Watcher(Observer):
    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes]] = []

    def frame_sent(self, nic: str, frame: bytes) -> None:
        self.seen.append(("sent", nic, frame))

    def frame_received(self, nic: str, frame: bytes) -> None:
        self.seen.append(("received", nic, frame))

    def link_close(self, nic: str) -> None:
        self.seen.append(("closed", nic, b""))


def test_what_passes_an_observed_link_is_seen() -> None:
    station, watcher = Station(), Watcher()
    link = ObservedLink(station.link, nic="nic0", observers=Observers(watcher))
    arrived: list[bytes] = []
    link.attach(arrived.append)
    link.send(FRAME)
    station.wait_until(1_000_000)
    assert arrived == [ANSWER]
    assert watcher.seen == [("sent", "nic0", FRAME), ("received", "nic0", ANSWER)]


def test_closing_an_observed_link_is_seen_once_and_nothing_after_it() -> None:
    station, watcher = Station(), Watcher()
    link = ObservedLink(station.link, nic="nic0", observers=Observers(watcher))
    link.close()
    link.close()
    link.send(FRAME)
    station.wait_until(1_000_000)
    assert watcher.seen == [("closed", "nic0", b"")]
