"""What the rest of the machine may ask of a processor."""

from __future__ import annotations

from enum import Enum
from typing import Protocol


class Exit(Enum):
    """Why a processor came back from `run` or `step`."""

    SPENT = "the clock's deadline was reached"
    STEPPED = "one step was made"
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
    def at_decision_point(self) -> bool:
        """Whether no block is open: where timers may fire and interrupts be delivered."""

    @property
    def halted(self) -> bool:
        """Whether HLT waits for an interrupt."""

    def reset(self) -> None:
        """The RESET pin."""

    def set_a20(self, enabled: bool) -> None:
        """The A20M pin: let address line 20 through, or hold it low."""

    def run(self) -> Exit:
        """Run until the clock's deadline, an interrupt that can be taken, HLT, a request or shutdown.

        Every return is at a decision point.
        """

    def step(self) -> Exit:
        """Execute one instruction (one iteration of a repeated one, one delivery).

        STEPPED says that it did. Any other answer is a decision point, as from `run`, and nothing was
        executed (but for HALTED, where HLT was).
        """

    @property
    def interrupts_enabled(self) -> bool:
        """EFLAGS.IF."""

    def can_interrupt(self) -> bool:
        """Whether IF is set and no shadow of STI or MOV SS holds interrupts off."""

    def interrupt(self, vector: int) -> None:
        """Deliver external interrupt `vector` (0 to 255) through the IVT or IDT of the current mode."""

    def ask_exit(self) -> None:
        """Make `run` return at the next decision point."""
