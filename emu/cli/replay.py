"""`emu replay`: a recorded run once more, to see that it is the same run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from emu.cli.commands import Command
from emu.cli.main import INTERRUPTED, complain
from emu.cli.progress import Progress
from emu.cli.render import is_rich
from emu.cli.run import KEEPING, OUTPUT, completed_by_files, option
from emu.cli.signals import ending_signals
from emu.inspect.outcome import Outcome
from emu.machine.machine import Machine
from emu.machine.recording import Recording
from emu.machine.replay import Difference, Replay
from emu.machine.run_loop import Stop

DIFFERS = Outcome.FAILURE.value


@click.command(cls=Command, short_help="Run a recording again, and compare.")
@click.argument("recording", metavar="FILE", shell_complete=completed_by_files)
@option(
    KEEPING,
    "--image-dir",
    metavar="PATH",
    help="Where images lie that were too large for the recording and are not where they were.",
)
@option(OUTPUT, "--json", "as_json", is_flag=True, help="Print one JSON object at the end, nothing else.")
def replay(recording: str, image_dir: str | None, as_json: bool) -> int:
    """Run a recording (`emu run GUEST --record FILE`) again without showing what the guest shows, and say at
    which virtual time it first differs from what was recorded, if it does. Images are only read.

    \b
    Exit status: 0 it is the same run   5 it differs   4 Ctrl-C
                 2 wrong usage; the recording is damaged, of another version, or an input has changed
    """
    recorded = Recording.open(Path(recording), image_dir=None if image_dir is None else Path(image_dir))
    try:
        machine = recorded.machine()
        for note in machine.files.notes:
            complain(note)
        try:
            result = _run(recorded, machine)
            summary = _summary(recorded, machine, result)
        finally:
            machine.close()
    finally:
        recorded.close()
    click.echo(json.dumps(summary) if as_json else _sentence(summary))
    return {"same": 0, "differs": DIFFERS, "stopped": INTERRUPTED}[summary["result"]]


def _run(recorded: Recording, machine: Machine) -> Difference | Stop | None:
    comparing = Replay(recorded, machine)
    with ending_signals(machine):
        if not is_rich(sys.stderr):
            return comparing.run()
        end_s = recorded.end.ticks / machine.clock.ticks_per_ns / 1e9
        progress = Progress(machine, sys.stderr, round(end_s, 1))
        try:
            return comparing.run(progress.breathe)
        finally:
            progress.wipe()


def _summary(recorded: Recording, machine: Machine, result: Difference | Stop | None) -> dict[str, Any]:
    """What `--json` prints."""
    per_ns = machine.clock.ticks_per_ns
    end, stop = recorded.end, recorded.stop
    plain: dict[str, Any] = {
        "recording": str(recorded.path),
        "guest": recorded.config.name,
        "result": "same",
        "virtual_ns": end.ticks // per_ns,
        "events": end.events,
        "trace_hash": end.hash,
        "arrivals": len(recorded.arrivals),
        "ended": "emu broke off" if stop is None else stop.detail or stop.reason.value,
    }
    if isinstance(result, Difference):
        plain |= {"result": "differs", "same_until_ns": result.since // per_ns}
        plain |= {"differs_at_ns": result.ticks // per_ns, "difference": result.what}
    elif result is not None:
        plain |= {"result": "stopped", "stopped_at_ns": machine.clock.now, "why": result.detail}
    return plain


def _sentence(summary: dict[str, Any]) -> str:
    """The same for a person."""
    guest, seconds = summary["guest"], summary["virtual_ns"] / 1e9
    match summary["result"]:
        case "same":
            return (
                f"{guest}: the same run: {seconds:.6f} s virtual, {summary['events']} events, "
                f"ended as recorded ({summary['ended']})\nTrace hash: {summary['trace_hash']}"
            )
        case "differs":
            at, since = summary["differs_at_ns"] / 1e6, summary["same_until_ns"] / 1e6
            when = f"at {at:.6f} ms" if at == since else f"between {since:.6f} and {at:.6f} ms"
            return f"{guest}: another run than recorded: first differs {when}: {summary['difference']}"
        case _:
            return (
                f"{guest}: {summary['why']} at {summary['stopped_at_ns'] / 1e6:.6f} ms, the same up to there"
            )
