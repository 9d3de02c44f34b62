"""Which code of a case's guest ran, as plain data in its result; and several such as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emu.inspect.coverage import FORMS, Counts, Coverage
from emu.inspect.programs import load_symbols
from emu.smoke.watched import Watched


class Covered:
    """Counts from now on, if somebody asked for it."""

    def __init__(self, watched: Watched, form: str | None) -> None:
        """Raises ConfigError where symbols of the configuration are unusable."""
        self._form = form
        if form is not None:
            self._symbols, _ = load_symbols(watched.config)
            self._coverage = Coverage(watched.machine)

    def as_plain(self) -> dict[str, Any]:
        """What a result has of it."""
        if self._form is None:
            return {}
        return {
            "form": self._form,
            "complete": self._coverage.is_complete,
            "counts": self._coverage.counts(self._form, self._symbols).as_plain(),
        }


def together(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What a result has of several guests."""
    parts = [part for part in parts if part]
    if not parts:
        return {}
    complete = all(part["complete"] for part in parts)
    return {"form": parts[0]["form"], "complete": complete, "counts": total(parts).as_plain()}


def total(parts: Iterable[Mapping[str, Any]]) -> Counts:
    """The sum of what one result or more have."""
    first, *others = parts
    counts = FORMS[first["form"]]()
    for part in (first, *others):
        counts.add(part["counts"])
    return counts
