"""`emu test`: boots guests as smoke tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from emu.cli.commands import Command
from emu.cli.run import Target, option
from emu.core.errors import ConfigError
from emu.machine.bundled import guest_path
from emu.machine.config import COVERAGE
from emu.smoke.scenario import SCENARIO_SUFFIX

WHICH, HOW, RESULTS = "Which tests run", "How they run", "What is kept of them"


@click.command(cls=Command, short_help="Boot guests as tests.")
@click.argument("paths", type=Target(), nargs=-1, required=True, metavar="PATH | GUEST ...")
@option(
    WHICH,
    "-k",
    "keyword",
    metavar="EXPR",
    help="Only those whose name has it: unplug, 'qemu and not nics', or a matrix's axis: profile=qemu.",
)
@option(HOW, "-j", "workers", type=click.IntRange(1, 64), default=1, metavar="N", help="So many at once (1).")
@option(HOW, "--accept", is_flag=True, help="Write golden transcripts, after showing what changes.")
@option(RESULTS, "--junit", metavar="PATH", help="Results for a CI, as JUnit's XML.")
@option(RESULTS, "--report", metavar="FILE.html", help="A page to read: all that was seen, with timelines.")
@option(RESULTS, "--keep", metavar="PATH", help="A folder for everything about those that fail.")
@option(
    RESULTS,
    "--coverage",
    metavar="PATH",
    help="Which code all guests together ran: *.info for lcov, by source lines; *.drcov by blocks.",
)
@option(RESULTS, "--coverage-format", words=COVERAGE, help="How (by the name of the file).")
def test(paths: tuple[str, ...], **given: Any) -> int:
    """Boot guests and check what they did: machine files with a [test] table, folders of *.emu.toml (and of
    tests in Python that use the fixture `emu_guest`), or guests that come with emu, by name.

    Prints a line for each test, with the guest's time and yours. pytest runs them: in a folder that is set up
    for it, `pytest` runs the same.

    \b
    Exit status: 0 all passed or were skipped   1 some did not   2 a wrong file, or wrong usage
    """
    from emu.smoke.session import Wanted, run

    return run(Wanted(paths=[found(path) for path in paths], **given))


def found(path: str) -> str:
    """The file or folder that is meant. Raises ConfigError where there is none."""
    file = path.partition("::")[0]
    if Path(file).exists():
        return path
    if "/" in file or file.endswith(".toml"):
        raise ConfigError(f"{file} does not exist: give a machine file, a folder, or the name of a guest")
    machine = guest_path(path)
    has_tests = any(machine.parent.glob(f"*{SCENARIO_SUFFIX}"))
    return str(machine.parent if has_tests else machine)
