"""Ports that show what firmware is doing: the POST code latch and the byte-wide debug consoles.

The consoles are those of Bochs (0xe9) and of SeaBIOS under QEMU (0x402): a driver knows that one is there
because it reads 0xe9.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.core.backends import ByteSink
from emu.core.bus import Region
from emu.core.device import Device
from emu.core.registers import registers

PRESENT = 0xE9


@dataclass
class PostPortState:
    """The latch."""

    code: int = 0


class PostPort(Device[PostPortState]):
    """Port 0x80: shows the last byte written; drivers also write there to let time pass."""

    def __init__(self) -> None:
        super().__init__("post", PostPortState())

    def ports(self) -> tuple[Region, ...]:
        """Port 0x80."""
        return (Region("post", 0x80, 1, self._read, self._write, registers=registers({0: "POST code"})),)

    def _read(self, offset: int, width: int) -> int:
        return self.state.code

    def _write(self, offset: int, width: int, value: int) -> None:
        self.state.code = value


@dataclass
class DebugPortState:
    """Nothing: bytes pass through."""


class DebugPort(Device[DebugPortState]):
    """A port whose bytes go to a sink."""

    def __init__(self, name: str, base: int, *, sink: ByteSink) -> None:
        super().__init__(name, DebugPortState())
        self._base = base
        self._sink = sink

    def ports(self) -> tuple[Region, ...]:
        """The one port."""
        names = registers({0: "debug console"})
        return (Region(self.name, self._base, 1, self._read, self._write, registers=names),)

    def _read(self, offset: int, width: int) -> int:
        return PRESENT

    def _write(self, offset: int, width: int, value: int) -> None:
        self._sink.write(bytes((value,)))
