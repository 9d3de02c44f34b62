"""One debugging session: a machine, where it has been, and what a person set up to find.

Knows nothing of terminals: lines go out through `say`, commands come in through `commands.execute`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

from emu.debug.breakpoints import Breakpoint, ElsewhereError, Midway
from emu.debug.errors import CommandError, GivenUpError
from emu.debug.expressions import evaluate
from emu.debug.gates import Gates
from emu.debug.overrides import Override, Overrides
from emu.debug.places import Hit, Kept, Place
from emu.debug.time_travel import TimeTravel
from emu.inspect.decoders import PciDecoder, UnplugDecoder
from emu.inspect.history import History, describe
from emu.inspect.outcome import Verdict, judge
from emu.inspect.protocol_watch import ProtocolWatch
from emu.inspect.symbols import SymbolFiles
from emu.inspect.view import Names, View
from emu.machine.checkpoints import Follower, Stored
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop

MOST_KEPT = 256 << 20
"""Bytes of memory that snapshots may hold before another is refused."""
TIME_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


@dataclass(frozen=True)
class Snapshot:
    """The machine and the overrides of its run, as they were."""

    machine: Kept
    overrides: list[Override]

    @property
    def size(self) -> int:
        """About how many bytes it holds."""
        return sum(map(len, (self.machine.snapshot.memory or {}).values()))


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
        stored: Stored | None = None,
    ) -> None:
        """`gates` has made the machine's outlets; the `followers` go back with the machine, also to what is
        `stored`; `limit` is where runs end, in ticks; `console` gives the end of what the guest wrote.
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
        self.kept: dict[str, Snapshot] = {}
        """The machine as it was, by names that a person gave."""
        self._gates = gates or Gates()
        self._console = console
        self._numbers = 0
        self._judged = False
        """Whether everything was known where the last hit was found."""
        machine.observers.attach(self.history)
        self.protocol = ProtocolWatch(machine, self.symbols)
        """What the driver did by the unplug protocol, up to here."""
        self.travel = TimeTravel(
            machine, followers=(self._gates, self.history, self.protocol, *followers), stored=stored
        )
        self.travel.overrunning = self._gates.hold

    def names(self, **extra: int) -> Names:
        """What names stand for, here and now."""
        return Names(self.view, self.symbols, **extra)

    def value(self, text: str, **extra: int) -> int:
        """The value of an expression. Raises CommandError."""
        return evaluate(text, self.names(**extra))

    def words(self, port: int, width: int, value: int, write: bool) -> str:
        """An access to a port in words."""
        return describe(port, width, value, write, self.machine.ports, self.decoders)

    def unknown(self) -> list[str]:
        """What to say where the beginning of the run was not seen: a recording was opened amid it."""
        since = self.travel.known_since
        if since <= self.travel.start.ticks:
            return []
        return [f"(known since {self.time(since)} only; to see all: `goto start`, then `continue`)"]

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

    def set_breakpoint(self, made: Breakpoint) -> Breakpoint:
        """Stop for what its detector finds, from now on; it gets the next number."""
        self._numbers += 1
        made.number = self._numbers
        self.breakpoints.append(made)
        return made

    def forwards(self, extra: Sequence[Breakpoint] = (), *, place: Place | None = None) -> None:
        """Go on until a breakpoint, one of the `extra` ones, `place`, or the end."""
        self._remember()
        result = self.run(extra, until=None if place is None else place.ticks)
        if isinstance(result, Hit):
            self._arrived(result, [*extra, *self.breakpoints])
        elif place is not None and result.reason is Reason.LIMIT:
            self.travel.go_to(place)
            self.stopped("")
        else:
            self.stopped(self.ended(result))

    def run(self, extra: Sequence[Breakpoint], *, heed: bool = True, until: int | None = None) -> Hit | Stop:
        """The same without showing where it led; breakpoints are heeded if wanted."""
        wanted = [*extra, *(self._enabled() if heed else ())]
        limit = min((each for each in (until, self.limit) if each is not None), default=None)
        while True:
            result = self.travel.run(
                [each.detector for each in wanted], limit, lambda hit: self._stops(hit, wanted)
            )
            if not isinstance(result, Hit) or self._stops_here(result, wanted):
                return result

    def backwards(self, wanted: Sequence[Breakpoint], *, or_to_start: bool = False) -> None:
        """Go back to the last hit of one of these, or if there is none, stay. Counts count forwards only."""
        self._remember()
        here = self.travel.place
        with self.on_the_way():
            hit = self.run_back(wanted)
            if hit is not None:
                self._arrived(hit, wanted)
            elif or_to_start:
                self.stopped("at the start: nothing was found before")
            else:
                self.travel.go_to(here)
                self.stopped("nothing was found before: still here")

    def run_back(self, wanted: Sequence[Breakpoint]) -> Hit | None:
        """The same without showing where it led."""
        while True:
            hit = self.travel.run_back(
                [each.detector for each in wanted], lambda hit: self._may_stop(hit, wanted)
            )
            if hit is None or self._holds(hit, wanted):
                return hit

    def backwards_to_breakpoints(self) -> None:
        """Go back to the last hit of a breakpoint that is not just logged."""
        self.backwards(self.stopping, or_to_start=True)

    @property
    def stopping(self) -> list[Breakpoint]:
        """The breakpoints that are heeded and do not just log."""
        return [each for each in self._enabled() if each.log is None]

    def step(self, count: int) -> None:
        """Execute `count` instructions."""
        self._remember()
        stop = self.travel.step(count)
        self.stopped("" if stop is None else self.ended(stop))

    def step_back(self, count: int) -> None:
        """Undo `count` instructions."""
        self._remember()
        with self.on_the_way():
            self.stopped("" if self.travel.step_back(count) else "at the start: nothing is before")

    def go_to_time(self, ticks: int) -> None:
        """Go to a moment of this run."""
        self._remember()
        with self.on_the_way():
            self.travel.go_to_time(max(ticks, self.travel.start.ticks))
            self.stopped("")

    @contextmanager
    def on_the_way(self) -> Iterator[None]:
        """Movements over what was run before: whoever asks to stop has the machine back where it was."""
        if self.travel.may_give_up:  # part of a larger one
            yield
            return
        try:
            with self.travel.interruptible():
                yield
        except GivenUpError:
            self.stopped("given up: back where it was")

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

    def keep(self, name: str | None) -> str:
        """Keep the machine as it is here, under `name` or a number; the name. Raises CommandError."""
        held = sum(each.size for each in self.kept.values())
        if held > MOST_KEPT:
            raise CommandError(f"snapshots hold {held >> 20} MiB already: begin a new session for more")
        chosen = name or next(str(n) for n in range(1, len(self.kept) + 2) if str(n) not in self.kept)
        self.kept[chosen] = Snapshot(self.travel.keep(), deepcopy(self.overrides.all))
        return chosen

    def bring_back(self, name: str) -> None:
        """Go back to what was kept."""
        self._remember()
        kept = self.kept[name]
        if not self.travel.bring_back(kept.machine):
            self.overrides.all = deepcopy(kept.overrides)
            self._gates.forget_future()
        self.stopped("")

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

    def _enabled(self) -> list[Breakpoint]:
        return [each for each in self.breakpoints if each.enabled]

    def _may_stop(self, hit: Hit, wanted: Sequence[Breakpoint]) -> bool:
        """Where a hit is found: whether its condition may hold."""
        condition = _owner(hit, wanted).condition
        try:
            return condition is None or bool(self._midway(hit).value(condition))
        except (ElsewhereError, CommandError):
            return True

    def _stops(self, hit: Hit, wanted: Sequence[Breakpoint]) -> bool:
        """Where a hit is found, going forwards: whether to stop for it, or to look closer."""
        found, self._judged = _owner(hit, wanted), False
        midway = self._midway(hit)
        try:
            if found.condition is not None and not midway.value(found.condition):
                return False
            values = [f"{each} = {midway.value(each):#x}" for each in found.log or ()]
        except (ElsewhereError, CommandError):
            return True
        self._judged = True
        if not found.counts():
            return False
        if found.log is None:
            return True
        self._log(found, hit, values)
        return False

    def _stops_here(self, hit: Hit, wanted: Sequence[Breakpoint]) -> bool:
        """Where the machine was taken to a hit: whether to stop for it."""
        found = _owner(hit, wanted)
        if self._judged:
            return True
        if not self._holds(hit, wanted) or not found.counts():
            return False
        if found.log is None:
            return True
        self._log(found, hit, [f"{each} = {self.value(each, **hit.values):#x}" for each in found.log])
        return False

    def _holds(self, hit: Hit, wanted: Sequence[Breakpoint]) -> bool:
        condition = _owner(hit, wanted).condition
        return condition is None or bool(self.value(condition, **hit.values))

    def _log(self, found: Breakpoint, hit: Hit, values: list[str]) -> None:
        guest = self.machine.processor.look()
        where = self.symbols.describe(guest.linear_ip, guest.read) or f"{guest.linear_ip:#x}"
        time = self.time(self.machine.clock.ticks)
        self.say("  ".join([f"{time:>16}", where, f"break {found.number}: {hit.text}", *values]))

    def _midway(self, hit: Hit) -> Midway:
        return Midway(hit, self.machine.processor.look(), self.symbols)

    def _arrived(self, hit: Hit, wanted: Sequence[Breakpoint]) -> None:
        self.stopped(self.met(hit, wanted))

    def met(self, hit: Hit, wanted: Sequence[Breakpoint]) -> str:
        """The machine stands at a hit: which breakpoint it is of, in words. One that is for once goes."""
        found = _owner(hit, wanted)
        if found.once and found in self.breakpoints:
            self.breakpoints.remove(found)
        return f"break {found.number}: {hit.text}" if found.number else hit.text if found.tells else ""

    def _remember(self) -> None:
        self.previous = self.view.registers()


def _owner(hit: Hit, wanted: Sequence[Breakpoint]) -> Breakpoint:
    return next(each for each in wanted if each.detector is hit.detector)


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
