"""The RTL8029: a DP8390 with 16 KiB of memory, an address PROM, ports, and a page of its own.

[RTL8029] Realtek RTL8029AS data sheet. Of 32 ports the first 16 are the page that the command register
selects, the next 8 the remote DMA's data port, the last 8 the reset port. In local memory, address line 15
is not decoded.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emu.core.backends import NetBackend
from emu.core.bus import Region
from emu.core.wires import IrqLine
from emu.devices.ne2k.dp8390 import Dp8390
from emu.devices.ne2k.registers import (
    DATA_PORT,
    PORT_COUNT,
    RESET_PORT,
    Config2,
    Config3,
    EepromCommand,
    Page0,
    Page3,
    PagedRegisterMap,
)
from emu.devices.ne2k.state import Dp8390State

RAM_BASE, RAM_SIZE = 0x4000, 0x4000
RAM_END = RAM_BASE + RAM_SIZE
ID = {Page0.ID_LOW: 0x50, Page0.ID_HIGH: 0x43}
"""What page 0 reads where the DP8390 has nothing: `PC`."""
EEPROM_AUTO_LOAD, EEPROM_CONFIG_WRITE = 1, 3
"""Modes of the EEPROM command register."""


@dataclass
class Rtl8029State(Dp8390State):
    """The controller's registers, the board's own and its memory."""

    eeprom_command: EepromCommand = field(default_factory=EepromCommand)
    config2: Config2 = field(default_factory=lambda: Config2(0x40))
    config3: Config3 = field(default_factory=lambda: Config3(0x40))
    ram: bytearray = field(default_factory=lambda: bytearray(RAM_SIZE))


def address_prom(mac: bytes) -> bytes:
    """The PROM as a word-wide card shows it: 16 bytes, each twice; 0x57 marks a word-wide card."""
    content = mac + bytes(8) + b"\x57\x57"
    return bytes(byte for byte in content for _ in range(2))


class Rtl8029(Dp8390[Rtl8029State]):
    """The chip behind its 32 ports; where those are is the PCI function's business."""

    def __init__(self, name: str, *, mac: bytes, irq: IrqLine, link: NetBackend) -> None:
        """`mac` is the station address in the PROM, 6 bytes."""
        super().__init__(name, Rtl8029State(), irq=irq, link=link)
        self._prom = address_prom(mac)
        self.region = Region(
            name,
            0,
            PORT_COUNT,
            self._read,
            self._write,
            4,
            PagedRegisterMap(selected=lambda: self.state.command.page),
            self._read_string,
            self._write_string,
            range(DATA_PORT, RESET_PORT),
        )

    def ports(self) -> tuple[Region, ...]:
        """The 32 ports."""
        return (self.region,)

    # local memory

    def read_memory(self, address: int, length: int) -> bytes:
        """PROM at 0, RAM at 0x4000, nothing between."""
        parts = []
        while length:
            place = address % RAM_END
            if place >= RAM_BASE:
                part = bytes(self.state.ram[place - RAM_BASE : place - RAM_BASE + length])
            elif place < len(self._prom):
                part = self._prom[place : place + length]
            else:
                part = b"\xff" * min(length, RAM_BASE - place)
            parts.append(part)
            address, length = address + len(part), length - len(part)
        return b"".join(parts)

    def write_memory(self, address: int, data: bytes) -> None:
        """Only RAM keeps what is written."""
        while data:
            place = address % RAM_END
            if place >= RAM_BASE:
                count = min(len(data), RAM_END - place)
                self.state.ram[place - RAM_BASE : place - RAM_BASE + count] = data[:count]
            else:
                count = min(len(data), RAM_BASE - place)
            address, data = address + count, data[count:]

    # ports

    def _read(self, offset: int, width: int) -> int:
        if DATA_PORT <= offset < RESET_PORT:
            value = int.from_bytes(self._read_data(width), "little")
        elif width > 1:
            value = sum(self._read(offset + n, 1) << 8 * n for n in range(width))
        elif offset >= RESET_PORT:
            self.hardware_reset()
            value = 0
        else:
            value = self.read_register(self.state.command.page, offset)
        self.drive_outputs()
        return value

    def _write(self, offset: int, width: int, value: int) -> None:
        if DATA_PORT <= offset < RESET_PORT:
            self._write_data(value.to_bytes(width, "little"))
        elif width > 1:
            for n in range(width):
                self._write(offset + n, 1, value >> 8 * n & 0xFF)
        elif offset < DATA_PORT:
            self.write_register(self.state.command.page, offset, value)
        self.drive_outputs()

    @property
    def _unit(self) -> int:
        """Bytes that one transfer of the remote DMA moves."""
        return 2 if self.state.data_configuration.word_transfer else 1

    def _read_data(self, width: int) -> bytes:
        """A byte read where transfers are words takes a whole word and shows half of it."""
        unit = self._unit
        return b"".join(self.remote_read(unit) for _ in range(0, width, unit))[:width]

    def _write_data(self, data: bytes) -> None:
        unit = self._unit
        for start in range(0, len(data), unit):
            self.remote_write(data[start : start + unit].ljust(unit, b"\0"))

    def _read_string(self, offset: int, width: int, count: int) -> bytes:
        elements = min(count, self._in_one_go(offset, width))
        if elements == 0:
            return self._read(offset, width).to_bytes(width, "little")
        data = self.remote_read(elements * width)
        self.drive_outputs()
        return data

    def _write_string(self, offset: int, width: int, data: bytes) -> int:
        elements = min(len(data) // width, self._in_one_go(offset, width))
        if elements == 0:
            self._write(offset, width, int.from_bytes(data[:width], "little"))
            return width
        self.remote_write(data[: elements * width])
        self.drive_outputs()
        return elements * width

    def _in_one_go(self, offset: int, width: int) -> int:
        """How many elements lie side by side in RAM, before the count, the ring or the RAM ends."""
        pointer, stop = self.remote_pointer, self.state.page_stop * 256
        place = pointer % RAM_END
        whole = width >= self._unit and pointer == self.state.remote_address
        if not DATA_PORT <= offset < RESET_PORT or not whole or place < RAM_BASE:
            return 0
        bounds = [self.state.remote_count, RAM_END - place]
        if stop > pointer:
            bounds.append(stop - pointer)
        return min(bounds) // width

    # registers that the DP8390 does not have

    def _read_page0(self, offset: int) -> int:
        return ID[offset] if offset in ID else super()._read_page0(offset)

    def _read_page3(self, offset: int) -> int:
        match offset:
            case Page3.EEPROM_COMMAND:
                return self.state.eeprom_command
            case Page3.CONFIG2:
                return self.state.config2
            case Page3.CONFIG3:
                return self.state.config3
            case _:
                return 0

    def _write_page3(self, offset: int, value: int) -> None:
        """The configuration takes writes only while the EEPROM command register allows them."""
        state = self.state
        unlocked = state.eeprom_command.mode == EEPROM_CONFIG_WRITE
        if offset == Page3.EEPROM_COMMAND:
            self._command_eeprom(EepromCommand().written(value))
        elif offset == Page3.CONFIG2 and unlocked:
            state.config2 = Config2().written(value)
        elif offset == Page3.CONFIG3 and unlocked:
            state.config3 = Config3().written(value)

    def _command_eeprom(self, command: EepromCommand) -> None:
        """Auto-load fetches the configuration again and returns to normal at once."""
        if command.mode == EEPROM_AUTO_LOAD:
            self.state.config2, self.state.config3 = Config2(0x40), Config3(0x40)
            command = command.replace(mode=0)
        self.state.eeprom_command = command
