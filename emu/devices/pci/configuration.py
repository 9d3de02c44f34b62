"""A function's 256 bytes of configuration space, declared as data.

[PCI] PCI Local Bus Specification 2.1, chapter 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from emu.core.registers import Access, Named, Register, bit, field, registers

SIZE = 256
VENDOR_ID, DEVICE_ID, COMMAND, STATUS, REVISION_ID, CLASS_CODE = 0x00, 0x02, 0x04, 0x06, 0x08, 0x09
CACHE_LINE_SIZE, LATENCY_TIMER, HEADER_TYPE, BASE_ADDRESS = 0x0C, 0x0D, 0x0E, 0x10
SUBSYSTEM_VENDOR_ID, SUBSYSTEM_ID, EXPANSION_ROM = 0x2C, 0x2E, 0x30
INTERRUPT_LINE, INTERRUPT_PIN = 0x3C, 0x3D
MULTIFUNCTION = 0x80
"""The bit of the header type that says that a device has more than function 0."""


class Command(Register):
    """The command register. [PCI] 6.2.2."""

    io_space = bit(0)
    memory_space = bit(1)
    bus_master = bit(2)
    special_cycles = bit(3)
    write_and_invalidate = bit(4)
    palette_snoop = bit(5)
    parity_error_response = bit(6)
    stepping = bit(7)
    system_error = bit(8)


class DeviceStatus(Register):
    """The status register. [PCI] 6.2.3."""

    fast_back_to_back = bit(7, Access.READ_ONLY)
    data_parity_error = bit(8, Access.WRITE_1_TO_CLEAR)
    select_timing = field(10, 9, Access.READ_ONLY)
    signalled_target_abort = bit(11, Access.WRITE_1_TO_CLEAR)
    received_target_abort = bit(12, Access.WRITE_1_TO_CLEAR)
    received_master_abort = bit(13, Access.WRITE_1_TO_CLEAR)
    signalled_system_error = bit(14, Access.WRITE_1_TO_CLEAR)
    parity_error = bit(15, Access.WRITE_1_TO_CLEAR)


STATUS_CLEARABLE = 0xF900

HEADER = registers(
    {
        VENDOR_ID: "vendor ID",
        DEVICE_ID: "device ID",
        COMMAND: Named("command", read_fields=Command, write_fields=Command),
        STATUS: Named("status", read_fields=DeviceStatus, write_fields=DeviceStatus),
        REVISION_ID: "revision ID",
        CLASS_CODE: "class code",
        CACHE_LINE_SIZE: "cache line size",
        LATENCY_TIMER: "latency timer",
        HEADER_TYPE: "header type",
        0x0F: "BIST",
        **{BASE_ADDRESS + 4 * n: f"base address {n}" for n in range(6)},
        SUBSYSTEM_VENDOR_ID: "subsystem vendor ID",
        SUBSYSTEM_ID: "subsystem ID",
        EXPANSION_ROM: "expansion ROM base address",
        INTERRUPT_LINE: "interrupt line",
        INTERRUPT_PIN: "interrupt pin",
        0x3E: "minimum grant",
        0x3F: "maximum latency",
    }
)
"""Names of the header's fields, by offset, for tracers and debuggers."""


@dataclass(frozen=True)
class ConfigurationSpace:
    """Reset values, bits that a guest can write, and bits that it clears by writing 1."""

    reset: bytes = bytes(SIZE)
    writable: bytes = bytes(SIZE)
    clearable: bytes = bytes(SIZE)

    @classmethod
    def header(
        cls,
        vendor_id: int,
        device_id: int,
        class_code: int,
        *,
        revision_id: int = 0,
        header_type: int = 0,
        command: int = 0,
        command_writable: int = 0x0107,
        status: int = 0x0280,
        subsystem_vendor_id: int = 0,
        subsystem_id: int = 0,
        interrupt_pin: int = 0,
    ) -> Self:
        """A type 0 header. `class_code` is class, subclass and interface in one; pin 1 is INTA#, 0 none."""
        space = cls().declare(VENDOR_ID, 2, reset=vendor_id).declare(DEVICE_ID, 2, reset=device_id)
        space = space.declare(COMMAND, 2, reset=command, writable=command_writable)
        space = space.declare(STATUS, 2, reset=status, clearable=STATUS_CLEARABLE)
        space = space.declare(REVISION_ID, 1, reset=revision_id).declare(CLASS_CODE, 3, reset=class_code)
        space = space.declare(CACHE_LINE_SIZE, 1, writable=0xFF).declare(LATENCY_TIMER, 1, writable=0xFF)
        space = space.declare(HEADER_TYPE, 1, reset=header_type)
        space = space.declare(SUBSYSTEM_VENDOR_ID, 2, reset=subsystem_vendor_id)
        space = space.declare(SUBSYSTEM_ID, 2, reset=subsystem_id)
        return space.declare(INTERRUPT_LINE, 1, writable=0xFF).declare(INTERRUPT_PIN, 1, reset=interrupt_pin)

    def declare(
        self, offset: int, width: int, *, reset: int = 0, writable: int = 0, clearable: int = 0
    ) -> Self:
        """The same space with the register of `width` bytes at `offset` as given."""

        def put(whole: bytes, value: int) -> bytes:
            return whole[:offset] + value.to_bytes(width, "little") + whole[offset + width :]

        return type(self)(
            put(self.reset, reset), put(self.writable, writable), put(self.clearable, clearable)
        )

    def written(self, offset: int, held: int, value: int) -> int:
        """What the byte at `offset` holds after a guest has written `value` over `held`."""
        writable, clearable = self.writable[offset], self.clearable[offset]
        return held & ~writable & ~(clearable & value) | value & writable
