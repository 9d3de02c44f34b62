"""How `emu test` shows results: a line for each, in colours and with progress on a terminal, else plain."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from emu.inspect.transcript_rows import printable
from emu.smoke.result import CaseResult, Ending

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

STYLES = {
    Ending.PASSED: "green",
    Ending.SKIPPED: "yellow",
    Ending.FAILED: "bold red",
    Ending.ERROR: "bold magenta",
}
WORDS = {
    Ending.PASSED: "passed",
    Ending.SKIPPED: "skipped",
    Ending.FAILED: "FAILED",
    Ending.ERROR: "ERROR",
}
WORD_WIDTH, NAME_WIDTH, WIDEST_NAME = 7, 44, 72


class Shown:
    """Writes to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = time.monotonic()
        self._expected = self._done = 0
        self._name_width = NAME_WIDTH
        self._console: Console | None = None
        self._status: Status | None = None
        if stream.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            from rich.console import Console

            self._console = Console(file=stream, highlight=False, soft_wrap=True)
            self._status = self._console.status("collecting")
            self._status.start()

    def expect(self, names: Sequence[str]) -> None:
        """These tests will run."""
        self._expected = len(names)
        self._name_width = min(max([NAME_WIDTH, *map(len, names)]), WIDEST_NAME)
        self._progress("")

    @property
    def left(self) -> int:
        """How many have not been shown."""
        return max(self._expected - self._done, 0)

    def begin(self, name: str) -> None:
        """A test begins."""
        self._progress(name)

    def show(self, result: CaseResult) -> None:
        """A test ended."""
        self._done += 1
        word = WORDS[result.ending]
        line = f" {result.name:<{self._name_width}}  {_times(result)}"
        if result.reason:
            line += f"  {printable(result.reason)}"
        if result.also:
            line += f" (and {len(result.also)} more)"
        self._write((f"{word:<{WORD_WIDTH}}", STYLES[result.ending]), (line.rstrip(), ""))

    def dossier(self, lines: Sequence[str]) -> None:
        """Why a test did not pass."""
        self._write(("", ""))
        for number, line in enumerate(lines):
            self._write((line, "bold" if not number or (line and not line.startswith(" ")) else ""))

    def lines(self, lines: Iterable[str]) -> None:
        """Lines, each as it comes."""
        for line in lines:
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            self._write((line, style))

    def summary(self, counts: Mapping[Ending, int]) -> None:
        """The last line."""
        words = ", ".join(f"{count} {WORDS[ending].lower()}" for ending, count in counts.items())
        bad = any(ending in (Ending.FAILED, Ending.ERROR) for ending in counts)
        took = time.monotonic() - self._begun
        self._write(("", ""))
        self._write((words or "nothing ran", "bold red" if bad else "bold green"), (f" in {took:.2f} s", ""))

    def complain(self, problem: str) -> None:
        """A sentence on standard error."""
        self._stream.flush()
        print(f"emu: {problem}", file=sys.stderr)

    def end(self) -> None:
        """No more tests run."""
        if self._status is not None:
            self._status.stop()

    def _progress(self, name: str) -> None:
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(f"{self._done} of {self._expected}  {name}"))

    def _write(self, *parts: tuple[str, str]) -> None:
        if self._console is None:
            self._write_plain("".join(text for text, _ in parts) + "\n")
            return
        from rich.text import Text

        self._console.print(Text.assemble(*parts))

    def _write_plain(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:  # nobody reads on, but files and the exit status are still wanted
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, self._stream.fileno())
            os.close(sink)


def _times(result: CaseResult) -> str:
    virtual = f"{result.virtual_ns / 1e9:10.6f} s virtual" if result.virtual_ns else " " * 20
    return f"{virtual}  {result.wall_s:6.2f} s"
