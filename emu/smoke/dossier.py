"""A case that did not pass, in lines of text: why, and what is needed to look closer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emu.inspect.transcript_rows import printable
from emu.smoke.result import CaseResult

SHOWN_LINES = 12
RECORDING = "run.recording"


def dossier(result: CaseResult) -> Iterator[str]:
    """The reason in one sentence, then the evidence."""
    yield printable(f"{result.name}: {result.reason}")
    yield from (printable(f"also: {each}") for each in result.also)
    console = result.console.replace("\r", "").rstrip("\n").split("\n") if result.console else []
    yield from _part("Transcript", result.golden.get("diff", ()))
    yield from _part("Console", [printable(line) for line in console[-SHOWN_LINES:]])
    screen = ["".join(run["text"] for run in row).rstrip() for row in result.screen]
    yield from _part("Screen", [line for line in screen if line])
    yield from _part("Unplugged", result.unplugged)
    yield from _part("Last accesses", result.last_accesses)
    yield from _part("Processor", result.processor)
    if result.trace_hash:
        yield ""
        yield f"Trace hash: {result.trace_hash}"
        yield f"Ended at {result.virtual_ns / 1e6:.6f} ms of virtual time, {result.retired} bytes of code"
    yield from _part("Kept", result.kept)
    recording = next((each for each in result.kept if each.endswith(RECORDING)), None)
    if recording is not None:
        yield ""
        yield f"To look closer, at the moment where it ended: emu debug '{recording}'"


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)
