"""How a run ended for the guest: five outcomes, each with the exit status of the command.

A guest reports by the last line on its console, `Test result: ...`, by the exit port, or by switching the
machine off. Where it says more than one thing the worst counts. A guest that says nothing is in error, and
so is one that was stopped from outside or by a limit: it may still have had something to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from emu.machine.run_loop import Reason, Stop

RESULT_LINE = re.compile(rb"Test result: (SUCCESS|SKIP|ERROR|FAILURE)")


class Outcome(Enum):
    """The outcomes in order, the best first; each value is the exit status."""

    SUCCESS = 0
    SKIP = 3
    ERROR = 4
    FAILURE = 5
    CRASH = 6


REPORTED = {outcome.value: outcome for outcome in Outcome if outcome is not Outcome.CRASH}
"""What a guest may write to the exit port."""


@dataclass(frozen=True)
class Verdict:
    """An outcome, and in words why."""

    outcome: Outcome
    reason: str


def result_line(console: bytes) -> Outcome | None:
    """What the last line that is not blank reports, if it reports anything."""
    lines = console.replace(b"\r", b"\n").rstrip(b" \t\n\0").rsplit(b"\n", 1)
    found = RESULT_LINE.fullmatch(lines[-1].strip())
    return None if found is None else Outcome[found[1].decode()]


def judge(stop: Stop, console: bytes) -> Verdict:
    """The outcome of a run that ended with `stop`, the end of whose console is `console`."""
    line = result_line(console)
    verdict = _verdict_of(stop, line)
    if line is not None and line.value > verdict.outcome.value:
        return Verdict(line, f"the console says {line.name}, though {verdict.reason}")
    return verdict


def _verdict_of(stop: Stop, line: Outcome | None) -> Verdict:
    match stop.reason:
        case Reason.CRASHED:
            return Verdict(Outcome.CRASH, "triple fault")
        case Reason.REPORTED:
            return _reported(stop.status)
        case Reason.POWERED_OFF:
            return Verdict(Outcome.SUCCESS, "the guest switched the machine off")
        case Reason.IDLE if line is not None:
            return Verdict(line, "the guest reported on its console and halted")
        case Reason.RESET if line is not None:
            return Verdict(line, f"the guest reported on its console; {stop.detail}")
        case _:
            return Verdict(Outcome.ERROR, stop.detail or stop.reason.value)


def _reported(status: int | None) -> Verdict:
    if status is None or status not in REPORTED:
        shown = "nothing" if status is None else f"{status:#04x}"
        return Verdict(Outcome.ERROR, f"the guest wrote {shown} to the exit port, which is no result")
    return Verdict(REPORTED[status], f"the guest wrote {status} to the exit port")
