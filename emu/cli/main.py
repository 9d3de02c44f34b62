"""The command `emu`: finds the subcommand, and turns what goes wrong into one sentence and a status."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

import click

from emu import __version__
from emu.cli.commands import LazyGroup
from emu.core.errors import ConfigError

USAGE, INTERRUPTED = 2, 4


@click.group(
    cls=LazyGroup,
    modules={
        "run": "emu.cli.run",
        "debug": "emu.cli.debug",
        "replay": "emu.cli.replay",
        "test": "emu.cli.test",
        "guests": "emu.cli.guests",
    },
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="emu %(version)s")
@click.pass_context
def emu(context: click.Context) -> int:
    """A Xen HVM guest's whole world in one ordinary process.

    Boots guests on an emulated PC with the Xen platform device, shows how they unplug their emulated devices,
    and gives the same answer every time.

    \b
      emu guests              what there is to run
      emu run unplug-all      a guest that unplugs everything
      emu run --disk my.img   a disk image of your own
      emu debug unplug-all    step through it, forwards and backwards
      emu test my-tests/      guests as smoke tests
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        return USAGE
    return 0


def complain(problem: str) -> None:
    """One sentence on standard error."""
    print(f"emu: {problem}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its exit status."""
    gc.disable()  # what is imported stays: to look for garbage there costs a quarter of a short run's time
    try:
        status = _status(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        from emu.cli.outputs import silence_stdout

        silence_stdout()
        return INTERRUPTED
    finally:
        gc.enable()
    return status


def _with_remedy(error: click.ClickException) -> str:
    """The sentence of an error of click's, which does not always say what to do."""
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    if context is None or ":" in message or message.endswith("?"):
        return message
    return f"{message}: `{context.command_path} --help` tells what it takes"


def _status(arguments: Sequence[str] | None) -> int:
    try:
        result = emu.main(args=arguments, prog_name="emu", standalone_mode=False)
    except click.ClickException as error:
        complain(_with_remedy(error))
        return USAGE
    except ConfigError as error:
        complain(str(error))
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        complain("stopped by Ctrl-C")
        return INTERRUPTED
    return result if isinstance(result, int) else 0
