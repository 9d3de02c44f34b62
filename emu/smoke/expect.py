"""What was expected of a run, held against it: the first thing that is broken, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from emu.inspect.explanation import Explainer, explain
from emu.inspect.findings import broken
from emu.inspect.outcome import Outcome
from emu.inspect.screen import lines_of
from emu.machine.run_loop import Reason, Stop
from emu.smoke.departures import contract, expand
from emu.smoke.tables import Expectations
from emu.smoke.watched import Watched
from emu.smoke.watches import ConsoleWatch, LogWatch, TouchWatch


class Expected:
    """Watches one run for what is expected of it; a line that must not come ends the run where it came."""

    def __init__(self, expected: Expectations, watched: Watched, *, explained: bool = False) -> None:
        """`explained`: have the driver's protocol checked though nothing is expected of it."""
        self._expected = expected
        self._watched = watched
        self.broken: str | None = None
        """What was broken while it ran."""
        self._console = ConsoleWatch(expected.console, expected.never, self._break)
        self._logs = LogWatch(expected.guest_log, expected.host_log, expected.log_bytes, self._break)
        observers = watched.machine.observers
        observers.attach(self._console)
        observers.attach(self._logs)
        if expected.untouched:
            observers.attach(TouchWatch(watched.machine, expected.untouched, self._break))
        self.explainer: Explainer | None = None
        if explained or expected.protocol is not None:
            self.explainer = explain(watched.machine)

    def judge(self) -> Iterator[str]:
        """Everything that is broken, the most telling first; the run is over."""
        self._console.close()
        if self.broken is not None:
            yield self.broken
            return
        yield from self._outcome()
        for each in (self._console.wanted, self._logs.guest, self._logs.host):
            missing = each.missing()
            if missing is not None:
                yield missing
        yield from self._screen()
        yield from self._departures()
        yield from self._protocol()
        for name, count in self._watched.machine.faults:
            if not count:
                yield f"fault: {name!r} never happened, so this case proves nothing"

    def _break(self, problem: str) -> None:
        self.broken = self.broken or problem
        self._watched.machine.stop(Stop(Reason.ASKED, detail=problem))

    def _outcome(self) -> Iterator[str]:
        verdict = self._watched.verdict
        allowed = self._expected.outcome or (self._watched.config.expected,)
        if verdict.outcome.name not in allowed:
            wanted = " or ".join(allowed)
            worst = f"expected {wanted}, but the guest ended in {verdict.outcome.name}: {verdict.reason}"
            last = self._last_lines() if verdict.outcome is not Outcome.SUCCESS else ""
            yield worst + last

    def _last_lines(self) -> str:
        text = bytes(self._watched.kept.console[-1024:]).decode(errors="replace").replace("\r", "")
        lines = [line for line in text.split("\n") if line.strip()][-3:]
        return "; its last lines: " + " | ".join(map(repr, lines)) if lines else "; it wrote nothing"

    def _screen(self) -> Iterator[str]:
        if not self._expected.screen:
            return
        shown = self._watched.machine.pc.vga.screen()
        found = [] if shown is None else lines_of(shown)
        for wanted in self._expected.screen:
            if not any(wanted.found_in(line) for line in found):
                yield f"screen: expected {wanted}, which it does not show in the end"

    def _departures(self) -> Iterator[str]:
        config, left = self._watched.config, set(self._watched.machine.unplugged)
        wanted = self._expected.unplugged
        if wanted is not None and expand(wanted, config) != left:
            yield (
                f"unplugged: expected {_listed(contract(expand(wanted, config), config))}, "
                f"but {_listed(contract(left, config))} left"
            )
        gone = expand(self._expected.remaining, config) & left
        if gone:
            yield f"remaining: {_listed(gone)} should have stayed, but left"

    def _protocol(self) -> Iterator[str]:
        if self.explainer is None or self._expected.protocol is None:
            return
        found = broken(self.explainer.findings(), self._expected.protocol or None)
        for each in found:
            yield f"protocol: the driver {each.words} ({each.rule.id})"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
