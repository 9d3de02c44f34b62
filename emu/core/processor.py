"""What the rest of the machine may ask of a processor."""

from __future__ import annotations

from enum import Enum
from typing import Protocol


class Exit(Enum):
    """Why a processor came back from `run` or `step`."""

    SPENT = "the clock's deadline was reached, or one step was made"
    INTERRUPTIBLE = "an interrupt is wanted and can be delivered here"
    HALTED = "HLT was executed"
    ASKED = "somebody called ask_exit"
    SHUTDOWN = "triple fault"


class Processor(Protocol):
    """An x86 processor that counts its time on the machine's clock."""

    interrupt_wanted: bool
    """The level of the INTR pin: the processor returns INTERRUPTIBLE where it could take an interrupt."""

    @property
    def retired(self) -> int:
        """Bytes of guest code retired, exact at every decision point."""

    @property
    def at_block_start(self) -> bool:
        """Whether this is a decision point: no block is open."""

    def run(self) -> Exit:
        """Run until the clock's deadline, an interrupt that can be taken, HLT, a request or shutdown."""

    def step(self) -> Exit:
        """Execute one instruction (one iteration of a repeated one, one delivery)."""

    def can_interrupt(self) -> bool:
        """Whether IF is set and no shadow of STI or MOV SS holds interrupts off."""

    def interrupt(self, vector: int) -> None:
        """Deliver external interrupt `vector` (0 to 255) through the IVT or IDT of the current mode."""

    def ask_exit(self) -> None:
        """Make `run` return at the next decision point."""
