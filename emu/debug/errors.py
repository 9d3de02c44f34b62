"""What a person who debugs may get wrong."""

from __future__ import annotations


class CommandError(Exception):
    """A command that cannot be done: one sentence that names the remedy. The session goes on."""


class ExpressionError(CommandError):
    """An expression that means nothing, and where in `text` it goes wrong, counted from 0."""

    def __init__(self, text: str, at: int, what: str) -> None:
        super().__init__(f"in `{text.strip()}`, column {at + 1}: {what}")
        self.text, self.at = text, at


class GivenUpError(Exception):
    """Somebody asked to stop a machine that was on its way: it is back where it was."""
