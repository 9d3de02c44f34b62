"""Click's commands, with suggestions for wrong names, late imports, and options under headings."""

from __future__ import annotations

import importlib
from typing import Any

import click

from emu.machine.nearest import nearest


class LazyGroup(click.Group):
    """Commands by the module that defines each, imported when it is wanted."""

    def __init__(self, *args: Any, modules: dict[str, str] | None = None, **attributes: Any) -> None:
        """`modules`: command names to modules that define a command of the same name."""
        super().__init__(*args, **attributes)
        self.modules = modules or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they were given."""
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, if there is one."""
        if cmd_name not in self.modules:
            return None
        command: click.Command = getattr(importlib.import_module(self.modules[cmd_name]), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with; a wrong name is answered with the nearest one."""
        name = args[0]
        if name not in self.modules and not name.startswith("-"):
            close = nearest(name, self.modules, 1)
            hint = f"did you mean `emu {close[0]}`?" if close else "`emu --help` lists those there are"
            raise click.UsageError(f"there is no command {name!r}: {hint}", ctx)
        return super().resolve_command(ctx, args)


class Option(click.Option):
    """An option that stands under a heading in the help."""

    def __init__(self, *args: Any, heading: str = "Options", **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.heading = heading


class Command(click.Command):
    """A command that lists its options under their headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a list under each heading, in the order in which they were declared."""
        headings: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                headings.setdefault(getattr(parameter, "heading", "Other"), []).append(record)
        for heading, records in headings.items():
            with formatter.section(heading):
                formatter.write_dl(records)
