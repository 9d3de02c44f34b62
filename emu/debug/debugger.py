"""One debugging session: a machine, where it has been, and what a person set up to find.

Knows nothing of terminals: lines go out through `say`, commands come in through `commands.execute`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emu.debug.breakpoints import Breakpoint
from emu.debug.errors import CommandError
from emu.debug.expressions import evaluate
from emu.debug.gates import Gates
from emu.debug.overrides import Override, Overrides
from emu.debug.places import Detector, Hit, Place
from emu.debug.time_travel import TimeTravel
from emu.inspect.decoders import PciDecoder, UnplugDecoder
from emu.inspect.history import History, describe
from emu.inspect.outcome import Verdict, judge
from emu.inspect.symbols import SymbolFiles
from emu.inspect.view import Names, View
from emu.machine.checkpoints import Follower
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop

TIME_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


class Debugger:
    """A session with one tracked machine."""

    def __init__(
        self,
        machine: Machine,
        *,
        say: Callable[[str], None],
        gates: Gates | None = None,
        followers: Sequence[Follower] = (),
        limit: int | None = None,
        console: Callable[[], bytes] = lambda: b"",
        symbols: SymbolFiles | None = None,
    ) -> None:
        """`gates` has made the machine's outlets; the `followers` go back with the machine; `limit` is where
        runs end, in ticks; `console` gives the end of what the guest wrote.
        """
        self.machine, self.say = machine, say
        self.limit = limit
        self.symbols = symbols or SymbolFiles()
        self.status: int | None = None
        """The exit status, once the session is over."""
        self.asking = False
        """Whether a person is asked for a command: nothing is under way then."""
        self.interrupted = False
        """Whether a person has asked to stop since this was last cleared."""
        self.breakpoints: list[Breakpoint] = []
        self.previous: dict[str, int] = {}
        """The registers at the stop before, to mark what has changed."""
        self.view = View(machine)
        self.decoders = (PciDecoder(machine.pci), UnplugDecoder(machine.pc.unplug, machine.ports))
        self.history = History(machine.clock, machine.ports, self.decoders)
        self.show_stop: Callable[[Debugger], None] = show_line
        """Shows where the machine has come to."""
        self.overrides = Overrides()
        self._gates = gates or Gates()
        self._console = console
        self._numbers = 0
        machine.observers.attach(self.history)
        self.travel = TimeTravel(machine, followers=(self._gates, self.history, *followers))
        self.travel.overrunning = self._gates.hold

    def names(self, **extra: int) -> Names:
        """What names stand for, here and now."""
        return Names(self.view, self.symbols, **extra)

    def value(self, text: str) -> int:
        """The value of an expression. Raises CommandError."""
        return evaluate(text, self.names())

    def words(self, port: int, width: int, value: int, write: bool) -> str:
        """An access to a port in words."""
        return describe(port, width, value, write, self.machine.ports, self.decoders)

    def time(self, ticks: int) -> str:
        """A moment, for people."""
        return f"{ticks / self.machine.clock.ticks_per_ns / 1e6:.6f} ms"

    def ticks(self, text: str) -> int:
        """A time such as `29.18ms`, in ticks. Raises CommandError."""
        word = text.strip().lower().replace(" ", "")
        number = word.rstrip("abcdefghijklmnopqrstuvwxyz")
        unit = word[len(number) :] or "s"
        try:
            return round(float(number) * TIME_UNITS[unit] * self.machine.clock.ticks_per_ns)
        except (ValueError, KeyError, OverflowError):
            raise CommandError(f"{text!r} is no time: give one such as 29.18ms, 5us or 0.5s") from None

    def set_breakpoint(self, text: str, detector: Detector, condition: str | None) -> Breakpoint:
        """Stop for what `detector` finds, from now on."""
        self._numbers += 1
        self.breakpoints.append(Breakpoint(self._numbers, text, detector, condition))
        return self.breakpoints[-1]

    def forwards(self, extra: Sequence[Detector] = (), *, passed: Breakpoint | None = None) -> None:
        """Go on until a breakpoint, an `extra` detector (if `passed` is its, on a condition) or the end."""
        self._remember()
        while True:
            result = self.travel.run([*self._detectors(), *extra], self.limit)
            if not isinstance(result, Hit):
                self.stopped(self.ended(result))
                return
            if passed is not None and result.detector is passed.detector:
                if passed.condition is None or self.value(passed.condition):
                    self.stopped("")
                    return
            elif self._wanted(result):
                self.stopped(self._named(result))
                return

    def backwards(self, extra: Sequence[Detector] = (), *, only: bool = False) -> bool:
        """Go back to the last hit of a breakpoint (with `only`, of `extra` alone); whether there is one."""
        self._remember()
        while True:
            detectors = list(extra) if only else [*self._detectors(), *extra]
            hit = self.travel.run_back(detectors)
            if hit is None:
                self.stopped("at the start: nothing was found before")
                return False
            if self._wanted(hit):
                self.stopped(self._named(hit))
                return True

    def step(self, count: int) -> None:
        """Execute `count` instructions."""
        self._remember()
        stop = self.travel.step(count)
        self.stopped("" if stop is None else self.ended(stop))

    def step_back(self, count: int) -> None:
        """Undo `count` instructions."""
        self._remember()
        self.stopped("" if self.travel.step_back(count) else "at the start: nothing is before")

    def go_to(self, place: Place) -> None:
        """Go to a place of this run."""
        self._remember()
        self.travel.go_to(max(place, self.travel.start))
        self.stopped("")

    def override(self, port: int, value: int, times: int | None, width: int | None) -> Override:
        """Let the guest read `value` from here on: the run becomes another one."""
        self.steer()
        made = Override(port, value, self.machine.clock.ticks, times, width)
        self.overrides.all.append(made)
        self.machine.ports.override = self._answer
        return made

    def change(self, act: Callable[[], None]) -> None:
        """Let somebody change the machine as it stands here. Raises CommandError: see TimeTravel."""
        ticks = self.machine.clock.ticks

        def steered() -> None:
            self._others_forget(ticks)
            act()

        self.travel.change(steered)

    def steer(self) -> None:
        """The run becomes another one from here on."""
        self.travel.forget_future()
        self._others_forget(self.machine.clock.ticks)

    def _others_forget(self, ticks: int) -> None:
        self.overrides.forget_after(ticks)
        self._gates.forget_future()

    def interrupt(self) -> None:
        """A person wants the machine to stop."""
        self.interrupted = True
        self.machine.stop(Stop(Reason.ASKED, detail="by Ctrl-C"))

    def stopped(self, why: str) -> None:
        """Show where the machine is, and why it stopped there."""
        if why:
            self.say(why)
        self.show_stop(self)

    def ended(self, stop: Stop) -> str:
        """In words, why a run ended."""
        match stop.reason:
            case Reason.ASKED:
                return f"stopped: {stop.detail or 'somebody asked'}"
            case Reason.LIMIT:
                return "stopped: the limit of virtual time was reached (--limit)"
            case _:
                verdict = self.verdict(stop)
                return f"ended: {verdict.outcome.name}: {verdict.reason}"

    def verdict(self, stop: Stop) -> Verdict:
        """What the guest made of it."""
        return judge(stop, self._console())

    def _answer(self, port: int, width: int, value: int) -> int:
        return self.overrides.answer(port, width, value, self.machine.clock.ticks)

    def _detectors(self) -> list[Detector]:
        return [each.detector for each in self.breakpoints]

    def _breakpoint(self, hit: Hit) -> Breakpoint | None:
        return next((each for each in self.breakpoints if each.detector is hit.detector), None)

    def _wanted(self, hit: Hit) -> bool:
        found = self._breakpoint(hit)
        if found is None:
            return True
        if found.condition is not None and not self.value(found.condition):
            return False
        found.hits += 1
        return True

    def _named(self, hit: Hit) -> str:
        found = self._breakpoint(hit)
        return hit.text if found is None else f"break {found.number}: {hit.text}"

    def _remember(self) -> None:
        self.previous = self.view.registers()


def show_line(debugger: Debugger) -> None:
    """Where the machine is, in one line: time, address, instruction."""
    view, held = debugger.view, debugger.view.registers()
    code = view.disassemble(view.here, 1)
    text = code[0].text if code else "(nothing is mapped here)"
    if debugger.machine.processor.halted:
        text = "(halted) " + text
    time = debugger.time(debugger.machine.clock.ticks)
    where = debugger.symbols.describe(view.here, view.read)
    debugger.say(f"{time:>16}  {held['cs']:04x}:{held['rip']:08x} {f'<{where}> ' if where else ''} {text}")
