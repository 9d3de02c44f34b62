"""The kinds of events that the tracer tells apart; a file of its own, so that naming them costs nothing."""

from __future__ import annotations

KINDS = ("ports", "mmio", "pci", "irq", "exceptions", "disk", "net", "unplug", "store")
