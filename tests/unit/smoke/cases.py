"""Results of bundled guests that really ran, for reports: in a matrix, and with endings of every kind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from emu.cli.render import departure_lines, row
from emu.inspect import processor_lines
from emu.inspect.decoders import PciDecoder, UnplugDecoder
from emu.inspect.explanation import explain
from emu.inspect.history import History
from emu.inspect.outcome import judge
from emu.inspect.screen import GLYPHS, style_of
from emu.inspect.summary import as_text
from emu.inspect.transcript import Transcript
from emu.inspect.view import View
from emu.machine.loader import load
from emu.machine.machine import Machine
from emu.observe.timeline import Timeline
from emu.observe.trace_hash import TraceHash
from emu.smoke.result import CaseResult, Ending

COLOURS = {
    "black": "#000000", "blue": "#0000aa", "green": "#00aa00", "cyan": "#00aaaa", "red": "#aa0000",
    "magenta": "#aa00aa", "yellow": "#aa5500", "white": "#aaaaaa", "bright_black": "#555555",
    "bright_blue": "#5555ff", "bright_green": "#55ff55", "bright_cyan": "#55ffff", "bright_red": "#ff5555",
    "bright_magenta": "#ff55ff", "bright_yellow": "#ffff55", "bright_white": "#ffffff",
}  # fmt: skip


class Kept:
    """A console that is kept."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


def screen_of(machine: Machine) -> list[list[dict[str, str]]]:
    """The text screen as runs of one colour."""
    screen = machine.pc.vga.screen()
    rows = []
    for line in screen.rows if screen else ():
        runs: list[dict[str, str]] = []
        for code, attribute in zip(line[::2], line[1::2], strict=True):
            style = style_of(attribute)
            colours = {"foreground": COLOURS[style.foreground], "background": COLOURS[style.background]}
            if (
                runs
                and runs[-1]["foreground"] == colours["foreground"]
                and colours["background"] == runs[-1]["background"]
            ):
                runs[-1]["text"] += GLYPHS[code]
            else:
                runs.append({"text": GLYPHS[code], **colours})
        rows.append(runs)
    return rows


def result_of(guest: str, case: str = "", *, limit_ms: float | None = None, **changes: Any) -> CaseResult:
    """Run a bundled guest and say what came of it."""
    began = time.monotonic()
    config = replace(load(guest), **changes)
    console = Kept()
    machine = Machine(config, serial=console)
    unplug = UnplugDecoder(machine.pc.unplug, machine.ports)
    transcript = Transcript(machine.clock, unplug)
    timeline = Timeline(machine.clock, machine.ports, lambda: machine.processor.mode)
    history = History(machine.clock, machine.ports, (PciDecoder(machine.pci), unplug))
    trace_hash = TraceHash(machine.clock)
    explainer = explain(machine)
    for observer in (transcript, timeline, history, trace_hash):
        machine.observers.attach(observer)
    limit_ns = int((config.run.limit_s or 10) * 1e9 if limit_ms is None else limit_ms * 1e6)
    stop = machine.run(limit_ns)
    verdict = judge(stop, console.data)
    passed = verdict.outcome.name == config.expected
    view = View(machine)
    failed = (
        {}
        if passed
        else {
            "last_accesses": [f"{each.ticks / 4e6:14.6f} ms  {each.text}" for each in history.last(12)],
            "processor": [
                f"{view.mode}",
                *processor_lines.registers(view, {}),
                *processor_lines.stack(view),
                *processor_lines.code(view),
            ],
        }
    )
    result = CaseResult(
        name=case or guest,
        file=f"guests/{guest}/{guest}.toml",
        ending=Ending.PASSED
        if passed
        else Ending.ERROR
        if verdict.outcome.name == "ERROR"
        else Ending.FAILED,
        reason=""
        if passed
        else f"the outcome is {verdict.outcome.name}, not {config.expected}: {verdict.reason}",
        outcome=verdict.outcome.name,
        virtual_ns=machine.clock.now,
        wall_s=time.monotonic() - began,
        retired=machine.processor.retired,
        trace_hash=trace_hash.hexdigest(),
        console=as_text(console.data),
        screen=screen_of(machine),
        transcript=[row(step) for step in transcript.steps],
        unplugged=departure_lines(transcript),
        findings=[finding.as_plain() for finding in explainer.findings()],
        timeline=timeline.as_plain(),
        **failed,
    )
    machine.close()
    return result


def matrix(guest: str) -> Iterator[CaseResult]:
    """One guest against many hosts."""
    for profile, blacklist, memory in product(("seed", "qemu"), (False, True), (8, 16, 32, 64, 128)):
        name = f"{guest}[profile={profile},blacklist={'1/2008' if blacklist else 'empty'},memory={memory}]"
        yield result_of(
            guest, name, profile=profile, blacklist=((1, 2008),) if blacklist else (), memory_mib=memory
        )
