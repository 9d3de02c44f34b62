"""What a person who mistyped a name may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """At most `count` of the known names that look like `word`, the likeliest first."""
    from difflib import get_close_matches

    return get_close_matches(word.lower(), list(known), n=count, cutoff=0.6)


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of a sentence that refuses `word`: the name that was meant, or all that are known."""
    names = list(known)
    if close := nearest(word, names, 1):
        return f"did you mean {close[0]!r}?"
    return f"give one of {', '.join(names)}"
