"""What a person sees after a run: transcript, departures, result; by rich on a terminal, else plain."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TextIO

from emu.devices.vga.text import TextScreen
from emu.inspect.screen import Style as ScreenStyle
from emu.inspect.screen import lines_of, styled_rows
from emu.inspect.summary import Summary
from emu.inspect.transcript import Left, Transcript
from emu.inspect.transcript_rows import COLUMNS, Row, departure, printable, row

STYLES = {"SUCCESS": "bold green", "SKIP": "bold yellow"}
BAD = "bold red"


def is_rich(stream: TextIO) -> bool:
    """Whether `stream` is a terminal that can do more than lines."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def show_run(transcript: Transcript, summary: Summary, stream: TextIO | None = None) -> None:
    """Print everything that follows the guest's console."""
    stream = stream or sys.stdout
    (_show_rich if is_rich(stream) else _show_plain)(transcript, summary, stream)


def show_screen(screen: TextScreen | None, stream: TextIO | None = None) -> None:
    """Print the text screen: all of it in its colours on a terminal, else the lines that say something."""
    stream = stream or sys.stdout
    if screen is None:
        _lines(stream, "", "Screen: it shows no text")
    elif is_rich(stream):
        _show_rich_screen(screen, stream)
    else:
        _lines(stream, "", "Screen", *lines_of(screen))


def result_text(summary: Summary) -> str:
    """Why, and after how long."""
    expected = ""
    if summary.expected is not summary.verdict.outcome:
        expected = f", though {summary.expected.name} was expected"
    elif summary.status:
        expected = ", as expected"
    took = f"{summary.virtual_ns / 1e9:.6f} s virtual, {summary.wall_s:.2f} s wall"
    return f"{printable(summary.verdict.reason)}{expected} ({took})"


def fault_lines(summary: Summary) -> list[str]:
    """What was to go wrong, and how often it did, a line each."""
    return [f"{printable(name)}: {_times(count) if count else 'never'}" for name, count in summary.faults]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def departure_lines(transcript: Transcript) -> list[str]:
    """What left which bus, a line each."""
    return [departure(left) for left in transcript.departures]


def _more(transcript: Transcript) -> list[str]:
    return [f"... and {transcript.left_out} more"] if transcript.left_out else []


def _show_plain(transcript: Transcript, summary: Summary, stream: TextIO) -> None:
    rows = [row(step) for step in transcript.steps]
    if rows:
        _lines(stream, "", "Unplug protocol", *_columns([COLUMNS, *rows]), *_more(transcript))
    departures = departure_lines(transcript) or ["nothing"]
    _lines(stream, "", "Unplugged", *(f"  {line}" for line in departures))
    if summary.faults:
        _lines(stream, "", "Faults of the host", *(f"  {line}" for line in fault_lines(summary)))
    if summary.host_errors:
        _lines(stream, "", "Failed on the host", *(f"  {printable(each)}" for each in summary.host_errors))
    _lines(stream, "", f"Result: {summary.verdict.outcome.name}: {result_text(summary)}")
    if summary.trace_hash:
        _lines(stream, f"Trace hash: {summary.trace_hash}")


def _columns(rows: list[Row]) -> Iterable[str]:
    widths = [max(len(each[column]) for each in rows) for column in range(len(COLUMNS))]
    for each in rows:
        cells = [each[0].rjust(widths[0])] + [each[n].ljust(widths[n]) for n in range(1, len(COLUMNS))]
        yield "  " + "  ".join(cells).rstrip()


def _lines(stream: TextIO, *lines: str) -> None:
    stream.writelines(f"{line}\n" for line in lines)


def _show_rich_screen(screen: TextScreen, stream: TextIO) -> None:
    from rich.console import Console
    from rich.style import Style
    from rich.text import Text

    def style(of: ScreenStyle) -> Style:
        return Style(color=of.foreground, bgcolor=of.background, blink=of.blink)

    console = Console(file=stream, highlight=False)
    console.print(Text("\nScreen", style="italic"))
    for runs in styled_rows(screen):
        console.print(Text.assemble(*((run.text, style(run.style)) for run in runs)), soft_wrap=True)
    console.print()


def _show_rich(transcript: Transcript, summary: Summary, stream: TextIO) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    if transcript.steps:
        table = Table(title="Unplug protocol", title_justify="left", box=box.SIMPLE_HEAD)
        styles = ("dim", "cyan", "", "yellow", "")
        for name, style in zip(COLUMNS, styles, strict=True):
            table.add_column(name, style=style, justify="right" if name == "time" else "left")
        for step in transcript.steps:
            cells = [Text(cell) for cell in row(step)]
            table.add_row(*cells, style="bold magenta" if isinstance(step, Left) else None)
        console.print(table)
        for line in _more(transcript):
            console.print(Text(line, style="dim"))
    departures = departure_lines(transcript)
    console.print(Text("Unplugged", style="italic"))
    for line in departures or ["nothing"]:
        console.print(Text(f"  {line}", style="magenta" if departures else "dim"))
    if summary.faults:
        console.print(Text("\nFaults of the host", style="italic"))
        for line, (_, count) in zip(fault_lines(summary), summary.faults, strict=True):
            console.print(Text(f"  {line}", style="" if count else "yellow"), soft_wrap=True)
    if summary.host_errors:
        console.print(Text("\nFailed on the host", style="italic"))
        for line in summary.host_errors:
            console.print(Text(f"  {printable(line)}", style="red"), soft_wrap=True)
    outcome = summary.verdict.outcome.name
    result = Text.assemble("\nResult: ", (outcome, STYLES.get(outcome, BAD)), f": {result_text(summary)}")
    console.print(result)
    if summary.trace_hash:
        console.print(Text(f"Trace hash: {summary.trace_hash}"), soft_wrap=True)
