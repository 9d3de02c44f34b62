"""A machine that goes to any place of its run, and that somebody may change on the way.

Going back is going to the nearest checkpoint before, and forwards from there: the run is the same each time.
A change makes another run of it: the changed machine is kept, and whoever comes from before meets it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from emu.debug.errors import CommandError, GivenUpError
from emu.debug.places import Change, Hit, Kept, Place, Progress
from emu.machine.checkpoints import DEFAULT_BUDGET, Checkpoints, Follower, Stored
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop

INTERVAL_S = 0.15
"""Between checkpoints, of wall time."""
WORTH_KEEPING_S = 0.03
"""Where it took so long to go to, a checkpoint is taken: somebody looks around there."""


class Journey:
    """A tracked machine that can go back, and can be changed where it stands."""

    def __init__(
        self,
        machine: Machine,
        *,
        budget: int = DEFAULT_BUDGET,
        followers: Sequence[Follower] = (),
        stored: Stored | None = None,
    ) -> None:
        """The `followers` go back with the machine; `stored` is where it can go besides."""
        self.machine = machine
        self._loop, self._clock, self._processor = machine.loop, machine.clock, machine.processor
        self._budget = budget
        self._progress = Progress()
        self._changes: list[Change] = []
        self._steered: list[Place] = []
        """Where somebody has steered, in that order."""
        self._end: tuple[Place, Stop] | None = None
        self._followers = (*followers, self._progress)
        self._checkpoints = Checkpoints(machine, budget, self._followers, stored)
        self._inside = 0
        self._began = 0
        """When the last block before the last change that was met began."""
        self._taken_at = monotonic()
        self.overrunning: Callable[[], None] = lambda: None
        """Told that the machine runs on behind a hit for a little, before it is put back."""
        self._checkpoints.take()
        self.advancing = False
        """Whether the run goes where its user wants it to, not over what was run before."""
        self.may_give_up = False
        """Whether the machine is on a way that it gives up for whoever asks it to stop."""
        self.travelling: Callable[[], None] = lambda: None
        """Called now and then while the machine runs and does not advance."""
        self._stood: tuple[int, int, tuple[int, ...]] | None = None
        """The last step that did not leave its instruction: when, which there, with which registers."""
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

    @property
    def known_since(self) -> int:
        """From when on what follows the machine has seen the run that led here, in ticks."""
        return self._checkpoints.known.since

    @property
    def bytes_held(self) -> int:
        """Memory that checkpoints take."""
        return self._checkpoints.bytes_held

    @property
    def ended(self) -> Stop | None:
        """How the run ended, if the machine stands at its end: it goes no further."""
        return self._end[1] if self._end is not None and self.place >= self._end[0] else None

    def forget_future(self) -> None:
        """Somebody steers: from here on the run is another one than it was."""
        self._steered.append(self.place)
        self._checkpoints.forget_after(self.place.ticks)
        self.machine.inbox.forget_future()
        del self._changes[self._progress.met :]
        self._end = None

    def change(self, act: Callable[[], None]) -> None:
        """Let somebody change the machine as it stands here, which is then at a decision point.

        The change belongs to the run: going back to before it and forwards again meets it. Raises
        CommandError, and changes nothing, where too much memory is held by changes already.
        """
        if self._checkpoints.pinned_bytes + self._checkpoints.bytes_written > self._budget:
            raise CommandError(
                f"the changes made so far hold {self._budget >> 20} MiB of memory: go back and change less, "
                "or begin again"
            )
        before = self.place
        self.forget_future()
        if not self._processor.at_decision_point:
            self._processor.leave_block()
        self._inside = 0
        act()
        self._changes.append(Change(before, self._clock.ticks))
        self._progress.met += 1
        self._checkpoints.pin()

    def keep(self) -> Kept:
        """The machine as it is here, to be brought back later, whatever becomes of the run."""
        place = self.place
        self.go_to_time(place.ticks)
        kept = Kept(place, self.machine.save(), self._checkpoints.save_followers(), len(self._steered))
        self.go_to(place)
        return kept

    def bring_back(self, kept: Kept) -> bool:
        """Be the machine that was kept; where the run that led there is forgotten, it begins there.

        Whether its future is what it was.
        """
        place, since = kept.place, self._steered[kept.steered :]
        if all(steered > place for steered in since):
            self.go_to(place)
            return True
        self._steered.append(place)
        if place.ticks <= self.start.ticks or not self._is_reached_again(kept):
            self._begin_with(kept)
        self.go_to(place)
        return False

    def _is_reached_again(self, kept: Kept) -> bool:
        """Leave out what was done where `kept` was taken and later, and go there: whether it is the same."""
        place = kept.place
        self._put_back(place.ticks - 1)
        self._checkpoints.forget_after(self._clock.ticks)
        self._changes = [each for each in self._changes if each.ticks < place.ticks]
        self._end = None
        self.go_to_time(place.ticks)
        self.machine.inbox.forget_future()
        return self.machine.save() == kept.snapshot

    def _begin_with(self, kept: Kept) -> None:
        """Be the machine that was kept, and forget the run."""
        self.machine.restore(kept.snapshot)
        self._checkpoints = Checkpoints(self.machine, self._budget, self._followers)
        self._checkpoints.restore_followers(kept.followers)
        self._changes, self._progress.met, self._inside, self._end = [], 0, 0, None
        self.machine.inbox.forget_future()
        self._steered.append(Place(-1))  # what was kept before is not of this run
        self._checkpoints.take()

    def _meet(self) -> bool:
        """If the run has come to where somebody changed the machine, take the changed one; whether it has."""
        coming = self._coming
        if coming is None or self.place != coming.before:
            return False
        self._began = self._processor.block_began
        self._put_back(coming.ticks)
        return True

    @property
    def _coming(self) -> Change | None:
        """The change that the run meets next."""
        met = self._progress.met
        return self._changes[met] if met < len(self._changes) else None

    def _put_back(self, ticks: int) -> None:
        """To the last checkpoint at or before `ticks`."""
        self._checkpoints.go(ticks)
        self._inside = 0

    @contextmanager
    def _advance(self) -> Iterator[None]:
        """What is run meanwhile is new to its user, who may stop it anywhere."""
        self.advancing = True
        try:
            yield
        finally:
            self.advancing = False

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Whoever asks to stop the machine meanwhile has it go back to where it is now.

        Raises GivenUpError then. Inside another one of these, the outer one says where it goes back to.
        """
        if self.may_give_up:
            yield
            return
        here, self.may_give_up = self.place, True
        try:
            yield
        except GivenUpError:
            self.may_give_up = False
            self._put_back(here.ticks)
            self.go_to(here)
            raise
        finally:
            self.may_give_up = False

    def _is_put_off(self, stop: Stop | None) -> bool:
        """Whether a stop has no part in the run that is gone over, but is for whoever goes on later.

        Raises GivenUpError where the way is given up for it.
        """
        if self.advancing or stop is None or stop.reason is not Reason.ASKED:
            return False
        if self.may_give_up:
            raise GivenUpError
        return True

    def _breathe(self) -> None:
        if self.advancing:
            self._breathe_before()
        else:
            self.travelling()
        if monotonic() - self._taken_at > INTERVAL_S:
            self._checkpoints.take()
            self._taken_at = monotonic()

    def _noted(self, stop: Stop | None) -> Stop | None:
        """The same, and remembered if it is the end of the run."""
        if stop is not None and stop.reason not in (Reason.ASKED, Reason.LIMIT):
            self._end = self.place, stop
        return stop

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
        asked, ticks = None, self._clock.ticks
        while True:
            stop = self._step_once()
            if not self._is_put_off(stop):
                break
            asked, stop = stop, None
            if self._clock.ticks != ticks and not self._processor.halted:
                break  # it came behind a delivery, which is a step
        if asked is not None:
            self._loop.stop(asked)
        return stop

    def _step_once(self) -> Stop | None:
        if self.ended is not None:
            return self.ended
        ticks = self._clock.ticks
        if self._processor.at_decision_point:
            self._inside = 0
            stop = self._loop.decide()
            if stop is not None or self._clock.ticks != ticks:
                self._meet()
                return self._noted(stop)
        position = self._processor.code_position
        stop = self._loop.run_steps(1)
        self._inside += 1
        self._watch_progress(position)
        self._meet()
        return self._noted(stop)

    def _watch_progress(self, before: tuple[int, int]) -> None:
        """An instruction that moves neither time, nor RIP, nor a register is never left: we are wrong."""
        ticks, position = self._clock.ticks, self._processor.code_position
        if position != before:
            return
        held = self._processor.look().general
        if self._stood == (ticks, self._inside - 1, held):
            raise AssertionError(f"stepping does not get beyond {position[0]:04x}:{position[1]:x}")
        self._stood = ticks, self._inside, held

    def step_back(self, count: int = 1) -> bool:
        """Undo `count` steps; whether there were so many."""
        place = self.place
        while count:
            if place.inside:
                undone = min(count, place.inside)
                place, count = Place(place.ticks, place.inside - undone), count - undone
                continue
            before = self._before(place.ticks)
            if before is None:
                break
            place, count = before, count - 1
        self.go_to(place)
        return not count

    def _before(self, ticks: int) -> Place | None:
        """The last place before the decision point at `ticks`, or None at the start of the run."""
        if ticks <= self.start.ticks:
            return None
        self._put_back(ticks - 1)
        origin = self._last_place_known_before(ticks)
        self.go_to(origin)
        last = origin
        while self.place.ticks < ticks:
            last = self.place
            if self._step() is not None:
                break
        return last

    def _last_place_known_before(self, ticks: int) -> Place:
        """A place before the decision point at `ticks`, few steps away. The machine is at a checkpoint."""
        while True:
            checkpoint, halted = self._clock.ticks, self._processor.halted
            self._began = 0
            self._run_on(ticks)
            change = next((each for each in self._changes if each.ticks == ticks), None)
            if change is not None and change.before.inside:
                return Place(change.before.ticks, change.before.inside - 1)
            began = self._began if change is not None else self._processor.block_began
            if checkpoint < began < ticks:
                return Place(began)
            if not halted or checkpoint <= self.start.ticks:
                return Place(checkpoint)
            self._put_back(checkpoint - 1)  # it may lie amid idle time, where no step ends

    def go_to(self, place: Place) -> None:
        """Take the machine to `place`, which it has been to or will come to."""
        self.go_to_time(place.ticks)
        if self.place > place > self.start:
            self._step_to(place)
        while self.place.inside < place.inside and self.place.ticks == place.ticks:
            if self._step() is not None:
                break

    def _step_to(self, place: Place) -> None:
        """To where only steps come by: at full speed the engine does not announce what it cannot decode."""
        passed = self._clock.ticks
        self._put_back(place.ticks - 1)
        self.go_to_time(self._last_place_known_before(passed).ticks)
        while self.place < place:
            if self._step() is not None:
                break

    def go_to_time(self, ticks: int) -> None:
        """Take the machine to the first decision point at or after `ticks`."""
        here = self._clock.ticks
        nearer = max((each for each in self._checkpoints.times if each <= ticks), default=0)
        if not self._processor.at_decision_point or here > ticks or here < nearer:
            self._put_back(ticks)
        begun = monotonic()
        self._run_on(ticks)
        if monotonic() - begun > WORTH_KEEPING_S:
            self._checkpoints.take()

    def _run_on(self, ticks: int) -> None:
        """Run, past everything on the way, to the first decision point at or after `ticks`, or to the end."""
        self._inside = 0
        asked = None
        while self._clock.ticks < ticks and self.ended is None:
            before = self._clock.ticks
            stop = self._run_to(ticks)
            if self._is_put_off(stop):
                asked = stop
            elif stop is not None and stop.reason is not Reason.LIMIT and self._clock.ticks == before:
                break
        if asked is not None:
            self._loop.stop(asked)

    def _run_to(self, until: int | None, hits: Sequence[Hit] = ()) -> Stop | None:
        """From a decision point to a stop, to `until` ticks, or over a change or to a hit there (None)."""
        coming, met = self._coming, self._progress.met
        if coming is None or (until is not None and until < coming.before.ticks):
            stop = self._noted(self._loop.run_to(until))
            self._meet()  # it may be the first decision point from `until` on
            return stop
        reached = self._loop.run_to(coming.before.ticks)
        if reached.reason is not Reason.LIMIT or (until == coming.before.ticks and coming.before.inside):
            return self._noted(reached)
        self._meet()
        while self._progress.met == met and not hits:
            if self.place > coming.before:
                raise AssertionError(f"the run does not come by {coming.before}, where it was changed")
            stop = self._step()
            if stop is not None:
                return stop
        return None
