"""Machine files: TOML with, for each key, the line that it stands on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from emu.core.errors import ConfigError

LARGEST = 1 << 20
"""Bytes: beyond this it is an image that somebody took for a machine file."""

KeyPath = tuple[str | int, ...]
"""Where in a machine file something stands: names of tables and keys, numbers of list elements."""


class MachineFile:
    """A machine file's contents as plain data."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError where the file cannot be read or is no TOML."""
        self.path = path
        try:
            with path.open("rb") as file:
                raw = file.read(LARGEST + 1)
        except FileNotFoundError:
            raise ConfigError(f"the machine file {path} does not exist: check the path") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError(f"the machine file {path} cannot be read ({reason}): check the path") from None
        if len(raw) > LARGEST:
            raise ConfigError(f"{path} is too long for a machine file: give an image by --disk or --cdrom")
        try:
            self._text = raw.decode()
            self.data: dict[str, Any] = tomllib.loads(self._text)
        except UnicodeDecodeError:
            raise ConfigError(f"{path} is no text: give a machine file, or an image by --disk") from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(self._syntax_error(str(error))) from None
        except RecursionError:
            raise ConfigError(f"{path} is nested too deeply for a machine file: make it flat") from None

    def where(self, key: KeyPath) -> str:
        """FILE:LINE of a key, or FILE where the line cannot be told."""
        line = self._line_of(key)
        return str(self.path) if line is None else f"{self.path}:{line}"

    def _syntax_error(self, message: str) -> str:
        found = re.fullmatch(r"(.*) \(at line (\d+), column \d+\)", message)
        at, problem = (
            (f":{found[2]}", found[1]) if found else ("", message.replace(" (at end of document)", ""))
        )
        return f"{self.path}{at}: this is no TOML, mend the line: {problem[:1].lower()}{problem[1:]}"

    def _line_of(self, key: KeyPath) -> int | None:
        """The line where `key` begins: up to it the file parses without the key."""
        lines = self._text.splitlines(keepends=True)
        name = next((part for part in reversed(key) if isinstance(part, str)), "")
        for number, line in enumerate(lines):
            if name in line and self._holds(lines[:number], key) is False:
                ends = (self._holds(lines[:end], key) for end in range(number + 1, len(lines) + 1))
                if next((held for held in ends if held is not None), False):
                    return number + 1
        return None

    @staticmethod
    def _holds(lines: list[str], key: KeyPath) -> bool | None:
        """Whether the first lines of a file hold `key`; None where they end amid a value."""
        try:
            found: Any = tomllib.loads("".join(lines))
        except tomllib.TOMLDecodeError:
            return None
        for part in key:
            match found:
                case dict() if part in found:
                    found = found[part]
                case list() if isinstance(part, int) and part < len(found):
                    found = found[part]
                case _:
                    return False
        return True
