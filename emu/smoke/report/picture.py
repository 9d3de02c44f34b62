"""Timelines as the page's script reads them: much smaller than as data, and each but once.

A lane's stretches become words: its sum in base 36, after the distance from the stretch before and a colon
where that is not 1; a word that repeats is written once, with `*` and how often.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, groupby, pairwise
from typing import Any

from emu.smoke.report.text import seen

ROOM, LEAST = 1_000_000, 100
"""Characters that all timelines of a page may take, and that one lane may take whatever they do."""
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(value: int) -> str:
    """A number that is not negative, as JavaScript's `parseInt(text, 36)` reads it."""
    digits = ""
    while True:
        value, digit = divmod(value, 36)
        digits = DIGITS[digit] + digits
        if not value:
            return digits


def packed(at: Sequence[int], sums: Sequence[int]) -> str:
    """Stretches as words."""
    words = (
        base36(amount) if step == 1 else f"{base36(step)}:{base36(amount)}"
        for step, amount in zip(at, sums, strict=True)
    )
    return " ".join(_repeated(words))


def _repeated(words: Iterator[str]) -> Iterator[str]:
    for word, run in groupby(words):
        length = sum(1 for _ in run)
        yield word if length == 1 else f"{word}*{base36(length)}"


def pictures(timelines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Timelines as lines of JSON for the script; where there are many, each has less room and detail."""
    room = ROOM // max(len(timelines), 1)
    return [_picture(timeline, room) for timeline in timelines]


def _picture(timeline: Mapping[str, Any], room: int) -> str:
    lanes = [_Drawn(lane) for lane in timeline["lanes"]]
    while sum(lane.size for lane in lanes) > room:
        longest = max(lanes, key=lambda lane: lane.size)
        if longest.size <= LEAST:
            break
        longest.widen()
    plain = {
        "end": timeline["end_ns"],
        "lanes": [lane.as_plain() for lane in lanes],
        "modes": timeline["modes"],
        "events": [[ns, kind, seen(text)] for ns, kind, text in timeline["events"]],
    }
    return json.dumps(plain, separators=(",", ":"))


class _Drawn:
    """A lane in words, which may be drawn with less detail."""

    def __init__(self, lane: Mapping[str, Any]) -> None:
        self._lane = lane
        self._width = lane["width_ns"]
        self._sums = dict(zip(accumulate(lane["at"]), lane["sums"], strict=True))
        self._pack()

    @property
    def size(self) -> int:
        """How much room it takes."""
        return len(self._words)

    def widen(self) -> None:
        """Draw it with stretches of twice the width."""
        wider: dict[int, int] = {}
        for stretch, amount in self._sums.items():
            wider[stretch // 2] = wider.get(stretch // 2, 0) + amount
        self._sums, self._width = wider, 2 * self._width
        self._pack()

    def as_plain(self) -> list[Any]:
        """What the script reads."""
        return [self._lane["name"], self._lane["kind"], self._lane["unit"], self._width, self._words]

    def _pack(self) -> None:
        stretches = list(self._sums)
        steps = [here - last for last, here in pairwise([0, *stretches])]
        self._words = packed(steps, list(self._sums.values()))


def lane_rows(timeline: Mapping[str, Any]) -> Iterator[tuple[str, int, str, int, int]]:
    """For a table: each lane's name, total, unit, and when about its first and last things happened."""
    for lane in timeline["lanes"]:
        stretches = list(accumulate(lane["at"]))
        width = lane["width_ns"]
        yield lane["name"], lane["total"], lane["unit"], stretches[0] * width, stretches[-1] * width


def mode_rows(timeline: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """For a table: each mode of the processor, how long in all, and how often it was entered."""
    modes = timeline["modes"]
    ends = [ns for ns, _ in modes[1:]] + [timeline["end_ns"]]
    spent: dict[str, tuple[int, int]] = {}
    for (begin, mode), end in zip(modes, ends, strict=True):
        total, times = spent.get(mode, (0, 0))
        spent[mode] = total + end - begin, times + 1
    for mode, (total, times) in spent.items():
        yield mode, total, times
