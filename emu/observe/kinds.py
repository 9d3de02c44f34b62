"""The kinds of events that the tracer tells apart; a file of its own, so that naming them costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

KINDS = ("ports", "mmio", "pci", "irq", "exceptions", "disk", "net", "unplug", "store", "faults")


class Decoded(NamedTuple):
    """An access to a port in the words of what it belongs to."""

    kind: str
    text: str


Decoder = Callable[[int, int, int, bool], Decoded | None]
"""Takes port, width, value and whether it is a write."""
