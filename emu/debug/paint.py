"""Colours for what the debugger says, on a terminal: where the machine is, and what has changed."""

from __future__ import annotations

from rich.text import Text

STYLES = (
    (r"^-- .*$", "bold cyan"),
    (r"^=> .*$", "bold green"),
    (r"^-> .*$", "bold green"),
    (r"\b\w+ [0-9a-f]+\*", "bold yellow"),
    (r"^break \d+:.*$", "bold"),
    (r"^(ended|stopped): .*$", "bold magenta"),
    (r"^ +\d+\.\d{6} ms", "dim"),
    (r"<[^>]+>", "cyan"),
    (r"  nobody answers$", "red"),
)


def painted(line: str) -> Text:
    """The line, with styles."""
    text = Text(line)
    for pattern, style in STYLES:
        text.highlight_regex(pattern, style)
    return text
