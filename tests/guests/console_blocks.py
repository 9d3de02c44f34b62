"""The fenced blocks of a chapter as things to do: files to write, commands to run, output to compare.

    ```toml file=machine.toml       the text becomes that file
    ```console                      `$ COMMAND`, then what it prints, standard error among it
    $ emu run hello
    Hello from the guest
    ...
    ```

    ```console left-alone: WHY      a test leaves it alone, and says why

`...` alone in a line stands for any lines, elsewhere for any text in that line. A command goes on in the next
line behind a backslash. Wall times are whatever they are. A command that fails says so: `$ COMMAND; echo $?`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = "```"
LEFT_ALONE = "console left-alone: "
ELLIPSIS = "..."
PROMPT = "$ "
WALL_TIME = re.compile(
    r'\d+\.\d+ s wall|"wall_s": \d+\.\d+|(?<= s virtual) +\d+\.\d+ s|(?<= in )\d+\.\d+ s$', re.M
)
LONGEST_S = 120
COLUMNS = "120"


@dataclass(frozen=True)
class File:
    """A file that the chapter shows."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command, what it should print, and its line in the chapter."""

    text: str
    expected: str
    line: int

    def matches(self, printed: str) -> bool:
        """Whether the output is the one that the chapter shows."""
        pattern = "".join(map(_pattern, self.expected.splitlines()))
        return re.fullmatch(pattern, _without_wall_times(printed)) is not None


def steps(markdown: str) -> Iterator[File | Command]:
    """What a chapter has its reader do, in order."""
    lines = enumerate(markdown.splitlines(), start=1)
    for number, line in lines:
        if not line.startswith(FENCE):
            continue
        info = line.removeprefix(FENCE)
        content = []
        for _, inside in lines:
            if inside.startswith(FENCE):
                break
            content.append(inside)
        _, marked, name = info.partition("file=")
        if marked:
            yield File(name.strip(), "".join(f"{each}\n" for each in content))
        elif info == "console":
            yield from _commands(content, number + 1)
        elif info.startswith("console"):
            assert info.startswith(LEFT_ALONE), f"line {number}: nobody knows what {info!r} is"


def left_alone(markdown: str) -> Iterator[tuple[int, str]]:
    """The lines of a chapter where commands begin that no test runs, and why not."""
    for number, line in enumerate(markdown.splitlines(), start=1):
        if line.startswith(FENCE + LEFT_ALONE):
            yield number, line.removeprefix(FENCE + LEFT_ALONE)


def do(step: File | Command, folder: Path) -> str:
    """Write the file, or run the command in `folder`: what it printed, with a complaint if it failed."""
    if isinstance(step, File):
        (folder / step.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / step.name).write_text(step.text)
        return ""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        ["bash", "-c", step.text],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": COLUMNS, "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LONGEST_S,
        check=False,
    )
    printed = done.stdout.decode(errors="replace")
    return f"{printed}(exit status {done.returncode})\n" if done.returncode else printed


def _commands(content: list[str], first: int) -> Iterator[Command]:
    text, expected, line = "", "", first
    for number, each in enumerate(content, start=first):
        if text.endswith("\\") and not expected:
            text = f"{text}\n{each}"
        elif each.startswith(PROMPT):
            if text:
                yield Command(text, expected, line)
            text, expected, line = each.removeprefix(PROMPT), "", number
        else:
            expected += f"{each}\n"
    if text:
        yield Command(text, expected, line)


def _pattern(line: str) -> str:
    if line.strip() == ELLIPSIS:
        return r"(?:.*\n)*?"
    return ".*".join(map(re.escape, _without_wall_times(line).split(ELLIPSIS))) + r"\s*\n"


def _without_wall_times(text: str) -> str:
    return WALL_TIME.sub("(wall time)", text)
