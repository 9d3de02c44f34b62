"""`emu debug`: a guest under the debugger, at a prompt or by a script."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console as RichConsole

from emu.cli.commands import Command
from emu.cli.main import complain
from emu.cli.options import layer
from emu.cli.outputs import Console, Destination, LogLines, refuse_clashes
from emu.cli.progress import Way
from emu.cli.render import is_rich
from emu.cli.run import KEEPING, MACHINE, PACE, XEN, Target, option, run
from emu.core.errors import ConfigError
from emu.debug.debugger import Debugger
from emu.debug.gates import Gates
from emu.debug.paint import painted
from emu.debug.places import Place
from emu.debug.repl import converse
from emu.debug.session import run_script
from emu.inspect.cues import Cues
from emu.inspect.programs import load_symbols
from emu.machine.archive import is_archive
from emu.machine.checkpoints import Follower
from emu.machine.config import MachineConfig
from emu.machine.inbox import DivergedError
from emu.machine.layers import Layer
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.machine.recording import Recording
from emu.observe.trace_hash import TraceHash

SHARED = {"serial", "serial2", "guest_log", "debug", "limit", "on_reset", "keys", "symbols", "hash"}
"""Options of `emu run` that stand under other headings than the machine's."""
KEPT_FOR_VERDICT = 4096


def _same_options() -> list[click.Parameter]:
    """The options of `emu run` that mean something here."""
    headings = (MACHINE, XEN)
    return [each for each in run.params if getattr(each, "heading", None) in headings or each.name in SHARED]


@click.command(cls=Command, short_help="Step through a guest, forwards and backwards.")
@click.argument("target", type=Target(), required=False, metavar="[GUEST | FILE.toml | RECORDING]")
@option(PACE, "--script", metavar="PATH", help="Do the commands in a file instead of asking, then end.")
@option(
    KEEPING,
    "--image-dir",
    metavar="PATH",
    help="Where images lie that were too large for the recording and are not where they were.",
)
def debug(target: str | None, script: str | None, image_dir: str | None, **given: Any) -> int:
    """Open a guest in the debugger, stopped at reset; time goes backwards too. `help` there tells how.

    A recording (`emu run GUEST --record FILE`) is opened at its end. Images are never changed: what the guest
    writes is kept while the session lasts.

    \b
    Exit status with --script: 0 all commands were done   2 one was refused, or wrong usage   4 Ctrl-C
                               5 an `assert` did not hold   N by `quit N`
    """
    if target is not None and is_archive(Path(target)):
        return _open_recording(Path(target), image_dir, script, layer(given))
    if image_dir is not None:
        raise ConfigError("--image-dir is for a recording: give one, or leave it out")
    config = load(target, layer(given))
    if target is None and not (config.drives or config.firmware or config.kernel):
        raise ConfigError("nothing to debug: name a guest (`emu guests` lists them) or a machine file")
    drives = tuple(replace(each, write=False) for each in config.drives)
    return _Session(replace(config, drives=drives), script).run()


def _open_recording(path: Path, image_dir: str | None, script: str | None, given: Layer | None) -> int:
    """The debugger at the end of a recording."""
    recording = Recording.open(path, image_dir=None if image_dir is None else Path(image_dir))
    try:
        options = load(None, given)
        if options != MachineConfig(run=options.run):
            raise ConfigError("the recording says what the machine is: leave out what describes another")
        run = replace(options.run, on_reset=recording.config.run.on_reset)
        return _Session(replace(recording.config, run=run), script, recording).run()
    finally:
        recording.close()


debug.params += _same_options()


class _Session:
    """A machine with gated outlets under a debugger."""

    def __init__(self, config: MachineConfig, script: str | None, recording: Recording | None = None) -> None:
        """With a `recording` the machine is its, as it was at the end."""
        run = config.run
        self._terminal = RichConsole(highlight=False)
        self._lines = None if script is None else _read(script)
        names = (run.serial, run.serial2, run.debug, run.guest_log)
        self._outlets = [Destination(name, complain) for name in names]
        paths = [each.path for each in self._outlets if each.path is not None]
        refuse_clashes(paths, [path for drive in config.drives for path in (drive.image, *drive.next)])
        serial, serial2, firmware, log = self._outlets
        self._console = Console(serial, KEPT_FOR_VERDICT)
        gates = Gates()
        make = partial(Machine, config) if recording is None else recording.machine
        self.machine = make(
            serial=gates.sink(self._console),
            serial2=gates.sink(serial2),
            debug=gates.sink(firmware),
            guest_log=gates.call(LogLines(log).take),
            tracked=True,
        )
        followers: list[Follower] = []
        typings = config.typings if recording is None else run.keys  # a recording has what was typed
        if typings:
            cues = Cues(self.machine, typings)
            self.machine.observers.attach(cues)
            followers.append(cues)
        self._hash = TraceHash(self.machine.clock) if run.hash else None
        if self._hash is not None:
            self.machine.observers.attach(gates.observer(self._hash))
        symbols, complaints = load_symbols(config, recording)
        for complaint in (*self.machine.files.notes, *complaints):
            complain(complaint)
        limit = None if run.limit_s is None else round(run.limit_s * 1e9) * self.machine.clock.ticks_per_ns
        self._debugger = Debugger(
            self.machine,
            say=self._say,
            gates=gates,
            limit=limit,
            console=lambda: self._console.kept,
            stored=recording,
            symbols=symbols,
            followers=followers,
        )
        self._way = Way(self.machine, sys.stderr) if is_rich(sys.stderr) else None
        if self._way is not None:
            self._debugger.travel.travelling = self._way.breathe
        if recording is not None:
            gates.mute_until(recording.end.ticks, lambda: self.machine.clock.ticks)
            self._go_to_the_end(recording)

    def _go_to_the_end(self, recording: Recording) -> None:
        """Raises ConfigError where the run is not the recorded one."""
        try:
            self._debugger.travel.go_to(Place(recording.end.ticks))
        except DivergedError:
            retired = None
        else:
            retired = self.machine.processor.retired
        if self._way is not None:
            self._way.wipe()
        if recording.stop is None and retired is not None:
            complain("emu itself broke off in this run: this is the last decision point before")
        elif retired != recording.end.retired:
            self.machine.close()
            raise ConfigError(
                f"{recording.path} does not lead to where it ended: `emu replay {recording.path}` says where "
                "the run is another"
            )

    def run(self) -> int:
        """To the end of the script, or until the person has had enough; the exit status."""
        try:
            for outlet in self._outlets:
                outlet.open()
            with self._interrupts():
                if self._lines is not None:
                    return run_script(self._debugger, self._lines, complain)
                return converse(self._debugger, complain)
        finally:
            for outlet in self._outlets:
                outlet.close()
            if self._hash is not None:
                print(f"Trace hash: {self._hash.hexdigest()}")
            self.machine.close()

    def _say(self, text: str) -> None:
        if self._way is not None:
            self._way.wipe()
        if not self._console.ends_in_a_line:
            self._console.write(b"\n")
        sys.stdout.flush()
        if sys.stdout.isatty():
            self._terminal.print(painted(text), soft_wrap=True)
        else:
            print(text, flush=True)

    @contextmanager
    def _interrupts(self) -> Iterator[None]:
        """Ctrl-C stops the guest, and at the prompt takes back the line."""

        def heard(number: int, frame: FrameType | None) -> None:
            if self._debugger.asking:
                raise KeyboardInterrupt
            self._debugger.interrupt()

        before = signal.signal(signal.SIGINT, heard)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"the script {path} cannot be read ({reason}): give another file") from None
