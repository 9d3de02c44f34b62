"""`--keep DIR`: everything that is needed to look closer at a case that did not pass, a folder for each.

The run is made again, as it was, with everything attached: it is the same run, to the byte. Folders appear
whole; one of an earlier session is replaced.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from emu.backends.capture import Capture
from emu.core.errors import ConfigError
from emu.inspect.decoders import PciDecoder, UnplugDecoder
from emu.inspect.programs import all_programs
from emu.inspect.summary import as_text
from emu.machine.parts import nic_name
from emu.machine.recording import Recorder
from emu.machine.written import machine_file
from emu.observe.kinds import KINDS
from emu.observe.tracer import Journal, trace_observers
from emu.smoke.dossier import RECORDING, dossier
from emu.smoke.golden import text_of
from emu.smoke.result import CaseResult, Ending
from emu.smoke.watched import Watched

MOST_TRACE_LINES = 200_000
ANOTHER_RUN = "This is another run: the test changed the machine by other means than its inputs.\n"
LONGEST_NAME = 150


def kept(result: CaseResult, folder: Path | None, watched: Watched) -> CaseResult:
    """The result, with everything about it kept below `folder` if it is one to look closer at."""
    if folder is None or result.ending in (Ending.PASSED, Ending.SKIPPED):
        return result
    try:
        return replace(result, kept=keep(folder, result, watched))
    except ConfigError as error:
        return replace(result, also=[*result.also, f"--keep: {error}"])


def keep(folder: Path, result: CaseResult, watched: Watched) -> Sequence[str]:
    """Keep everything about a run below `folder`; the files. Raises ConfigError where that cannot be."""
    home = folder / folder_name(result.name)
    fresh = folder / f".{home.name}.{os.getpid()}"
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for name, text in {**_texts(result, watched), **_again(fresh, result, watched)}.items():
            (fresh / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        shutil.rmtree(home, ignore_errors=True)
        fresh.rename(home)
    except OSError as error:
        raise ConfigError(f"{home} cannot be written ({error.strerror}): give another folder") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return [str(home / name) for name in sorted(os.listdir(home))]


def folder_name(case: str) -> str:
    """A case's name as the name of a folder, on any file system."""
    return re.sub(r"[^\w.=,+\[\]-]", "_", case).lstrip(".")[:LONGEST_NAME] or "case"


def _texts(result: CaseResult, watched: Watched) -> Mapping[str, str]:
    screen = ["".join(run["text"] for run in row).rstrip() for row in result.screen]
    return {
        "reason.txt": _lines(dossier(result)),
        "console.txt": as_text(bytes(watched.kept.console)),
        "screen.txt": _lines(screen),
        "transcript.txt": text_of(watched.transcript),
        "machine.toml": machine_file(watched.config),
    }


def _again(folder: Path, result: CaseResult, watched: Watched) -> Mapping[str, str]:
    """Make the run again; its trace, and files that are written on the way."""
    lines = deque[str](maxlen=MOST_TRACE_LINES)
    again = Watched(watched.config, arrivals=watched.machine.inbox.log, tracked=True)
    recorder = Recorder(again.machine, folder=folder, programs=all_programs(watched.config))
    captures = _captures(folder, again)
    try:
        _trace(again, lines.append)
        for capture in captures:
            capture.open()
            again.machine.observers.attach(capture)
        again.run_to(watched.machine.clock.ticks)
        same = again.hash.hexdigest() == result.trace_hash  # closing is none of the run
        recorder.write(folder / RECORDING, watched.stop)
    finally:
        for capture in captures:
            capture.close()
        recorder.close()
        again.close()
    note = "" if same else ANOTHER_RUN
    left_out = "... earlier events are left out\n" if len(lines) == MOST_TRACE_LINES else ""
    return {"trace.txt": note + left_out + "".join(lines)}


def _trace(watched: Watched, write: Callable[[str], None]) -> None:
    """Have every event written."""
    machine = watched.machine
    journal = Journal(write, clock=machine.clock, position=lambda: machine.processor.code_position)
    decoders = (PciDecoder(machine.pci), UnplugDecoder(machine.pc.unplug, machine.ports))
    for observer in trace_observers(
        KINDS, journal, ports=machine.ports, mmio=machine.mmio, decoders=decoders
    ):
        machine.observers.attach(observer)


def _captures(folder: Path, watched: Watched) -> Sequence[Capture]:
    """A file for the frames of each card."""
    return [
        Capture(
            folder / f"{name.replace(' ', '-')}.pcap", nic=name, clock=watched.machine.clock, failed=_fail
        )
        for name in map(nic_name, range(len(watched.config.nics)))
    ]


def _fail(problem: str) -> None:
    raise ConfigError(problem)


def _lines(lines: Iterator[str] | Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
