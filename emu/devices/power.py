"""The reset control register at port 0xcf9.

[PIIX3] Intel 82371SB (290550) 2.5.8 (RC, reset control).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from emu.core.bus import Region
from emu.core.device import Device
from emu.core.registers import Named, Register, bit, registers

RESET_CONTROL_PORT = 0xCF9


class ResetControlRegister(Register):
    """RC: a rise of `reset_processor` resets, softly (INIT) or hard as `hard` says."""

    hard = bit(1)
    reset_processor = bit(2)


@dataclass
class ResetControlState:
    """What was written."""

    control: ResetControlRegister = field(default_factory=ResetControlRegister)


class ResetControl(Device[ResetControlState]):
    """Port 0xcf9. It lies inside the PCI address port, which takes only whole doublewords: claim it last."""

    def __init__(self, *, reset: Callable[[bool], None]) -> None:
        """`reset` is called with True for a hard reset, False for a soft one."""
        super().__init__("reset control", ResetControlState())
        self._reset = reset

    def ports(self) -> tuple[Region, ...]:
        """Port 0xcf9."""
        names = registers({0: Named("reset control", "", ResetControlRegister, ResetControlRegister)})
        return (Region("reset control", RESET_CONTROL_PORT, 1, self._read, self._write, registers=names),)

    def _read(self, offset: int, width: int) -> int:
        return self.state.control

    def _write(self, offset: int, width: int, value: int) -> None:
        old = self.state.control
        self.state.control = old.written(value)
        if self.state.control.reset_processor and not old.reset_processor:
            self._reset(bool(self.state.control.hard))
