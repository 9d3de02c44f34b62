"""What comes from outside: when it is taken, and how it is given back."""

from __future__ import annotations

import pytest

from emu.core.clock import Clock
from emu.machine.inbox import Arrival, DivergedError, Inbox, Position, Stamped


class Taker:
    """An inbox whose arrivals are collected, on a clock of its own."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.taken: list[tuple[int, object]] = []
        self.woken = 0
        self.inbox = Inbox(clock=self.clock, retired=lambda: 5, wake=self._wake, appliers={"key": self._take})

    def _wake(self) -> None:
        self.woken += 1

    def _take(self, payload: object) -> None:
        self.taken.append((self.clock.ticks, payload))

    def decide_at(self, ticks: int) -> None:
        self.clock.skip_to(ticks)
        self.inbox.deliver()


def stamped(ticks: int, payload: bytes) -> Stamped:
    return Stamped(Position(ticks, 5), Arrival("key", payload))


def test_what_is_posted_wakes_the_processor_and_is_taken_in_order_at_the_next_decision_point() -> None:
    taker = Taker()
    taker.inbox.post(Arrival("key", b"1"))
    taker.inbox.post(Arrival("key", b"2"))
    assert (taker.woken, taker.taken) == (2, [])
    taker.decide_at(7)
    assert taker.taken == [(7, b"1"), (7, b"2")]
    assert taker.inbox.log == [stamped(7, b"1"), stamped(7, b"2")]


def test_a_decision_point_takes_arrivals_once_and_the_loop_is_told_to_come_by_at_the_next() -> None:
    taker = Taker()
    taker.decide_at(7)
    assert taker.inbox.next_ticks() is None
    taker.inbox.post(Arrival("key", b"1"))
    taker.decide_at(7)
    assert (taker.taken, taker.inbox.next_ticks()) == ([], 8)
    taker.decide_at(8)
    assert taker.taken == [(8, b"1")]


def test_an_arrival_that_nothing_takes_is_refused_where_it_is_posted() -> None:
    with pytest.raises(KeyError):
        Taker().inbox.post(Arrival("mouse", b"1"))


def test_replayed_arrivals_go_before_what_is_posted_meanwhile() -> None:
    taker = Taker()
    taker.inbox.replay([stamped(10, b"1"), stamped(20, b"2")])
    taker.inbox.post(Arrival("key", b"3"))
    assert taker.inbox.next_ticks() == 10
    for ticks in (5, 10, 15, 20, 25):
        taker.decide_at(ticks)
    assert taker.taken == [(10, b"1"), (20, b"2"), (20, b"3")]
    assert taker.inbox.next_ticks() is None


def test_a_replay_that_passes_by_the_position_of_an_arrival_says_where() -> None:
    taker = Taker()
    taker.inbox.replay([stamped(10, b"1")])
    with pytest.raises(DivergedError) as caught:
        taker.decide_at(11)
    assert (caught.value.stamped, caught.value.found) == (stamped(10, b"1"), Position(11, 5))


def test_a_machine_that_was_taken_back_gets_the_same_again_unless_its_future_is_forgotten() -> None:
    taker = Taker()
    taker.inbox.replay([stamped(10, b"1"), stamped(20, b"2")])
    taker.decide_at(10)
    taker.decide_at(20)
    taker.clock.restore(10)
    taker.inbox.restore(1)
    assert taker.inbox.log == [stamped(10, b"1")]
    assert taker.inbox.next_ticks() == 20
    taker.inbox.forget_future()
    assert taker.inbox.next_ticks() is None
    taker.inbox.post(Arrival("key", b"3"))
    taker.decide_at(11)
    assert taker.inbox.log == [stamped(10, b"1"), stamped(11, b"3")]


def test_a_machine_restored_from_anothers_snapshot_logs_what_comes_after_it() -> None:
    taker = Taker()
    taker.inbox.restore(3)
    taker.decide_at(9)
    taker.inbox.post(Arrival("key", b"4"))
    taker.decide_at(10)
    assert (taker.inbox.log, taker.inbox.taken) == ([stamped(10, b"4")], 4)


def test_a_watcher_looks_every_so_often_and_what_it_posts_is_taken_at_once() -> None:
    taker = Taker()
    looks: list[int] = []

    def look() -> None:
        looks.append(taker.clock.ticks)
        if taker.clock.ticks >= 20:
            taker.inbox.post(Arrival("key", b"1"))

    taker.inbox.watch(look, 10)
    for ticks in (3, 5, 13, 14, 30):
        taker.decide_at(ticks)
    assert looks == [3, 13, 30]
    assert taker.taken == [(30, b"1")]
    assert (taker.inbox.next_ticks(), taker.inbox.attention_at()) == (None, 40)
    taker.inbox.watch(None)
    assert taker.inbox.attention_at() is None
