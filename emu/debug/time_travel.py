"""Looking for something in a run, forwards and backwards.

What is looked for (a port access, an address) may lie inside a block, where the engine cannot stop: a hit is
noted with its block, the machine is taken back to the block's beginning and stepped to the instruction, which
has then not been executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from emu.debug.journey import Journey
from emu.debug.places import BetweenBlocks, Detector, Hit, Place
from emu.machine.run_loop import Reason, Stop

Accept = Callable[[Hit], bool]
"""Whether a hit is one to stop for. It may look at the machine, which runs, and not change it."""


def always(hit: Hit) -> bool:
    """Every hit."""
    return True


class TimeTravel(Journey):
    """A machine that finds what it is asked for on its way."""

    def run(
        self, detectors: Iterable[Detector] = (), until: int | None = None, accept: Accept = always
    ) -> Stop | Hit:
        """Go on until a detector finds something, the run stops, or virtual time reaches `until` ticks.

        At a hit the instruction that does it has not been executed; the one that stands here is passed.
        `accept` says of each hit, where it is found, whether it is one to stop for.
        """
        wanted = list(detectors)
        hits: list[Hit] = []
        mine = Stop(Reason.ASKED)

        def found(hit: Hit) -> None:
            if not hits and accept(hit):
                if not hit.between:
                    self.overrunning()
                self.machine.stop(mine)
                hits.append(hit)

        # A change of mode lies behind the instruction that makes it: it counts if that is passed.
        between, begin = [each for each in wanted if isinstance(each, BetweenBlocks)], self.place
        with self._advance(), self._looking(between, found):
            stop = self._step()
            stepped = False
            if stop is None:
                with self._looking([each for each in wanted if each not in between], found):
                    while self.place.inside and not hits and stop is None:
                        stop = self._step()
                    stepped = bool(hits)
                    stop = stop if stop is not None or hits else self._run_to_a_hit(until, hits)
        if self._loop.pending.stop is mine:
            self._loop.take_stop()
        if not hits:
            assert stop is not None
            return stop
        exact = hits[0]
        if not stepped or exact.began < exact.place.ticks:
            exact = self._exactly(exact, wanted, begin)
        self.go_to(exact.place)
        return exact

    def _run_to_a_hit(self, until: int | None, hits: list[Hit]) -> Stop | None:
        """At full speed to a stop, or to the end of a block in which there is a hit (None)."""
        stop: Stop | None = None
        while stop is None and not hits:
            self._inside = 0
            stop = self._run_to(until, hits)
        return stop

    def _exactly(self, hit: Hit, wanted: list[Detector], begin: Place) -> Hit:
        """The same hit, with the instruction that causes it, which is one after `begin`."""
        if hit.between:
            return hit
        found = self._in_block(hit.began, hit.place.ticks, wanted)
        again = [each for each in found if each.detector is hit.detector and each.place > begin]
        return again[min(hit.number, len(again) - 1)] if again else hit

    def run_back(self, detectors: Iterable[Detector], accept: Accept = always) -> Hit | None:
        """Go back to the last hit of a detector before here; at the start of the run there is none."""
        wanted = list(detectors)
        here = self.place
        begins = [each for each in self._checkpoints.times if each <= here.ticks]
        for begin, end in reversed(list(zip(begins, [*begins[1:], here.ticks + 1], strict=True))):
            last = self._last_hit(wanted, begin, end, here, accept)
            if last is not None:
                self.go_to(last.place)
                return last
        self.go_to_time(self._checkpoints.times[0])
        return None

    def _last_hit(
        self, wanted: list[Detector], begin: int, end: int, here: Place, accept: Accept
    ) -> Hit | None:
        """The last hit before `here` in the blocks that begin from `begin` on, but before `end`."""
        blocks: dict[int, Hit] = {}

        def found(hit: Hit) -> None:
            if hit.place.ticks < end and hit.place < here and accept(hit):
                blocks[hit.began] = hit

        self._put_back(begin)
        with self._looking(wanted, found):
            self._run_on(min(end, here.ticks))  # leaping to a checkpoint would miss what lies before it
        for ticks in sorted({*blocks, *({here.ticks} & {end - 1})}, reverse=True):
            until = blocks[ticks].place.ticks if ticks in blocks else ticks
            found_there = self._in_block(ticks, until, wanted)
            exact = [each for each in found_there if each.place < here and accept(each)]
            if exact:
                return exact[-1]
            if ticks in blocks and blocks[ticks].between:
                return blocks[ticks]
        return None

    def _in_block(self, began: int, until: int, detectors: list[Detector]) -> list[Hit]:
        """What is found in the block that begins at `began`, before the instructions that cause it.

        Those that leave it do so at `until`.
        """
        self.go_to(Place(began))
        self.overrunning()
        hits: list[Hit] = []
        place = self.place

        def found(hit: Hit) -> None:
            hits.append(hit if hit.between else replace(hit, place=place))

        with self._looking(detectors, found):
            while place.ticks <= until:
                if self._step() is not None or self.place <= place:
                    break
                place = self.place
        return [hit for hit in hits if not hit.between]

    @contextmanager
    def _looking(self, detectors: Sequence[Detector], found: Callable[[Hit], None]) -> Iterator[None]:
        counts: dict[Detector, tuple[int, int]] = {}
        since = self.place.ticks

        def tell(
            detector: Detector,
            text: str,
            values: Mapping[str, int] = {},
            *,
            between: bool = False,
            left: bool = False,
        ) -> None:
            place = self.place
            # Code that cannot be decoded where a block would begin opens none.
            was_open = left and since <= self._processor.block_began <= place.ticks
            began = self._processor.block_began if was_open else place.ticks
            block, number = counts.get(detector, (-1, 0))
            number = number if block == began else 0
            counts[detector] = began, number + 1
            found(Hit(detector, text, place, values, number, between, began))

        for detector in detectors:
            detector.attach(self.machine, tell)
        try:
            yield
        finally:
            for detector in detectors:
                detector.detach(self.machine)
