"""What a machine that stopped shows, as plain data for a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from emu.core.clock import Clock
from emu.inspect.history import KEPT
from emu.inspect.processor_lines import code, registers, stack
from emu.inspect.screen import styled_rows
from emu.inspect.summary import as_text
from emu.inspect.transcript_rows import departure, row
from emu.inspect.view import View
from emu.smoke.watched import Watched

SHOWN_CONSOLE = 64 << 10
"""Bytes of console in a result: the last ones."""
LAST_ACCESSES = 16
CONSOLE = range(0x3F8, 0x400)
"""The first serial port: a guest that prints polls it, which would hide everything else."""
COLOURS = {
    "black": "#000000", "blue": "#0000aa", "green": "#00aa00", "cyan": "#00aaaa",
    "red": "#aa0000", "magenta": "#aa00aa", "yellow": "#aa5500", "white": "#aaaaaa",
    "bright_black": "#555555", "bright_blue": "#5555ff", "bright_green": "#55ff55", "bright_cyan": "#55ffff",
    "bright_red": "#ff5555", "bright_magenta": "#ff55ff", "bright_yellow": "#ffff55",
    "bright_white": "#ffffff",
}  # fmt: skip
"""The sixteen colours as a VGA's palette is set in mode 3."""


def measured(watched: Watched) -> dict[str, Any]:
    """Of every run: times, hash, console, screen, transcript, departures."""
    machine = watched.machine
    return {
        "outcome": watched.verdict.outcome.name,
        "virtual_ns": machine.clock.now,
        "wall_s": round(watched.wall_s, 6),
        "retired": machine.processor.retired,
        "trace_hash": watched.hash.hexdigest(),
        "console": as_text(bytes(watched.kept.console[-SHOWN_CONSOLE:])),
        "screen": screen(watched),
        "transcript": [list(row(step)) for step in watched.transcript.steps],
        "unplugged": [departure(left) for left in watched.transcript.departures],
    }


def close_up(watched: Watched) -> dict[str, Any]:
    """Of a run that did not go well: the last accesses, and the processor."""
    return {"last_accesses": accesses(watched), "processor": list(processor(watched))}


def accesses(watched: Watched, count: int = LAST_ACCESSES) -> list[str]:
    """The last accesses to ports, each with its time; what wrote to the console is one line."""
    clock = watched.machine.clock
    shown: list[str] = []
    for is_console, group in groupby(reversed(watched.history.last(KEPT)), lambda each: each.port in CONSOLE):
        for each in [next(group)] if is_console else group:
            text = f"... ports {CONSOLE[0]:#x} to {CONSOLE[-1]:#x}: the console" if is_console else each.text
            shown.append(f"{milliseconds(each.ticks, clock)}  {text}")
            if len(shown) == count:
                return shown[::-1]
    return shown[::-1]


def milliseconds(ticks: int, clock: Clock) -> str:
    """Virtual time as transcripts write it."""
    return f"{ticks / clock.ticks_per_ns / 1e6:.6f} ms"


def processor(watched: Watched) -> Iterator[str]:
    """Registers, stack, and the code around."""
    view = View(watched.machine)
    yield f" {view.mode}"
    yield from registers(view, {})
    yield from stack(view)
    yield from code(view)


def screen(watched: Watched) -> Sequence[Sequence[Mapping[str, str]]]:
    """The text screen: rows of runs of one colour; empty where none is shown."""
    shown = watched.machine.pc.vga.screen()
    if shown is None:
        return []
    return [
        [
            {
                "text": run.text,
                "foreground": COLOURS[run.style.foreground],
                "background": COLOURS[run.style.background],
            }
            for run in runs
        ]
        for runs in styled_rows(shown)
    ]
