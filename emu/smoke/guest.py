"""`emu_guest`: a guest at the hands of a test in Python.

def test_everything_leaves(emu_guest):
    guest = emu_guest("unplug-all", profile="qemu")
    guest.run_until("Gone: NIC")
    assert guest.unplugged == {"disks", "nics"}
    assert guest.run() == "SUCCESS"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emu.inspect.explanation import Explainer
from emu.inspect.programs import load_symbols
from emu.inspect.screen import lines_of
from emu.inspect.summary import as_text
from emu.inspect.transcript_rows import row
from emu.inspect.view import View
from emu.machine.config import MachineConfig
from emu.machine.inbox import Arrival
from emu.machine.keys import strokes
from emu.machine.machine import Machine
from emu.machine.run_loop import Reason, Stop
from emu.smoke import evidence
from emu.smoke.covered import Covered
from emu.smoke.departures import contract
from emu.smoke.golden import text_of
from emu.smoke.guest_watches import FOUND, GuestMemory, PortsSeen, Waiter
from emu.smoke.keep import kept
from emu.smoke.result import CaseResult, Ending
from emu.smoke.tables import DEFAULT_VIRTUAL_S, DEFAULT_WALL_S
from emu.smoke.watched import Watched, wall_limit

NS_PER_S = 1_000_000_000
LOOK_S = 0.001
"""How often a condition in Python is asked, in the guest's time."""

Condition = str | re.Pattern[str] | Callable[["Guest"], bool] | float


class GuestError(AssertionError):
    """The guest did not do what a test waited for."""


class Guest:
    """A machine with a guest, stopped until the test runs it. Time is the guest's: the same in each run.

    Where a test fails, what this guest did last is shown; the fixture closes it.
    """

    def __init__(
        self,
        config: MachineConfig,
        *,
        wall_s: float = DEFAULT_WALL_S,
        full: bool = False,
        coverage: str | None = None,
    ) -> None:
        """`full`: have a timeline for a report; `coverage`: count for this format which code runs.

        Raises ConfigError where the configuration asks for the impossible.
        """
        self.config = config
        self._watched = Watched(config, wall_s=wall_s)
        self._wall_s = wall_s
        self._symbols, complaints = load_symbols(config)
        self._explainer = Explainer(self.machine, self._symbols, complaints)
        self._ports = PortsSeen(self.machine)
        self._waiter = Waiter(self.machine)
        self.machine.observers.attach(self._ports)
        self.machine.observers.attach(self._waiter)
        self.memory = GuestMemory(self.machine)
        self._timeline = self._watched.timeline() if full else None
        self._covered = Covered(self._watched, coverage)
        self._last: dict[str, Any] | None = None

    # running

    def run(self, limit: float | None = None) -> str:
        """Run to the guest's end: SUCCESS, SKIP, ERROR (silence, `limit` seconds are over), FAILURE or CRASH.

        Raises GuestError where it takes too long on the wall clock.
        """
        __tracebackhide__ = True
        self._run_to(self._limit_ns(limit))
        return self.outcome

    def run_until(self, condition: Condition, limit: float | None = None) -> str:
        """Run until the condition holds; the line of the console that it is about, as far as it has come.

        A text or a regular expression: the console shows it, behind what an earlier call has found. A
        function: it says True of this guest; it is asked each millisecond of the guest's time. A number:
        so many seconds of the guest's time are over since the start.

        Raises GuestError where the guest ends first, or `limit` seconds of its time are over.
        """
        __tracebackhide__ = True
        limit_ns = self._limit_ns(limit)
        match condition:
            case str() | re.Pattern():
                return self._run_until_text(condition, limit_ns)
            case int() | float():
                return self._run_until_time(round(condition * NS_PER_S))
            case _:
                return self._run_until_true(condition, limit_ns)

    def run_until_line(self, wanted: str | re.Pattern[str], limit: float | None = None) -> str:
        """Run until the console has a whole line in which the text or the regular expression is; the line.

        Raises GuestError where the guest ends first, or `limit` seconds of its time are over.
        """
        __tracebackhide__ = True
        limit_ns = self._limit_ns(limit)
        self._run_until_text(wanted, limit_ns)
        head = self._waiter.head
        return head + self._run_until_text("\n", limit_ns)

    def run_for(self, seconds: float) -> None:
        """Run for so much of the guest's time. Raises GuestError where it ends before."""
        __tracebackhide__ = True
        self._run_until_time(self.machine.clock.now + round(seconds * NS_PER_S))

    # what comes from outside

    def type(self, keys: str) -> None:
        """Press keys: characters, and names such as `<enter>`. Raises ValueError for what no key gives."""
        self.machine.inbox.post(Arrival("typed", strokes(keys)))

    def send(self, text: str | bytes) -> None:
        """Send bytes to the first serial port, as if typed at its terminal."""
        data = text.encode() if isinstance(text, str) else text
        self.machine.inbox.post(Arrival("serial", data))

    def press_power_button(self) -> None:
        """What an administrator would do."""
        self.machine.inbox.post(Arrival("power button"))

    # what it did

    @property
    def outcome(self) -> str:
        """What the guest made of its run; ERROR before it has ended."""
        return self._watched.verdict.outcome.name

    @property
    def reason(self) -> str:
        """The outcome in words."""
        return self._watched.verdict.reason

    @property
    def is_over(self) -> bool:
        """Whether the guest has ended by itself."""
        stop = self._watched.stop
        return stop is not None and stop.reason not in (Reason.LIMIT, Reason.ASKED)

    @property
    def now(self) -> float:
        """The guest's time in seconds since the start."""
        return self.machine.clock.now / NS_PER_S

    @property
    def console(self) -> str:
        """All that the first serial port put out (the last 4 MiB)."""
        return as_text(bytes(self._watched.kept.console)).replace("\r", "")

    @property
    def lines(self) -> list[str]:
        """The console, a line each."""
        return self.console.splitlines()

    @property
    def screen(self) -> list[str]:
        """The lines of the text screen; empty where it shows graphics."""
        shown = self.machine.pc.vga.screen()
        return [] if shown is None else lines_of(shown)

    @property
    def guest_log(self) -> list[str]:
        """The lines that the guest logged by port 0x12."""
        return [as_text(line) for line in self._watched.kept.guest_lines]

    @property
    def host_log(self) -> list[str]:
        """The lines that the host logged."""
        return list(self._watched.kept.host_lines)

    @property
    def unplugged(self) -> set[str]:
        """What left its bus: `disks` or `nics` where all of them did, else single ones such as `disk 1`."""
        return contract(self.machine.unplugged, self.config)

    @property
    def departures(self) -> list[tuple[str, str]]:
        """What left which place, in order: `("disk 0", "primary master")`, `("nic 0", "04.0")`."""
        return self.machine.departures

    @property
    def transcript(self) -> list[tuple[str, str, str, str, str]]:
        """The unplug protocol: time, port, access, value, meaning."""
        return [row(step) for step in self._watched.transcript.steps]

    @property
    def golden(self) -> str:
        """The transcript as golden files have it, without times."""
        return text_of(self._watched.transcript)

    @property
    def findings(self) -> dict[str, str]:
        """What the protocol's checker says of the rules that applied: right, skipped, wrong or unwise."""
        verdicts: dict[str, str] = {}
        for each in self._explainer.findings():
            if verdicts.get(each.rule.id, "right") == "right":
                verdicts[each.rule.id] = each.verdict.value
        return verdicts

    @property
    def ports(self) -> frozenset[int]:
        """The ports that the guest's own code has accessed, not the firmware's."""
        return frozenset(self._ports.seen)

    @property
    def pci(self) -> dict[str, tuple[int, int]]:
        """The functions on the PCI bus now: vendor and device by location, such as `04.0`."""
        return {
            each.location: (each.function.configuration_word(0, 2), each.function.configuration_word(2, 2))
            for each in self.machine.pci.functions()
        }

    @property
    def store(self) -> dict[str, str]:
        """The nodes of the store that have a value."""
        return {path: as_text(node.value) for path, node in self.machine.store.walk() if node.value}

    @property
    def registers(self) -> dict[str, int]:
        """The processor's registers by the names of the architecture."""
        return View(self.machine).registers()

    @property
    def trace_hash(self) -> str:
        """A hash over all that happened so far: the same in each run."""
        return str(self._last["trace_hash"]) if self._last is not None else self._watched.hash.hexdigest()

    @property
    def machine(self) -> Machine:
        """The machine itself, for what is not offered here."""
        return self._watched.machine

    def symbol(self, name: str) -> int:
        """The linear address of a symbol, or of `FILE:symbol`. Raises LookupError with the nearest names."""
        address = self._symbols.address(name, View(self.machine).read)
        if address is None:
            close = self._symbols.nearest(name)
            remedy = f": did you mean {close[0]!r}?" if close else ""
            raise LookupError(f"there is no symbol {name!r}{remedy}")
        return address

    def close(self) -> None:
        """Let go of images and of the engine. Idempotent; the fixture does it."""
        if self._last is None:
            self._last = self._evidence()
            self._watched.close()

    def result(self, name: str, file: str, ending: Ending, reason: str = "") -> CaseResult:
        """What came of the test that had this guest in its hands."""
        fields = self._last if self._last is not None else self._evidence()
        if ending is Ending.PASSED:
            fields = {
                key: value for key, value in fields.items() if key not in ("last_accesses", "processor")
            }
        return CaseResult(name, file, ending, reason, **fields)

    def coverage(self) -> Mapping[str, Any]:
        """Which code ran, where that is counted: part of a result."""
        return self._covered.as_plain() if self._last is None else self._last["coverage"]

    def keep(self, folder: Path, result: CaseResult) -> CaseResult:
        """Close this guest and keep everything about its run below `folder`: `result` with what was kept."""
        self.close()
        result = self.result(result.name, result.file, result.ending, result.reason)
        return kept(result, folder, self._watched)

    # inside

    def _evidence(self) -> dict[str, Any]:
        return {
            **evidence.measured(self._watched),
            **evidence.close_up(self._watched),
            "timeline": {} if self._timeline is None else self._timeline.as_plain(),
            "findings": [finding.as_plain() for finding in self._explainer.findings()],
            "coverage": self._covered.as_plain(),
        }

    def _limit_ns(self, limit: float | None) -> int:
        if limit is not None:
            return self.machine.clock.now + round(limit * NS_PER_S)
        return round((self.config.run.limit_s or DEFAULT_VIRTUAL_S) * NS_PER_S)

    def _run_to(self, until_ns: int) -> Stop:
        __tracebackhide__ = True
        if self.is_over:
            raise GuestError(f"the guest has ended before: {self.reason}")
        stop = self._watched.run(until_ns)
        if stop.detail == wall_limit(self._wall_s):
            raise GuestError(stop.detail)
        return stop

    def _run_until_text(self, wanted: str | re.Pattern[str], limit_ns: int) -> str:
        __tracebackhide__ = True
        shown = repr(wanted if isinstance(wanted, str) else wanted.pattern)
        if not self._waiter.wait_for(wanted):
            stop = self._run_to(limit_ns)
            self._waiter.give_up()
            if stop.detail != FOUND:
                last = " | ".join(map(repr, self.lines[-3:])) or "nothing"
                raise GuestError(f"waited for {shown}, but {_why(stop)}; the console's last lines: {last}")
        return self._waiter.line

    def _run_until_time(self, until_ns: int) -> str:
        __tracebackhide__ = True
        stop = self._run_to(until_ns)
        if stop.reason is not Reason.LIMIT:
            raise GuestError(f"was to run until {until_ns / NS_PER_S:g} s, but {_why(stop)}")
        return ""

    def _run_until_true(self, holds: Callable[[Guest], bool], limit_ns: int) -> str:
        __tracebackhide__ = True
        while not holds(self):
            now = self.machine.clock.now
            stop = self._run_to(min(now + round(LOOK_S * NS_PER_S), limit_ns))
            if stop.reason is not Reason.LIMIT or self.machine.clock.now >= limit_ns:
                if holds(self):
                    break
                raise GuestError(f"waited for a condition, but {_why(stop)}")
        return ""


def _why(stop: Stop) -> str:
    """Why a run stopped, in words that go on after `but`."""
    return stop.detail or stop.reason.value
