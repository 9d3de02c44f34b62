"""The DP8390's registers by page, and those that the RTL8029 adds.

[DP8390] National Semiconductor DP8390D/NS32490D data sheet, section 10; [RTL8029] Realtek RTL8029AS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emu.core.registers import Access, Named, Register, RegisterMap, bit, field, registers


class Command(Register):
    """CR, on every page."""

    stop = bit(0)
    start = bit(1)
    transmit = bit(2)
    remote = field(5, 3)
    page = field(7, 6)


REMOTE_READ, REMOTE_WRITE, SEND_PACKET, REMOTE_ABORT = 1, 2, 3, 4
"""Values of `Command.remote`; everything from REMOTE_ABORT on stops remote DMA."""


class InterruptStatus(Register):
    """ISR: written ones clear, but for the reset status."""

    packet_received = bit(0, Access.WRITE_1_TO_CLEAR)
    packet_transmitted = bit(1, Access.WRITE_1_TO_CLEAR)
    receive_error = bit(2, Access.WRITE_1_TO_CLEAR)
    transmit_error = bit(3, Access.WRITE_1_TO_CLEAR)
    overwrite_warning = bit(4, Access.WRITE_1_TO_CLEAR)
    counter_overflow = bit(5, Access.WRITE_1_TO_CLEAR)
    remote_dma_complete = bit(6, Access.WRITE_1_TO_CLEAR)
    reset_status = bit(7, Access.READ_ONLY)


class InterruptMask(Register):
    """IMR: bits as in ISR; the reset status raises no interrupt."""

    packet_received = bit(0)
    packet_transmitted = bit(1)
    receive_error = bit(2)
    transmit_error = bit(3)
    overwrite_warning = bit(4)
    counter_overflow = bit(5)
    remote_dma_complete = bit(6)


class DataConfiguration(Register):
    """DCR."""

    word_transfer = bit(0)
    byte_order = bit(1)
    long_address = bit(2)
    normal_operation = bit(3)
    auto_initialize_remote = bit(4)
    fifo_threshold = field(6, 5)


class TransmitConfiguration(Register):
    """TCR."""

    inhibit_crc = bit(0)
    loopback = field(2, 1)
    auto_transmit_disable = bit(3)
    collision_offset = bit(4)


class TransmitStatus(Register):
    """TSR. Bit 1 (on the DP8390: not deferred) is always set once a packet went out."""

    transmitted = bit(0)
    not_deferred = bit(1)
    collided = bit(2)
    aborted = bit(3)
    carrier_lost = bit(4)
    fifo_underrun = bit(5)
    heartbeat_lost = bit(6)
    out_of_window = bit(7)


class ReceiveConfiguration(Register):
    """RCR."""

    save_errors = bit(0)
    accept_runts = bit(1)
    accept_broadcast = bit(2)
    accept_multicast = bit(3)
    promiscuous = bit(4)
    monitor = bit(5)


class ReceiveStatus(Register):
    """RSR, and the first byte of a packet in the ring."""

    received = bit(0)
    crc_error = bit(1)
    alignment_error = bit(2)
    fifo_overrun = bit(3)
    missed = bit(4)
    group_address = bit(5)
    receiver_disabled = bit(6)
    deferring = bit(7)


class EepromCommand(Register):
    """9346CR: the configuration registers take writes while `mode` is 3."""

    data_out = bit(0, Access.READ_ONLY)
    data_in = bit(1)
    clock = bit(2)
    chip_select = bit(3)
    mode = field(7, 6)


class Config2(Register):
    """CONFIG2: the medium."""

    boot_rom = field(1, 0)
    flow_control = bit(5)
    medium = field(7, 6)


class Config3(Register):
    """CONFIG3: lamps, power and duplex."""

    power_down = bit(1)
    sleep = bit(2)
    lamps = field(5, 4)
    full_duplex = bit(6)


class Page0:
    """Offsets on page 0 (reads and writes often differ)."""

    LOCAL_ADDRESS_LOW, LOCAL_ADDRESS_HIGH, BOUNDARY = 1, 2, 3
    PAGE_START, PAGE_STOP = 1, 2
    TRANSMIT_STATUS, COLLISIONS, FIFO, INTERRUPT_STATUS = 4, 5, 6, 7
    TRANSMIT_PAGE, TRANSMIT_COUNT_LOW, TRANSMIT_COUNT_HIGH = 4, 5, 6
    REMOTE_ADDRESS_LOW, REMOTE_ADDRESS_HIGH = 8, 9
    REMOTE_COUNT_LOW, REMOTE_COUNT_HIGH = 0xA, 0xB
    ID_LOW, ID_HIGH = 0xA, 0xB
    RECEIVE_STATUS, ALIGNMENT_ERRORS, CRC_ERRORS, MISSED_PACKETS = 0xC, 0xD, 0xE, 0xF
    RECEIVE_CONFIGURATION, TRANSMIT_CONFIGURATION, DATA_CONFIGURATION, INTERRUPT_MASK = 0xC, 0xD, 0xE, 0xF


class Page1:
    """Offsets on page 1."""

    PHYSICAL_ADDRESS, CURRENT_PAGE, MULTICAST = 1, 7, 8


class Page2:
    """Offsets on page 2: what page 0 cannot read back."""

    PAGE_START, PAGE_STOP, TRANSMIT_PAGE = 1, 2, 4
    RECEIVE_CONFIGURATION, TRANSMIT_CONFIGURATION, DATA_CONFIGURATION, INTERRUPT_MASK = 0xC, 0xD, 0xE, 0xF


class Page3:
    """Offsets on page 3, the RTL8029's own."""

    EEPROM_COMMAND, CONFIG0, CONFIG2, CONFIG3 = 1, 3, 5, 6


DATA_PORT, RESET_PORT, PORT_COUNT = 0x10, 0x18, 0x20

_COMMAND = Named("command", "command", Command, Command)
_BOARD = {offset: Named("remote_data") for offset in range(DATA_PORT, RESET_PORT)} | {
    offset: Named("reset") for offset in range(RESET_PORT, PORT_COUNT)
}

PAGES: tuple[RegisterMap, ...] = (
    registers(
        {
            0: _COMMAND,
            1: "local_address_low/page_start",
            2: "local_address_high/page_stop",
            3: "boundary",
            4: Named("transmit_status", "transmit_page", TransmitStatus),
            5: "collisions/transmit_count_low",
            6: "fifo/transmit_count_high",
            7: Named("interrupt_status", "interrupt_status", InterruptStatus, InterruptStatus),
            8: "remote_address_low",
            9: "remote_address_high",
            0xA: "id_low/remote_count_low",
            0xB: "id_high/remote_count_high",
            0xC: Named("receive_status", "receive_configuration", ReceiveStatus, ReceiveConfiguration),
            0xD: Named("alignment_errors", "transmit_configuration", None, TransmitConfiguration),
            0xE: Named("crc_errors", "data_configuration", None, DataConfiguration),
            0xF: Named("missed_packets", "interrupt_mask", None, InterruptMask),
            **_BOARD,
        }
    ),
    registers(
        {
            0: _COMMAND,
            **{1 + n: f"physical_address_{n}" for n in range(6)},
            7: "current_page",
            **{8 + n: f"multicast_{n}" for n in range(8)},
            **_BOARD,
        }
    ),
    registers(
        {
            0: _COMMAND,
            1: "page_start",
            2: "page_stop",
            4: "transmit_page",
            0xC: Named("receive_configuration", "", ReceiveConfiguration),
            0xD: Named("transmit_configuration", "", TransmitConfiguration),
            0xE: Named("data_configuration", "", DataConfiguration),
            0xF: Named("interrupt_mask", "", InterruptMask),
            **_BOARD,
        }
    ),
    registers(
        {
            0: _COMMAND,
            1: Named("eeprom_command", "eeprom_command", EepromCommand, EepromCommand),
            3: "config0",
            5: Named("config2", "config2", Config2, Config2),
            6: Named("config3", "config3", Config3, Config3),
            **_BOARD,
        }
    ),
)


@dataclass(frozen=True)
class PagedRegisterMap(RegisterMap):
    """Names that depend on the page that the command register selects."""

    pages: Sequence[RegisterMap] = PAGES
    selected: Callable[[], int] = lambda: 0

    def name(self, offset: int, *, write: bool) -> str:
        """The register's name on the selected page, or an empty string."""
        return self.pages[self.selected()].name(offset, write=write)

    def explain(self, offset: int, value: int, *, write: bool) -> str:
        """The value's fields by name, as the selected page declares them."""
        return self.pages[self.selected()].explain(offset, value, write=write)
