"""The run loop: the processor runs, and at each decision point the machine decides.

A decision point is where a block begins, or just after a delivery. There what has come from outside is
taken, timers fire, requests to stop are heeded, resets happen and interrupts are delivered, in this order.
How often the loop comes by makes no difference to the run: slices, single steps and observers all give the
same one. So the loop may look at the host's clock to choose how often, and does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from typing import Protocol

from emu.core.clock import Clock
from emu.core.processor import Exit, Processor
from emu.machine.inbox import Inbox
from emu.machine.outside import Outside

NS_PER_S = 1_000_000_000
SHORTEST_BREATH, LONGEST_BREATH = 0x400, 0x400_0000
"""The engine comes back at least after so many ticks, so that a signal from the user is heard."""
MOST_FRUITLESS = 10_000
"""In a row: returns of the processor without an instruction; what it returned for was then done each time."""
QUICK_S, SLOW_S = 0.005, 0.05
"""Breaths that take less wall time become longer, those that take more become shorter."""


class Reason(Enum):
    """Why a run stopped."""

    REPORTED = "the guest reported its result"
    POWERED_OFF = "the guest switched the machine off"
    RESET = "the machine was reset"
    CRASHED = "triple fault"
    IDLE = "idle for ever: halted, and nothing will interrupt"
    LIMIT = "the limit of virtual time was reached"
    ASKED = "somebody asked"


@dataclass(frozen=True)
class Stop:
    """How a run ended; `status` is what the guest wrote to the exit port, `detail` adds words."""

    reason: Reason
    status: int | None = None
    detail: str = ""


class InterruptSource(Protocol):
    """What answers the processor's interrupt acknowledge cycle."""

    def acknowledge(self) -> int:
        """The vector to deliver."""


@dataclass
class Pace:
    """How the loop advances: in slices of so many bytes of guest code, or by single instructions."""

    slice_bytes: int | None = None
    single_step: bool = False


class Pending:
    """What the next decision point is to heed; goes back with the machine."""

    def __init__(self) -> None:
        self.stop: Stop | None = None
        self.reset = False

    def save(self) -> tuple[Stop | None, bool]:
        """What the run itself has asked for: somebody outside who asks is no part of it."""
        own = self.stop is not None and self.stop.reason is not Reason.ASKED
        return self.stop if own else None, self.reset

    def restore(self, saved: tuple[Stop | None, bool]) -> None:
        """The machine was put back; somebody outside is heard all the same."""
        stop, self.reset = saved
        if stop is not None or (self.stop is not None and self.stop.reason is not Reason.ASKED):
            self.stop = stop


class RunLoop:
    """Runs one processor against one clock."""

    def __init__(
        self,
        *,
        processor: Processor,
        clock: Clock,
        interrupts: InterruptSource,
        reset: Callable[[], None],
        shut_down: Callable[[], Stop | None] = lambda: Stop(Reason.CRASHED),
        inbox: Inbox | None = None,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        """`reset` resets the whole machine; `shut_down` is told of a triple fault, and gives the stop that it
        is, or None where it has requested a reset; `breathe` is called now and then, between blocks.

        Without an `inbox` nothing comes from outside.
        """
        self._processor = processor
        self._clock = clock
        self._interrupts = interrupts
        self._reset = reset
        self._shut_down = shut_down
        self._inbox = inbox or Inbox(
            clock=clock, retired=lambda: processor.retired, wake=processor.ask_exit, appliers={}
        )
        self.outside = Outside(clock.ticks_per_ns * NS_PER_S)
        self.breathe = breathe
        self.watchers: list[Callable[[], None]] = []
        """Called at every decision point: while there are any, the loop comes by each."""
        self.pace = Pace()
        self._breath = SHORTEST_BREATH
        self.pending = Pending()

    def stop(self, stop: Stop) -> None:
        """End the run at the next decision point; the first request wins."""
        self.pending.stop = self.pending.stop or stop
        self._processor.ask_exit()

    def take_stop(self) -> Stop | None:
        """The request to stop that has not been heeded yet, if any; it is then."""
        stop, self.pending.stop = self.pending.stop, None
        return stop

    def request_reset(self) -> None:
        """Reset the machine at the next decision point."""
        self.pending.reset = True
        self._processor.ask_exit()

    def run(self, until_ns: int | None = None) -> Stop:
        """Run until something stops the machine, or virtual time reaches `until_ns`."""
        return self.run_to(None if until_ns is None else until_ns * self._clock.ticks_per_ns)

    def run_to(self, until: int | None) -> Stop:
        """The same with virtual time in ticks, which tells all decision points apart."""
        while True:
            if self._processor.at_decision_point:
                stop = self.decide(until)
                if stop is not None:
                    return stop
            if self.advance(until) is Exit.SHUTDOWN:
                stop = self._shut_down()
                if stop is not None:
                    return stop

    def run_steps(self, count: int) -> Stop | None:
        """Execute `count` instructions; the stop that ended the run before that, if any."""
        fruitless = 0
        while count:
            if self._processor.at_decision_point:
                stop = self.decide(None)
                if stop is not None:
                    return stop
            self._clock.set_limit(self._inbox.attention_at())
            ended = self._processor.step()
            if ended is Exit.SHUTDOWN:
                stop = self._shut_down()
                if stop is not None:
                    return stop
            if ended in (Exit.STEPPED, Exit.HALTED, Exit.SHUTDOWN):
                count, fruitless = count - 1, 0
            elif fruitless == MOST_FRUITLESS:
                raise AssertionError(f"the processor executes no instruction at {self._clock.ticks} ticks")
            else:
                fruitless += 1
        return None

    def advance(self, until: int | None = None) -> Exit:
        """Let the processor go once, a slice or a step; the caller decides afterwards."""
        limit = self._clock.ticks + (1 if self.watchers else self.pace.slice_bytes or self._breath)
        self._clock.set_limit(_earliest(limit, until, self._inbox.attention_at()))
        if self.pace.single_step:
            return self._processor.step()
        begun = monotonic()
        ended = self._processor.run()
        self._adjust_breath(monotonic() - begun, reached=self._clock.ticks >= limit)
        return ended

    def _adjust_breath(self, wall_s: float, *, reached: bool) -> None:
        """A guest may be slow to run (it stores into its own code, say); breaths are short then."""
        if wall_s > SLOW_S:
            self._breath = max(self._breath // 4, SHORTEST_BREATH)
        elif wall_s < QUICK_S and reached:
            self._breath = min(self._breath * 2, LONGEST_BREATH)

    def decide(self, until: int | None = None) -> Stop | None:
        """At a decision point, do what is due here; the stop that ends the run, if any."""
        while True:
            self.breathe()
            for watch in self.watchers:
                watch()
            self.outside.poll()
            self._inbox.deliver()
            self._clock.fire_due()
            stop = self.take_stop()
            if stop is not None:
                return stop
            if until is not None and self._clock.ticks >= until:
                return Stop(Reason.LIMIT)
            if self.pending.reset:
                self.pending.reset = False
                self._reset()
            if self._processor.interrupt_wanted and self._processor.can_interrupt():
                self._processor.interrupt(self._interrupts.acknowledge())
                continue
            if not self._processor.halted:
                return None
            if not self._pass_idle_time(until):
                return Stop(Reason.IDLE)

    def _pass_idle_time(self, until: int | None) -> bool:
        """Advance towards what comes next while halted; False if nothing will ever wake the processor."""
        if not self._processor.interrupts_enabled:
            return False
        deadline = self._clock.next_deadline()
        timer = None if deadline is None else deadline * self._clock.ticks_per_ns
        coming = _earliest(timer, self._inbox.next_ticks())
        if coming is None:
            self._inbox.look()
            coming = self._inbox.next_ticks()
        if coming is None and not self.outside.is_open:
            return False
        known = coming is not None or self.outside.is_paced  # else input decides when the limit is reached
        target = _earliest(coming, until) if known else None
        self._clock.skip_to(self.outside.idle(self._clock.ticks, target))
        return True


def _earliest(*ticks: int | None) -> int | None:
    return min((each for each in ticks if each is not None), default=None)
