"""The exit port 0xf4, by which a test guest reports how it went: 0 success, 3 skip, 4 error, 5 failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emu.core.bus import Region
from emu.core.device import Device
from emu.core.registers import registers


@dataclass
class ExitPortState:
    """The status that was last reported, if any."""

    status: int | None = None


class ExitPort(Device[ExitPortState]):
    """Port 0xf4: every byte written is passed on; reads float."""

    def __init__(self, *, report: Callable[[int], None]) -> None:
        """`report` is called with each status, whether it has a meaning or not."""
        super().__init__("exit", ExitPortState())
        self._report = report

    def ports(self) -> tuple[Region, ...]:
        """Port 0xf4."""
        return (Region("exit", 0xF4, 1, self._read, self._write, registers=registers({0: "exit status"})),)

    def _read(self, offset: int, width: int) -> int:
        return 0xFF

    def _write(self, offset: int, width: int, value: int) -> None:
        self.state.status = value
        self._report(value)
