"""`emu guests`: what there is to run."""

from __future__ import annotations

import sys

import click

from emu.cli.render import is_rich
from emu.machine.bundled import guest_names, guest_path
from emu.machine.loader import load_file


@click.command(short_help="List the bundled guests.")
def guests() -> int:
    """List the guests that come with emu, each with a line on what it does.

    `emu run NAME` runs one.
    """
    rows = [(name, load_file(guest_path(name)).description) for name in guest_names()]
    if not rows:
        click.echo("emu: no guest is built yet: run `make build`", err=True)
    elif is_rich(sys.stdout):
        _show_table(rows)
    else:
        width = max(len(name) for name, _ in rows)
        for name, description in rows:
            click.echo(f"{name:<{width}}  {description}")
    return 0


def _show_table(rows: list[tuple[str, str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("guest", style="bold cyan", no_wrap=True)
    table.add_column("what it does")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
