"""What `--explain` prints; by rich on a terminal, else plain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from emu.cli.render import is_rich
from emu.inspect.explanation import details, heading, sentence
from emu.inspect.findings import Finding
from emu.inspect.protocol_rules import Verdict
from emu.inspect.transcript_rows import printable

STYLES = {
    Verdict.RIGHT: "green",
    Verdict.SKIPPED: "bold yellow",
    Verdict.WRONG: "bold red",
    Verdict.UNWISE: "yellow",
}
SENTENCE, DETAIL = "  ", " " * 11


def show_findings(findings: Sequence[Finding], stream: TextIO | None = None) -> None:
    """Print what the driver did right, skipped and did out of order."""
    stream = stream or sys.stdout
    (_show_rich if is_rich(stream) else _show_plain)(findings, stream)


def _title(findings: Sequence[Finding]) -> str:
    return f"The driver and the protocol: {heading(findings)}"


def _show_plain(findings: Sequence[Finding], stream: TextIO) -> None:
    stream.write(f"\n{_title(findings)}\n")
    for finding in findings:
        stream.write(f"{SENTENCE}{printable(sentence(finding))}\n")
        stream.writelines(f"{DETAIL}{printable(line)}\n" for line in details(finding))


def _show_rich(findings: Sequence[Finding], stream: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    console.print(Text(f"\n{_title(findings)}", style="italic"))
    for finding in findings:
        told = Text(f"{SENTENCE}{printable(sentence(finding))}", style=STYLES[finding.verdict])
        console.print(told, soft_wrap=True)
        for line in details(finding):
            console.print(Text(f"{DETAIL}{printable(line)}", style="dim"), soft_wrap=True)
