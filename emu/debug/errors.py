"""What a person who debugs may get wrong."""

from __future__ import annotations


class CommandError(Exception):
    """A command that cannot be done: one sentence that names the remedy. The session goes on."""
