"""Forwards and backwards through a run.

Going back is going to the nearest checkpoint before, and forwards from there: the run is the same each time.
A place is a decision point and a number of instructions behind it. What is looked for (a port access, an
address) may lie inside a block, where the engine cannot stop: a hit is noted with its block, the machine
is taken back to the block's beginning and stepped to the instruction, which has then not been executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from emu.machine.checkpoints import DEFAULT_BUDGET, Checkpoints, Follower
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop

INTERVAL_S = 0.15
"""Between checkpoints, of wall time."""
NEAR, FARTHER = 64, 8
"""How many ticks before a place its predecessor is looked for, and how much farther each time."""


@dataclass(frozen=True, order=True)
class Place:
    """A decision point, by virtual time in ticks, and how many instructions have been executed since."""

    ticks: int
    inside: int = 0


@dataclass(frozen=True)
class Hit:
    """What a detector was looking for has come: who says so, in words, and where."""

    detector: Detector
    text: str
    place: Place


class Detector(Protocol):
    """Looks for something in a run, and never changes it."""

    def attach(self, machine: Machine, found: Callable[[Detector, str], None]) -> None:
        """Call `found` at each occurrence from now on."""

    def detach(self, machine: Machine) -> None:
        """Look no more."""


class TimeTravel:
    """A tracked machine that can go back."""

    def __init__(
        self, machine: Machine, *, budget: int = DEFAULT_BUDGET, followers: Sequence[Follower] = ()
    ) -> None:
        """The `followers` go back with the machine."""
        self.machine = machine
        self._loop, self._clock, self._processor = machine.loop, machine.clock, machine.processor
        self._budget, self._followers = budget, followers
        self._checkpoints = Checkpoints(machine, budget, followers)
        self._inside = 0
        self._taken_at = monotonic()
        self.furthest = 0
        """The latest point of the run that was reached, in ticks."""
        self.rewound: Callable[[], None] = lambda: None
        """Told whenever the machine was put to another moment."""
        self.overrunning: Callable[[], None] = lambda: None
        """Told that the machine runs on behind a hit for a little, before it is put back."""
        self._checkpoints.take()
        self.advancing = False
        """Whether the run goes where its user wants it to, not over what was run before."""
        self._breathe_before = self._loop.breathe
        self._loop.breathe = self._breathe

    @property
    def place(self) -> Place:
        """Where the machine is."""
        if self._processor.at_decision_point:
            return Place(self._clock.ticks)
        return Place(self._processor.block_began, self._inside)

    @property
    def start(self) -> Place:
        """The earliest place that can be gone back to."""
        return Place(self._checkpoints.times[0])

    def forget_future(self) -> None:
        """Somebody steers: from here on the run is another one than it was."""
        self._checkpoints.forget_after(self.place.ticks)
        self.machine.inbox.forget_future()
        self.furthest = self._clock.ticks

    def _put_back(self, ticks: int) -> None:
        """To the last checkpoint at or before `ticks`."""
        self.furthest = max(self.furthest, self._clock.ticks)
        self._checkpoints.go(ticks)
        self.rewound()

    def begin_again(self) -> None:
        """The machine was changed, at a decision point: forget the run that led here, it leads elsewhere."""
        self._checkpoints = Checkpoints(self.machine, self._budget, self._followers)
        self._checkpoints.take()
        self._inside, self.furthest = 0, self._clock.ticks

    @contextmanager
    def _advance(self) -> Iterator[None]:
        self.advancing = True
        try:
            yield
        finally:
            self.advancing = False

    def _breathe(self) -> None:
        if self.advancing:
            self._breathe_before()
        self.furthest = max(self.furthest, self._clock.ticks)
        if monotonic() - self._taken_at > INTERVAL_S:
            self._checkpoints.take()
            self._taken_at = monotonic()

    def step(self, count: int = 1) -> Stop | None:
        """Execute `count` instructions; an interrupt that is delivered is a step of its own.

        The stop that ended the run before that, if any.
        """
        with self._advance():
            for _ in range(count):
                stop = self._step()
                if stop is not None:
                    return stop
        return None

    def _step(self) -> Stop | None:
        ticks = self._clock.ticks
        if self._processor.at_decision_point:
            self._inside = 0
            stop = self._loop.decide()
            if stop is not None or self._clock.ticks != ticks:
                return stop
        stop = self._loop.run_steps(1)
        self._inside += 1
        return stop

    def step_back(self, count: int = 1) -> bool:
        """Undo `count` steps; whether there were so many."""
        for _ in range(count):
            here = self.place
            if here.inside:
                self.go_to(Place(here.ticks, here.inside - 1))
                continue
            before = self._before(here.ticks)
            if before is None:
                self.go_to(here)
                return False
            self.go_to(before)
        return True

    def _before(self, ticks: int) -> Place | None:
        """The last place before the decision point at `ticks`, or None at the start of the run."""
        start = self._checkpoints.times[0]
        if ticks <= start:
            return None
        distance = NEAR
        while True:
            target = max(ticks - distance, start)
            self._go(target)
            if target == start or (self._clock.ticks < ticks and not self._processor.halted):
                break
            distance *= FARTHER
        while True:
            last = self._clock.ticks
            self._advance_a_block()
            if self._clock.ticks >= ticks:
                break
        self._go(last)
        count = 0
        while True:
            self._step()
            if self.place.ticks >= ticks:
                return Place(last, count)
            count += 1

    def _advance_a_block(self) -> None:
        """From one decision point to the next."""
        ticks = self._clock.ticks
        self._loop.decide()
        if self._clock.ticks == ticks:
            self._loop.advance(ticks + 1)

    def go_to(self, place: Place) -> None:
        """Take the machine to `place`, which it has been to or will come to."""
        self._go(place.ticks)
        while self.place.inside < place.inside:
            self._step()

    def _go(self, ticks: int) -> None:
        """Take the machine to the first decision point at or after `ticks`."""
        here = self._clock.ticks
        nearer = max((each for each in self._checkpoints.times if each <= ticks), default=0)
        if not self._processor.at_decision_point or here > ticks or here < nearer:
            self._put_back(ticks)
        self._run_on(ticks)

    def _run_on(self, ticks: int) -> None:
        """Run, past everything on the way, to the first decision point at or after `ticks`."""
        self._inside = 0
        asked = None
        while self._clock.ticks < ticks:
            before = self._clock.ticks
            stop = self._loop.run_to(ticks)
            if stop.reason is Reason.ASKED:
                asked = stop
            elif stop.reason is not Reason.LIMIT and self._clock.ticks == before:
                break
        if asked is not None:  # from outside, which has no part in the run: it is for whoever goes on
            self._loop.stop(asked)

    def run(self, detectors: Iterable[Detector] = (), until: int | None = None) -> Stop | Hit:
        """Go on until a detector finds something, the run stops, or virtual time reaches `until` ticks.

        At a hit the instruction that does it has not been executed; the one that stands here is passed.
        """
        wanted = list(detectors)
        stop = self._step()
        if stop is not None:
            return stop
        hits: list[Hit] = []

        def found(hit: Hit) -> None:
            self.overrunning()
            hits.append(hit)

        with self._looking(wanted, found):
            while self.place.inside and not hits:
                stop = self._step()
                if stop is not None:
                    return stop
        if hits:
            self.go_to(hits[0].place)
            return hits[0]
        return self._run_at_full_speed(wanted, until)

    def _run_at_full_speed(self, wanted: list[Detector], until: int | None) -> Stop | Hit:
        hits: list[Hit] = []

        def found(hit: Hit) -> None:
            if not hits:
                self.overrunning()
                self.machine.stop(Stop(Reason.ASKED))
            hits.append(hit)

        self._inside = 0
        with self._looking(wanted, found), self._advance():
            stop = self._loop.run_to(until)
        if not hits:
            return stop
        exact = [*self._in_block(hits[0].place.ticks, wanted), hits[0]][0]
        self.go_to(exact.place)
        return exact

    def run_back(self, detectors: Iterable[Detector]) -> Hit | None:
        """Go back to the last hit of a detector before here; at the start of the run there is none."""
        wanted = list(detectors)
        here = self.place
        begins = [each for each in self._checkpoints.times if each <= here.ticks]
        for begin, end in reversed(list(zip(begins, [*begins[1:], here.ticks + 1], strict=True))):
            last = self._last_hit(wanted, begin, end, here)
            if last is not None:
                self.go_to(last.place)
                return last
        self._go(self._checkpoints.times[0])
        return None

    def _last_hit(self, wanted: list[Detector], begin: int, end: int, here: Place) -> Hit | None:
        """The last hit before `here` in the blocks that begin from `begin` on, but before `end`."""
        hits: list[Hit] = []
        self._put_back(begin)
        with self._looking(wanted, hits.append):
            self._run_on(min(end, here.ticks))  # leaping to a checkpoint would miss what lies before it
        blocks = sorted({hit.place.ticks for hit in hits if hit.place.ticks < end} | {here.ticks} & {end - 1})
        for ticks in reversed(blocks):
            exact = [hit for hit in self._in_block(ticks, wanted) if hit.place < here]
            if exact:
                return exact[-1]
        return None

    def _in_block(self, ticks: int, detectors: list[Detector]) -> list[Hit]:
        """What is found in the block that begins at `ticks`, at the instructions that cause it."""
        self._go(ticks)
        self.overrunning()
        hits: list[Hit] = []
        with self._looking(detectors, hits.append):
            place = self.place
            while place.ticks <= ticks:
                if self._step() is not None or self.place <= place:
                    break
                place = self.place
        return hits

    @contextmanager
    def _looking(self, detectors: list[Detector], found: Callable[[Hit], None]) -> Iterator[None]:
        def tell(detector: Detector, text: str) -> None:
            found(Hit(detector, text, self.place))

        for detector in detectors:
            detector.attach(self.machine, tell)
        try:
            yield
        finally:
            for detector in detectors:
                detector.detach(self.machine)
