"""`emu run`: a guest by name, a machine file, or what the options describe."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from emu.cli.commands import Command, Option
from emu.cli.main import complain
from emu.cli.options import layer
from emu.core.errors import ConfigError
from emu.machine.bundled import guest_names
from emu.machine.config import COVERAGE, DISPLAYS, LINKS, ON_RESET, PACES, PROFILES, MachineConfig
from emu.machine.fault_tables import KINDS as FAULT_KINDS
from emu.machine.loader import SUFFIX, load
from emu.observe.kinds import KINDS

if TYPE_CHECKING:
    from emu.machine.snapshot_file import SnapshotFile

MACHINE, XEN, OUTPUT, WATCHING, KEEPING, PACE = (
    "The machine",
    "The Xen side",
    "Where output goes",
    "Watching",
    "Keeping it",
    "How it runs",
)


class Target(click.ParamType[str]):
    """A bundled guest or a machine file."""

    name = "guest"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Guests that begin so; else files, because bash shows either those or words."""
        names = [name for name in guest_names() if name.startswith(incomplete)]
        return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]


F = TypeVar("F", bound=Callable[..., Any])


Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completed_by(*words: str) -> Completer:
    """Completes one of some words."""
    return lambda ctx, param, incomplete: [
        CompletionItem(word) for word in words if word.startswith(incomplete)
    ]


def completed_in_a_list(*words: str) -> Completer:
    """Completes the last of words with commas between."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, begun = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{word}") for word in words if word.startswith(begun)]

    return complete


def completed_by_files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes a path, as the shell does."""
    return [CompletionItem(incomplete, type="file")]


def option(
    heading: str, *names: str, words: tuple[str, ...] = (), metavar: str | None = None, **attributes: Any
) -> Callable[[F], F]:
    """An option under a heading; `words` are those that it takes."""
    if words:
        metavar, attributes["shell_complete"] = "|".join(words), completed_by(*words)
    elif metavar and "file:PATH" in metavar:
        attributes["shell_complete"] = completed_by(*metavar.removesuffix("PATH").split("|"))
    elif metavar and any(word in metavar for word in ("PATH", "FILE", "BZIMAGE")):
        attributes["shell_complete"] = completed_by_files
    attributes["metavar"] = metavar
    return click.option(*names, cls=Option, heading=heading, **attributes)


@click.command(cls=Command, short_help="Run a guest.")
@click.argument("target", type=Target(), required=False, metavar="[GUEST | FILE.toml]")
@option(MACHINE, "--memory", type=int, metavar="MIB", help="RAM, 2 to 16384 MiB (64).")
@option(MACHINE, "--firmware", metavar="PATH", help="A ROM image instead of emu's own BIOS.")
@option(MACHINE, "--vga-rom", metavar="PATH|none", help="Firmware on the VGA, such as SeaBIOS's (none).")
@option(MACHINE, "--kernel", metavar="BZIMAGE", help="A Linux kernel, entered instead of the firmware.")
@option(
    MACHINE, "--elf", metavar="PATH", help="A 32-bit ELF or Multiboot image, entered instead of the firmware."
)
@option(MACHINE, "--initrd", metavar="PATH", help="Its initial RAM disk or module.")
@option(MACHINE, "--append", metavar="TEXT", help="Its command line, such as console=ttyS0.")
@option(
    MACHINE,
    "--disk",
    multiple=True,
    metavar="PATH[,position=0..3][,write]",
    help="A hard disk. 0 and 1 are the primary master and slave, 2 and 3 the secondary ones. "
    "Without `write` the image is never changed.",
)
@option(
    MACHINE,
    "--cdrom",
    multiple=True,
    metavar="PATH[,position=0..3][,next=PATH...]",
    help="A CD in a drive. Where the guest ejects it, the next one is put in.",
)
@option(
    MACHINE,
    "--nic",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[mac=MAC][,backend=" + "|".join(LINKS) + "][,KEY=VALUE...]",
    shell_complete=completed_in_a_list(*(f"backend={link}" for link in LINKS)),
    help="An ne2k PCI network card. `capture=FILE.pcap` keeps all frames, `rom=FILE` is its expansion ROM. "
    "The back end `peer` is a station that answers ARP, ping and UDP port 7 at `address=A` (10.0.2.2), "
    "hands out the next address by DHCP, and serves a file, or the files of a folder, by TFTP with "
    "`serve=PATH`.",
)
@option(XEN, "--profile", words=PROFILES, help="Which host's unplug protocol (seed).")
@option(XEN, "--protocol-version", type=int, words=("0", "1"), help="Version of the protocol (1).")
@option(XEN, "--blacklist", multiple=True, metavar="PRODUCT/BUILD", help="Refuse this build of a driver.")
@option(XEN, "--store", multiple=True, metavar="KEY=VALUE", help="A node of the store.")
@option(XEN, "--no-log-throttle", is_flag=True, help="Let the guest log as fast as it can.")
@option(
    XEN,
    "--fault",
    multiple=True,
    metavar="KIND[,KEY=VALUE...]",
    shell_complete=completed_by(*(f"{kind}," for kind in FAULT_KINDS)),
    help=f"Let the host misbehave: {', '.join(FAULT_KINDS)}; when, by `at=N`, `from=N`, `count=N`, "
    "`every=N`, `after=20ms`, `after_text=TEXT`. See docs/faults.md.",
)
@option(OUTPUT, "--serial", metavar="stdio|null|file:PATH", help="The first serial port (stdio).")
@option(OUTPUT, "--serial2", metavar="stdio|null|file:PATH", help="The second serial port (null).")
@option(
    OUTPUT,
    "--input",
    metavar="PATH|-",
    help="What the serial port receives: a file, from the start, or standard input, as it comes. "
    "A terminal is read without this option.",
)
@option(
    OUTPUT,
    "--keys",
    multiple=True,
    metavar="[after=TEXT,]KEYS",
    help="Type on the guest's keyboard, once it takes keys: text, and names such as <enter>, <f12> or "
    "<ctrl-alt-del>. With `after=` not before the screen or the serial console shows TEXT.",
)
@option(OUTPUT, "--guest-log", metavar="stderr|null|file:PATH", help="The log at port 0x12 (stderr).")
@option(OUTPUT, "--debug", metavar="stderr|null|file:PATH", help="Debug ports 0xe9 and 0x402 (null).")
@option(OUTPUT, "--json", is_flag=True, help="Print one JSON object at the end, nothing else.")
@option(OUTPUT, "--hash", is_flag=True, help="Print a hash over all that crossed a bus or a wire.")
@option(OUTPUT, "--screen", is_flag=True, help="Print the text screen as it was at the end.")
@option(
    OUTPUT,
    "--display",
    words=DISPLAYS,
    help="Show the text screen while it runs; keys go to the guest's keyboard then (none).",
)
@option(
    WATCHING,
    "--explain",
    is_flag=True,
    help="Say what the driver did right, skipped, and did out of order by the unplug protocol: "
    "each with time, instruction and source line.",
)
@option(
    WATCHING,
    "--coverage",
    metavar="PATH",
    help="Write which code ran: *.info for lcov, by source lines; *.drcov by blocks.",
)
@option(WATCHING, "--coverage-format", words=COVERAGE, help="How (by the name of the file).")
@option(
    WATCHING,
    "--symbols",
    multiple=True,
    metavar="PATH",
    help="An ELF file with the guest's symbols. Those beside an image, NAME.elf for NAME.img, are found.",
)
@option(
    WATCHING,
    "--trace",
    metavar="KIND,...",
    shell_complete=completed_in_a_list(*KINDS, "all"),
    help=f"Print events: {', '.join(KINDS)}, or all.",
)
@option(WATCHING, "--trace-file", metavar="PATH", help="Where they go (standard error).")
@option(WATCHING, "--trace-format", words=("text", "json"), help="How (json for *.jsonl, else text).")
@option(
    WATCHING,
    "--gdb",
    metavar="[HOST:]PORT",
    help="Let gdb connect (`target remote :PORT`), from this host alone unless you name an address.",
)
@option(WATCHING, "--gdb-wait", is_flag=True, help="Run nothing before gdb says so.")
@option(
    KEEPING,
    "--record",
    metavar="PATH",
    help="Keep a recording of the run, however it ends: `emu debug FILE` goes backwards from its end, "
    "`emu replay FILE` runs it again and compares. Images with `write` are written at the end.",
)
@option(
    KEEPING,
    "--save-at",
    nargs=2,
    metavar="TIME PATH",
    help="Save the whole machine as it is at that time, such as 1.5s or 29.18ms, in a file.",
)
@option(
    KEEPING,
    "--from",
    "resumed",
    metavar="PATH",
    help="Go on from a saved machine. The file has its inputs with it; --limit counts from reset, as ever.",
)
@option(
    KEEPING,
    "--image-dir",
    metavar="PATH",
    help="Where images lie that were too large for the file and are not where they were.",
)
@option(PACE, "--limit", type=float, metavar="SECONDS", help="Stop after so much of the guest's time.")
@option(PACE, "--wall", type=float, metavar="SECONDS", help="Stop after so much of your time.")
@option(
    PACE,
    "--on-reset",
    words=ON_RESET,
    help="What a reset is: the end, or a new start (reboot with firmware, exit with --kernel and --elf; "
    "a triple fault is a crash unless you say reboot).",
)
@option(
    PACE,
    "--pace",
    words=PACES,
    help="Idle time lasts as long as on your clock, or no time at all (real while input may come).",
)
@option(PACE, "--slice", type=int, metavar="BYTES", help="Run in slices of so much code: the same run.")
@option(PACE, "--step", is_flag=True, help="Run instruction by instruction: the same run.")
def run(target: str | None, resumed: str | None, image_dir: str | None, **given: Any) -> int:
    """Run a guest: one that comes with emu (`emu guests`), a machine file, or what the options describe.

    Options override the machine file, where each has a place. Shows the guest's serial console as it comes,
    then the transcript of the unplug protocol, what left which bus, and the result.

    \b
    Exit status: 0 SUCCESS   2 wrong usage or configuration   3 SKIP
                 4 ERROR (silence, a limit, idle for ever, Ctrl-C)
                 5 FAILURE   6 CRASH (triple fault)
    """
    if target is not None and Path(target).is_file() and not target.endswith(SUFFIX):
        from emu.machine.archive import is_archive

        if is_archive(Path(target)):
            raise ConfigError(
                f"{target} is no guest: a snapshot goes on by `emu run --from {target}`, a recording is "
                "opened by `emu debug` or `emu replay`"
            )
    config = load(target, layer(given))
    if target is not None and target.endswith(SUFFIX):
        from emu.smoke.scenario import check

        check(Path(target))
    if resumed is not None:
        folder = None if image_dir is None else Path(image_dir)
        return go_on(resumed, folder, config, described=target is not None)
    if image_dir is not None:
        raise ConfigError("--image-dir is for a saved machine: give one by --from FILE, or leave it out")
    bootable = config.drives or config.firmware or config.kernel or any(nic.rom for nic in config.nics)
    if target is None and not bootable:
        raise ConfigError(
            "nothing to run: name a guest (`emu guests` lists them) or a machine file, or give --disk, "
            "--cdrom, --kernel, --elf or --firmware"
        )
    return execute(config)


def go_on(path: str, image_dir: Path | None, given: MachineConfig, *, described: bool) -> int:
    """Run a saved machine on; the exit status. `described` tells whether a guest was named besides."""
    from emu.machine.snapshot_file import read_snapshot, without_outputs

    saved = read_snapshot(Path(path), image_dir=image_dir)
    if described or given != MachineConfig(run=given.run):
        saved.check_same(given)
        config = given
    else:
        config = replace(without_outputs(saved.config), run=given.run)
    on_reset = given.run.on_reset or saved.config.run.on_reset
    try:
        return execute(replace(config, run=replace(config.run, on_reset=on_reset)), saved)
    finally:
        saved.close()


def execute(config: MachineConfig, saved: SnapshotFile | None = None) -> int:
    """Run a machine, or a `saved` one on, and show what came of it; the exit status."""
    from emu.cli.session import Session

    session = Session(config, saved)
    for warning in session.machine.warnings:
        complain(f"warning: {warning}")
    summary = session.run()
    for name, count in summary.faults:
        if not count:
            complain(
                f"warning: the fault {name!r} never happened, so this run says nothing about it: "
                "look at when it is to come"
            )
    for complaint in session.complaints:
        complain(complaint)
    if config.run.json:
        click.echo(json.dumps(summary.as_plain()))
    else:
        from emu.cli.render import show_run, show_screen

        display = config.run.display == "text"
        if config.run.serial == "stdio" and not display and not session.console.ends_in_a_line:
            click.echo()
        if config.run.screen or display:
            show_screen(summary.screen)
        show_run(session.transcript, summary)
        if summary.findings is not None:
            from emu.cli.explained import show_findings

            show_findings(summary.findings)
    return summary.status
