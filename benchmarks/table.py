"""The table: by rich on a terminal, in plain columns elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Measurement

HEADINGS = ("Measurement", "Median", "From", "To", "Unit", "Goal", "Ratio", "")
WIDTHS = (74, 6, 6, 6, 4, 7, 5, 8)
IS_TEXT = (True, False, False, False, True, False, False, True)


def row(measurement: Measurement) -> tuple[str, ...]:
    """One line; the ratio is how many times better than the goal."""
    if measurement.unavailable:
        return (measurement.name, "", "", "", "", measurement.goal, "", measurement.unavailable)
    numbers = (measurement.median, min(measurement.rounds), max(measurement.rounds))
    ratio = measurement.ratio
    verdict = "" if ratio is None else "reached" if ratio >= 1 else "MISSED"
    shown = "" if ratio is None else f"{ratio:.2f}"
    columns = [f"{number:.3g}" if number < 100 else f"{number:.0f}" for number in numbers]
    return (measurement.name, *columns, measurement.unit, measurement.goal, shown, verdict)


def show(measurements: Iterable[Measurement]) -> None:
    """Print the table; on a terminal when all is measured, elsewhere line by line."""
    console = Console()
    if console.is_terminal:
        rows = []
        with console.status("Measuring ...") as status:
            for measurement in measurements:
                rows.append(row(measurement))
                status.update(f"Measured: {measurement.name}")
        console.print(_rich(rows))
        return
    print(_plain(HEADINGS))
    for measurement in measurements:
        print(_plain(row(measurement)), flush=True)


def _plain(cells: tuple[str, ...]) -> str:
    columns = zip(cells, WIDTHS, IS_TEXT, strict=True)
    return "  ".join(
        cell.ljust(width) if text else cell.rjust(width) for cell, width, text in columns
    ).rstrip()


def _rich(rows: list[tuple[str, ...]]) -> Table:
    table = Table()
    for heading, text in zip(HEADINGS, IS_TEXT, strict=True):
        table.add_column(heading, justify="left" if text else "right")
    for line in rows:
        table.add_row(*line, style="red" if "MISSED" in line else None)
    return table
