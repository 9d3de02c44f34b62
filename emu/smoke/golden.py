"""Golden transcripts: what a guest and its host said by the unplug protocol, as text to compare with.

Times are left out: they change with every instruction that is added somewhere, what was said does not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

from emu.core.errors import ConfigError
from emu.inspect.transcript import Transcript
from emu.inspect.transcript_rows import row

LARGEST = 4 << 20


@dataclass(frozen=True)
class Golden:
    """A transcript and the file that holds what it should be."""

    path: Path
    text: str
    diff: Sequence[str]
    """Empty where both are equal."""

    @property
    def problem(self) -> str | None:
        """What is said where they differ."""
        if not self.diff:
            return None
        if not self.path.exists():
            return f"golden: there is no {self.path} yet: --accept writes it"
        return f"golden: the transcript is not that of {self.path}, see below: --accept writes it anew"

    def as_plain(self) -> dict[str, Any]:
        """For a result; empty where there is nothing to accept."""
        return {"path": str(self.path), "text": self.text, "diff": list(self.diff)} if self.diff else {}


def text_of(transcript: Transcript) -> str:
    """The whole transcript, a step a line."""
    rows = [row(step) for step in transcript.steps]
    lines = [
        f"{port:<6}  {access:<10}  {value:<10}  {meaning}".rstrip()
        for _, port, access, value, meaning in rows
    ]
    if transcript.left_out:
        lines.append(f"... and {transcript.left_out} more")
    return "".join(f"{line}\n" for line in lines)


def compare(path: Path, transcript: Transcript) -> Golden:
    """Hold a transcript against a file. Raises ConfigError where the file cannot be read."""
    text = text_of(transcript)
    try:
        with path.open("rb") as file:
            known = file.read(LARGEST + 1)
        wanted = known.decode()
    except FileNotFoundError:
        wanted = ""
    except UnicodeDecodeError:
        raise ConfigError(f"the golden transcript {path} is no text: name another file") from None
    except OSError as error:
        raise ConfigError(
            f"the golden transcript {path} cannot be read ({error.strerror}): name another file"
        ) from None
    if wanted == text and path.exists():
        return Golden(path, text, ())
    diff = unified_diff(
        wanted.splitlines(), text.splitlines(), f"{path} as it is", "this run", lineterm="", n=2
    )
    return Golden(path, text, list(diff) or ["(it is empty)"])


def accept(plains: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Write golden files; yields what changes, before each is written. What went wrong begins with `emu:`."""
    written: dict[str, str] = {}
    for plain in plains:
        path, text = plain["path"], plain["text"]
        if path in written:
            if written[path] != text:
                yield f"emu: {path} was just accepted from a case that says something else: name one each"
            continue
        yield from plain["diff"]
        try:
            write_whole(Path(path), text.encode())
        except OSError as error:
            yield f"emu: {path} cannot be written ({error.strerror}): name another file"
            continue
        written[path] = text
        yield f"accepted {path}"


def write_whole(path: Path, data: bytes) -> None:
    """Let a file appear whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
