"""Registers of the 16550A.

[16550] National PC16550D (TL/C/8652), June 1995, table II.
"""

from __future__ import annotations

from enum import IntEnum

from emu.core.registers import Access, Register, bit
from emu.core.registers import field as bits


class Offset(IntEnum):
    """Registers by address; 0 and 1 are the divisor latch while DLAB is set."""

    DATA = 0
    INTERRUPT_ENABLE = 1
    INTERRUPT_IDENTITY = 2
    LINE_CONTROL = 3
    MODEM_CONTROL = 4
    LINE_STATUS = 5
    MODEM_STATUS = 6
    SCRATCH = 7


class InterruptEnable(Register):
    """IER."""

    received_data = bit(0)
    transmitter_empty = bit(1)
    line_status = bit(2)
    modem_status = bit(3)


class FifoControl(Register):
    """FCR."""

    enable = bit(0)
    reset_receiver = bit(1)
    reset_transmitter = bit(2)
    dma_mode = bit(3)
    trigger = bits(7, 6)


class LineControl(Register):
    """LCR."""

    word_length = bits(1, 0)
    two_stop_bits = bit(2)
    parity = bits(5, 3)
    set_break = bit(6)
    divisor_latch = bit(7)


class ModemControl(Register):
    """MCR."""

    data_terminal_ready = bit(0)
    request_to_send = bit(1)
    out1 = bit(2)
    out2 = bit(3)
    loopback = bit(4)


class LineStatus(Register):
    """LSR."""

    data_ready = bit(0, Access.READ_ONLY)
    overrun = bit(1, Access.READ_ONLY)
    parity_error = bit(2, Access.READ_ONLY)
    framing_error = bit(3, Access.READ_ONLY)
    break_interrupt = bit(4, Access.READ_ONLY)
    holding_register_empty = bit(5, Access.READ_ONLY)
    transmitter_empty = bit(6, Access.READ_ONLY)
    fifo_error = bit(7, Access.READ_ONLY)


class ModemStatus(Register):
    """MSR."""

    delta_clear_to_send = bit(0)
    delta_data_set_ready = bit(1)
    ring_trailing_edge = bit(2)
    delta_carrier_detect = bit(3)
    clear_to_send = bit(4)
    data_set_ready = bit(5)
    ring = bit(6)
    carrier_detect = bit(7)


class Interrupt(IntEnum):
    """Sources as IIR names them, in order of priority; `NONE` is what it reads without one."""

    LINE_STATUS = 0x06
    RECEIVED_DATA = 0x04
    CHARACTER_TIMEOUT = 0x0C
    TRANSMITTER_EMPTY = 0x02
    MODEM_STATUS = 0x00
    NONE = 0x01
