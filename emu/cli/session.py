"""One run of a machine on behalf of a person or a CI job: outputs, observers, limits, verdict."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emu.backends.capture import Capture
from emu.cli.live import Live
from emu.cli.outputs import Console, Destination, LogLines, beside_display, refuse_clashes
from emu.cli.signals import ending_signals
from emu.core.errors import ConfigError, HostError
from emu.core.events import Observer
from emu.debug.gates import Gates
from emu.inspect.decoders import PciDecoder, UnplugDecoder
from emu.inspect.outcome import Outcome, Verdict, judge
from emu.inspect.summary import Summary
from emu.inspect.transcript import Transcript
from emu.machine.checkpoints import Follower
from emu.machine.config import MachineConfig, Run
from emu.machine.machine import Machine
from emu.machine.parts import nic_name
from emu.machine.run_loop import Pace, Reason, Stop

if TYPE_CHECKING:
    from emu.machine.recording import Recorder
    from emu.machine.snapshot_file import SnapshotFile

KEPT_FOR_JSON = 4 << 20
KEPT_FOR_VERDICT = 4096
"""Bytes of console: a flood must not fill the host's memory."""


class Output(Protocol):
    """What is there while a machine runs."""

    def open(self) -> None:
        """Be there. Raises ConfigError."""

    def close(self) -> None:
        """Be complete."""


class Session:
    """Built from a configuration, which it may refuse; `run` gives the summary."""

    def __init__(self, config: MachineConfig, saved: SnapshotFile | None = None) -> None:
        """With `saved` the machine goes on from there.

        Raises ConfigError; no file is changed before everything else has been accepted.
        """
        self._began = time.monotonic()
        self.config, self._saved = config, saved
        self.complaints: list[str] = []
        self._recorder: Recorder | None = None
        self._problems: list[str] = []
        """What the user asked for and did not get: the run is in error."""
        run = beside_display(config.run) if config.run.display == "text" else config.run
        self._make_destinations(run)
        self._refuse_clashes()
        self.console = Console(self._serial, KEPT_FOR_JSON if run.json else KEPT_FOR_VERDICT)
        self.log = LogLines(self._log)
        self._gates = Gates() if run.gdb is not None else None
        self.machine = self._make_machine()
        self.unplug = UnplugDecoder(self.machine.pc.unplug, self.machine.ports)
        self.transcript = Transcript(self.machine.clock, self.unplug)
        self._captures = [
            Capture(nic.capture, nic=nic_name(number), clock=self.machine.clock, failed=self._lost)
            for number, nic in enumerate(config.nics)
            if nic.capture
        ]
        serial_ports = (("serial", self._serial), ("serial2", self._serial2))
        ports = [kind for kind, destination in serial_ports if destination.name == "stdio"]
        self._live = Live(self.machine, run, self.console, ports[0] if ports else None)
        for destination in self._destinations:
            destination.before = self._live.wipe
        self._outputs: list[Output] = [*self._captures, *self._destinations, self._live]
        self._attach_observers()

    def _make_destinations(self, run: Run) -> None:
        serial, serial2 = (
            "null" if run.json and name == "stdio" else name for name in (run.serial, run.serial2)
        )
        self._serial, self._serial2 = Destination(serial, self._lost), Destination(serial2, self._lost)
        self._debug = Destination(run.debug, self._lost)
        self._log = Destination(run.guest_log, self._lost)
        self._trace = Destination(f"file:{run.trace_file}" if run.trace_file else "stderr", self._lost)
        self._destinations = [self._serial, self._serial2, self._debug, self._log]
        self._destinations += [self._trace] * bool(run.trace)

    def run(self) -> Summary:
        """Run to the end, whatever ends it."""
        machine, limit_s = self.machine, self.config.run.limit_s
        machine.loop.pace = Pace(self.config.run.slice_bytes, self.config.run.single_step)
        machine.loop.breathe = self._breathe
        with ending_signals(machine):
            try:
                for output in self._outputs:
                    output.open()
                gc.enable()
                self._begin_recording()
                limit = None if limit_s is None else max(round(limit_s * 1e9), 1)
                stop = self._recorded(lambda: self._run(limit))
                verdict = judge(stop, self.console.kept)
                virtual_ns, retired = machine.clock.now, machine.processor.retired
                screen = machine.pc.vga.screen()
                trace_hash = self._hash.hexdigest() if self._hash else None  # closing is none of the run
                self._write_coverage()
                verdict = self._close(verdict)
            finally:
                for output in reversed(self._outputs):
                    output.close()
        return Summary(
            guest=self.config.name,
            verdict=verdict,
            expected=Outcome[self.config.expected],
            virtual_ns=virtual_ns,
            wall_s=time.monotonic() - self._began,
            retired=retired,
            trace_hash=trace_hash,
            unplugged=machine.unplugged,
            guest_log=list(self.log.kept),
            console=self.console.kept,
            host_errors=machine.host_errors,
            faults=machine.faults,
            screen=screen,
            findings=self._explainer.findings() if self._explainer else None,
        )

    def _write_coverage(self) -> None:
        if self._coverage is not None:
            try:
                self._coverage.write()
            except ConfigError as error:
                self._problems.append(str(error))

    def _make_machine(self) -> Machine:
        """The machine; one that may go back tells everything once."""
        serial, serial2, debug, log = self.console, self._serial2, self._debug, self.log.take
        gates, recorded = self._gates, self.config.run.record is not None
        make = Machine if self._saved is None else self._saved.machine
        if gates is None:
            return make(
                self.config,
                serial=serial,
                serial2=serial2,
                debug=debug,
                guest_log=log,
                tracked=recorded,
                deferred=recorded,
            )
        return make(
            self.config,
            serial=gates.sink(serial),
            serial2=gates.sink(serial2),
            debug=gates.sink(debug),
            guest_log=gates.call(log),
            tracked=True,
        )

    def _attach(self, observer: Observer) -> None:
        self.machine.observers.attach(self._gates.observer(observer) if self._gates else observer)

    def _run(self, limit_ns: int | None) -> Stop:
        endpoint = self.config.run.gdb
        stop = self._run_to_the_snapshot(limit_ns)
        if stop is not None:
            return stop
        if endpoint is None or self._gates is None:
            return self.machine.run(limit_ns)
        from emu.cli.debugging import run_with_gdb
        from emu.debug.debugger import Debugger
        from emu.inspect.programs import load_symbols

        debugger = Debugger(
            self.machine,
            say=self._live.say,
            gates=self._gates,
            followers=self._followers,
            limit=None if limit_ns is None else limit_ns * self.machine.clock.ticks_per_ns,
            console=lambda: self.console.kept,
            symbols=load_symbols(self.config)[0],
        )
        return run_with_gdb(debugger, endpoint, wait=self.config.run.gdb_wait, breathe=self._breathe)

    def _begin_recording(self) -> None:
        """Record the run, if that is wanted. Raises ConfigError."""
        path = self.config.run.record
        if path is not None:
            from emu.inspect.programs import all_programs
            from emu.machine.recording import Recorder

            self._recorder = Recorder(self.machine, folder=path.parent, programs=all_programs(self.config))

    def _recorded(self, run: Callable[[], Stop]) -> Stop:
        """Run, and write the recording, whatever becomes of the run."""
        path, recorder = self.config.run.record, self._recorder
        if path is None or recorder is None:
            return run()
        stop: Stop | None = None
        try:
            stop = run()
            return stop
        finally:
            try:
                recorder.write(path, stop)
                self.complaints += recorder.problems
            except ConfigError as error:
                self._problems.append(str(error))
            recorder.close()

    def _run_to_the_snapshot(self, limit_ns: int | None) -> Stop | None:
        """Save the machine when it is wanted; the stop that ended the run before, if any."""
        if self.config.run.save_at is None:
            return None
        from emu.machine.snapshot_file import write_snapshot

        when_ns, path = self.config.run.save_at
        early = limit_ns is not None and limit_ns < when_ns
        stop = self.machine.run(limit_ns if early else when_ns)
        if stop.reason is not Reason.LIMIT or early:
            self._problems.append(f"{path} was not written: the run ended before {when_ns / 1e9:g} s")
            return stop
        try:
            write_snapshot(path, self.machine)
        except ConfigError as error:
            self._problems.append(str(error))
        return None

    def _refuse_clashes(self) -> None:
        nics = self.config.nics
        outputs = [each.path for each in self._destinations if each.path is not None]
        outputs += [nic.capture for nic in nics if nic.capture]
        outputs += self._archives()
        outputs += [self.config.run.coverage] if self.config.run.coverage else []
        inputs = self.config.input_paths
        inputs += [nic.serve for nic in nics if nic.serve]
        if self.config.run.input not in (None, "-"):
            inputs.append(Path(self.config.run.input))
        refuse_clashes(outputs, inputs)

    def _archives(self) -> list[Path]:
        """The files that the run is to be kept in. Raises ConfigError."""
        run = self.config.run
        wanted = {"--record": run.record, "--save-at": run.save_at and run.save_at[1]}
        paths = [path for path in wanted.values() if path is not None]
        for option, path in wanted.items():
            if path is not None:
                from emu.machine.archive import check_target

                check_target(path)
                if run.gdb is not None:
                    raise ConfigError(
                        f"gdb goes back and forth, {option} knows one run: leave one of them out"
                    )
        return paths

    def _attach_observers(self) -> None:
        run, machine = self.config.run, self.machine
        self._followers: list[Follower] = []
        for capture in self._captures:
            self._attach(capture)
        self._coverage = None
        if run.coverage is not None:
            from emu.cli.coverage import CoverageFile

            self._coverage = CoverageFile(self.config, machine)
            self.complaints += self._coverage.complaints
        self._explainer = None
        if run.explain:
            from emu.inspect.explanation import explain

            self._explainer = explain(machine)
            self._followers.append(self._explainer)
            self.complaints += self._explainer.complaints
        self._hash = None
        if run.json or run.hash:
            from emu.observe.trace_hash import TraceHash

            self._hash = TraceHash(machine.clock)
            self._attach(self._hash)
        if not run.json:
            self._attach(self.transcript)
        if self.config.typings:
            from emu.inspect.cues import Cues

            cues = Cues(machine, self.config.typings)
            machine.observers.attach(cues)
            self._followers.append(cues)
        if run.trace:
            from emu.observe.tracer import Journal, trace_observers

            named_json = run.trace_file is not None and run.trace_file.suffix in (".jsonl", ".json")
            journal = Journal(
                lambda line: self._trace.write(line.encode(errors="backslashreplace")),
                clock=machine.clock,
                position=lambda: machine.processor.code_position,
                as_json=run.trace_format == "json" or (run.trace_format is None and named_json),
            )
            decoders = (PciDecoder(machine.pci), self.unplug)
            for each in trace_observers(
                run.trace, journal, ports=machine.ports, mmio=machine.mmio, decoders=decoders
            ):
                self._attach(each)

    def _close(self, verdict: Verdict) -> Verdict:
        """Close the machine; an image that cannot be closed well is an error of the run, as others are."""
        try:
            if self._recorder is not None:
                self.machine.commit()
            self.machine.close()
        except HostError as error:
            self._problems.append(str(error))
        self.complaints += self._problems
        if self._problems and verdict.outcome.value < Outcome.ERROR.value:
            return Verdict(Outcome.ERROR, self._problems[0])
        return verdict

    def _lost(self, problem: str) -> None:
        """An output failed: nobody would see how the run goes on."""
        self.complaints.append(problem)
        self.machine.stop(Stop(Reason.ASKED, detail=problem))

    def _breathe(self) -> None:
        """Between blocks: heed the wall clock."""
        self._live.breathe()
        wall = self.config.run.wall_s
        if wall is not None and time.monotonic() - self._began >= wall:
            self.machine.stop(
                Stop(Reason.ASKED, detail=f"the limit of {wall:g} s on the wall clock was reached")
            )
