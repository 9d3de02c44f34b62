"""The DSDT's contents: what the machine consists of, as an operating system cannot find out by itself.

[ACPI] ACPI 2.0; [PNP] the device identifiers of Microsoft's devids.txt; [PIIX3] 82371SB.
"""

from __future__ import annotations

from collections.abc import Mapping

from emu.devices.fw_cfg import PORT as FW_CFG_PORT
from emu.devices.pci.bus import LINKS, link_of
from emu.devices.pci.isa_bridge import ROUTE_CONTROL
from emu.devices.pci.power_management import APM_PORT, GENERAL_PORT, REGISTERS_SIZE, SCI_INTERRUPT, SOFT_OFF
from emu.machine.acpi.aml import (
    ARGUMENT_0,
    LOCAL_0,
    ONE,
    ZERO,
    Access,
    Space,
    bit_and,
    bit_or,
    create_word_field,
    device,
    eisa_id,
    fields,
    give,
    if_else,
    integer,
    lowest_bit,
    method,
    name,
    operation_region,
    package,
    path,
    scope,
    shift_left,
    store,
    subtract,
)
from emu.machine.acpi.resources import bus_numbers, io, io_window, irq, memory_window, pci_irq, template
from emu.machine.board import COM_PORTS, POSSIBLE_INTERRUPTS

SLOTS = 32
ISA_SLOT = 1
ISA_ADDRESS = ISA_SLOT << 16
ALL_FUNCTIONS = 0xFFFF
PRESENT, ENABLED = 0x09, 0x0B
"""_STA: there and working, without and with its resources decoded."""
ROUTE_DISABLED = 0x80
ROUTE_IRQ = 0x0F
WINDOW_END = 0xFEBF_FFFF
"""Above lie I/O APIC, HPET, local APIC and ROM where a machine has them."""
COM_INTERRUPTS: Mapping[int, int] = {0x3F8: 4, 0x2F8: 3}
MOTHERBOARD = (
    (0x10, 16),  #                 unplug ports
    (0x80, 1),  #                  POST codes
    (0x92, 1),  #                  A20 and reset
    (APM_PORT, 2),
    (0x4D0, 2),  #                 edge or level
    (FW_CFG_PORT, 2),
    (GENERAL_PORT, 4),
)


def contents(*, low_ram: int, power_base: int) -> bytes:
    """Everything behind the DSDT's header; see `build` in `emu.machine.acpi.tables`."""
    return b"".join(
        (
            scope("\\_SB", _pci_bus(low_ram, power_base), *(_link(number) for number in range(LINKS))),
            name("\\_S5", package(integer(SOFT_OFF), integer(SOFT_OFF), ZERO, ZERO)),
        )
    )


def routing() -> list[tuple[int, int, int | None]]:
    """Slot, pin (0 = INTA#) and link of every interrupt pin; the power management's has SCI instead."""
    return [
        (slot, pin, None if (slot, pin) == (ISA_SLOT, 0) else link_of(slot, pin))
        for slot in range(SLOTS)
        for pin in range(LINKS)
    ]


def _pci_bus(low_ram: int, power_base: int) -> bytes:
    resources = template(
        bus_numbers(0, 0xFF),
        io(0xCF8, 8),
        io_window(0x0000, 0x0CF7),
        io_window(0x0D00, 0xFFFF),
        memory_window(0xA_0000, 0xB_FFFF, cacheable=True),
        memory_window(low_ram, WINDOW_END),
    )
    return device(
        "PCI0",
        name("_HID", eisa_id("PNP0A03")),
        name("_UID", ZERO),
        name("_CRS", resources),
        name("_PRT", package(*(_route(*each) for each in routing()))),
        _isa_bridge(power_base),
    )


def _route(slot: int, pin: int, link: int | None) -> bytes:
    """A line of _PRT: a link and index 0, or 0 and an interrupt. [ACPI] 6.2.9."""
    source = (ZERO, integer(SCI_INTERRUPT)) if link is None else (path(_link_name(link)), ZERO)
    return package(integer(slot << 16 | ALL_FUNCTIONS), integer(pin), *source)


def _isa_bridge(power_base: int) -> bytes:
    places = (*MOTHERBOARD, (power_base, REGISTERS_SIZE))
    return device(
        "ISA",
        name("_ADR", integer(ISA_ADDRESS)),
        operation_region("PIRQ", Space.PCI_CONFIGURATION, ROUTE_CONTROL, LINKS),
        fields("PIRQ", Access.BYTE, **{_route_name(link): 8 for link in range(LINKS)}),
        _fixed("PIC", "PNP0000", io(0x20, 2), io(0xA0, 2), irq(2)),
        _fixed("TIMR", "PNP0100", io(0x40, 4), irq(0)),
        _fixed("RTC", "PNP0B00", io(0x70, 2), irq(8)),
        _fixed("SPKR", "PNP0800", io(0x61, 1)),
        _fixed("KBD", "PNP0303", io(0x60, 1), io(0x64, 1), irq(1)),
        *(_com_port(number, base) for number, base in enumerate(COM_PORTS, 1)),
        _fixed("MBRD", "PNP0C02", *(io(base, size) for base, size in places)),
    )


def _com_port(number: int, base: int) -> bytes:
    return device(
        f"COM{number}",
        name("_HID", eisa_id("PNP0501")),
        name("_UID", integer(number)),
        name("_CRS", template(io(base, 8), irq(COM_INTERRUPTS[base]))),
    )


def _fixed(called: str, identity: str, *resources: bytes) -> bytes:
    """A device that is always there, at its place."""
    return device(called, name("_HID", eisa_id(identity)), name("_CRS", template(*resources)))


def _link_name(link: int) -> str:
    return f"LNK{'ABCD'[link]}"


def _route_name(link: int) -> str:
    return f"PRQ{'ABCD'[link]}"


def _link(number: int) -> bytes:
    """PNP0C0F: which IRQ a link is routed to is asked from, and told to, the ISA bridge. [PIIX3] 2.2.10."""
    register = path(f"\\_SB.PCI0.ISA.{_route_name(number)}")
    is_off = bit_and(register, integer(ROUTE_DISABLED))
    return device(
        _link_name(number),
        name("_HID", eisa_id("PNP0C0F")),
        name("_UID", integer(number + 1)),
        name("_PRS", template(pci_irq(POSSIBLE_INTERRUPTS))),
        name("CURR", template(pci_irq(()))),
        method("_STA", 0, if_else(is_off, give(integer(PRESENT)), give(integer(ENABLED)))),
        method("_DIS", 0, bit_or(register, integer(ROUTE_DISABLED), register)),
        method("_CRS", 0, *_tell_route(register, is_off), serialized=True),
        method("_SRS", 1, *_take_route(register), serialized=True),
    )


def _tell_route(register: bytes, is_off: bytes) -> tuple[bytes, ...]:
    """Put the IRQ's bit, or none, into the descriptor."""
    mask, number = path("MASK"), bit_and(register, integer(ROUTE_IRQ))
    return (
        create_word_field(path("CURR"), 1, "MASK"),
        if_else(is_off, store(ZERO, mask), shift_left(ONE, number, mask)),
        give(path("CURR")),
    )


def _take_route(register: bytes) -> tuple[bytes, ...]:
    """Route to the IRQ whose bit the descriptor has; none sets the bit that switches the link off, too."""
    return (
        create_word_field(ARGUMENT_0, 1, "MASK"),
        lowest_bit(path("MASK"), LOCAL_0),
        subtract(LOCAL_0, ONE, register),
    )
