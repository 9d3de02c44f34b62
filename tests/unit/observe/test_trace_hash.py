from __future__ import annotations

import pytest

from emu.core.clock import Clock
from emu.core.events import EVENTS, Observers
from emu.observe.trace_hash import LEFT_OUT, RECORDED, TraceHash, canonical


class Run:
    """A hash and what feeds it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.hash = TraceHash(self.clock, keep_lines=True)
        self.observers = Observers(self.hash)

    def at(self, now_ns: int) -> Run:
        self.clock.advance_to(now_ns)
        return self

    def out(self, value: int) -> Run:
        for seen in self.observers.port_write:
            seen(0x3F8, 1, value)
        return self

    def read_disk(self, data: bytes) -> Run:
        for seen in self.observers.disk_read:
            seen("disk 0", 512, data)
        return self

    @property
    def digest(self) -> str:
        return self.hash.hexdigest()


def test_equal_runs_have_equal_hashes() -> None:
    runs = [Run().at(10).out(0x41).read_disk(b"abc") for _ in range(2)]
    assert runs[0].digest == runs[1].digest


@pytest.mark.parametrize(
    "other",
    [
        lambda: Run().at(10).out(0x40).read_disk(b"abc"),
        lambda: Run().at(10).out(0x41).read_disk(b"abd"),
        lambda: Run().at(11).out(0x41).read_disk(b"abc"),
        lambda: Run().at(10).out(0x41).at(11).read_disk(b"abc"),
        lambda: Run().at(10).read_disk(b"abc").out(0x41),
        lambda: Run().at(10).out(0x41),
        lambda: Run().at(10).out(0x41).read_disk(b"abc").read_disk(b""),
    ],
    ids=["value", "byte", "time of all", "time of one", "order", "fewer", "more"],
)
def test_one_difference_gives_another_hash(other: object) -> None:
    assert callable(other)
    assert other().digest != Run().at(10).out(0x41).read_disk(b"abc").digest


def test_the_record_is_one_canonical_line_for_each_event() -> None:
    run = Run().at(10).out(0x41).read_disk(b"\x01\xff")
    assert run.hash.lines == ["40 port_write 3f8 1 41", '40 disk_read "disk 0" 200 :01ff']


def test_arguments_cannot_run_into_each_other() -> None:
    spelled = [canonical(value) for value in (None, True, False, 255, b"\xff", "ff", "a b", 'a" "b', "a\nb")]
    assert spelled[:5] == ["-", "1", "0", "ff", ":ff"]
    assert all("\n" not in word for word in spelled)
    assert len(set(spelled)) == len(spelled)


def test_every_event_is_recorded_or_left_out_for_a_reason() -> None:
    assert set(RECORDED) | LEFT_OUT == set(EVENTS)
    assert {"host_log", "note", "guest_log", "console_output"} == LEFT_OUT
