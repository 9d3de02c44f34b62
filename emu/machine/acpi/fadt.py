"""The fixed description (FADT): where the PIIX4's registers are, and what they can do.

[ACPI] ACPI 2.0, 5.2.8; registers: `emu.devices.pci.power_management`, `emu.devices.power`.
"""

from __future__ import annotations

from struct import calcsize, pack

from emu.devices.cmos import Cmos
from emu.devices.pci.power_management import (
    ACPI_DISABLE,
    ACPI_ENABLE,
    APM_PORT,
    SCI_INTERRUPT,
    Offset,
)
from emu.devices.power import RESET_CONTROL_PORT, ResetControlRegister
from emu.machine.acpi.headers import HEADER_SIZE, table

REVISION = 3
GENERIC_ADDRESS = "12s"
LAYOUT = {
    "facs": "I",
    "dsdt": "I",
    "interrupt_model": "B",
    "profile": "B",
    "sci_interrupt": "H",
    "smi_command": "I",
    "acpi_enable": "B",
    "acpi_disable": "B",
    "s4_request": "B",
    "performance_control": "B",
    "pm1a_event": "I",
    "pm1b_event": "I",
    "pm1a_control": "I",
    "pm1b_control": "I",
    "pm2_control": "I",
    "pm_timer": "I",
    "gpe0": "I",
    "gpe1": "I",
    "pm1_event_size": "B",
    "pm1_control_size": "B",
    "pm2_control_size": "B",
    "pm_timer_size": "B",
    "gpe0_size": "B",
    "gpe1_size": "B",
    "gpe1_base": "B",
    "c_state_control": "B",
    "c2_latency_us": "H",
    "c3_latency_us": "H",
    "flush_size": "H",
    "flush_stride": "H",
    "duty_offset": "B",
    "duty_width": "B",
    "day_alarm": "B",
    "month_alarm": "B",
    "century": "B",
    "boot_architecture": "H",
    "reserved_111": "B",
    "flags": "I",
    "reset_register": GENERIC_ADDRESS,
    "reset_value": "B",
    "reserved_129": "3s",
    "wide_facs": "Q",
    "wide_dsdt": "Q",
    "wide_pm1a_event": GENERIC_ADDRESS,
    "wide_pm1b_event": GENERIC_ADDRESS,
    "wide_pm1a_control": GENERIC_ADDRESS,
    "wide_pm1b_control": GENERIC_ADDRESS,
    "wide_pm2_control": GENERIC_ADDRESS,
    "wide_pm_timer": GENERIC_ADDRESS,
    "wide_gpe0": GENERIC_ADDRESS,
    "wide_gpe1": GENERIC_ADDRESS,
}
"""The fields behind the header, in order, and their formats."""

BLOCKS = (
    ("pm1a_event", "pm1_event_size", Offset.STATUS, 4),
    ("pm1a_control", "pm1_control_size", Offset.CONTROL, 2),
    ("pm_timer", "pm_timer_size", Offset.TIMER, 4),
    ("gpe0", "gpe0_size", Offset.GENERAL_STATUS, 4),
)
"""The PIIX4's registers, as fields with their address and their size name them."""
DESKTOP = 1
NO_C2, NO_C3 = 101, 1001
"""Latencies that say that the processor has no such state."""
LEGACY_DEVICES, KEYBOARD_CONTROLLER = 1 << 0, 1 << 1
WBINVD, HALT, NO_SLEEP_BUTTON, NO_ALARM_WAKE, RESET_REGISTER = 1 << 0, 1 << 2, 1 << 5, 1 << 6, 1 << 10
SYSTEM_IO = 1


def _offset(field: str) -> int:
    """Where in the table a field is."""
    before = list(LAYOUT.values())[: list(LAYOUT).index(field)]
    return HEADER_SIZE + calcsize("<" + "".join(before))


POINTERS = ((_offset("facs"), 4), (_offset("dsdt"), 4), (_offset("wide_dsdt"), 8))
"""Offsets and sizes of the fields that point to other tables."""


def fadt(*, facs: int, dsdt: int, base: int) -> bytes:
    """The table, with what it points to at these offsets, and the PIIX4's registers at `base`."""
    values: dict[str, int | bytes] = {
        "facs": facs,  # "wide_facs" stays 0: only one of the two may point to it
        "dsdt": dsdt,
        "wide_dsdt": dsdt,
        "profile": DESKTOP,
        "sci_interrupt": SCI_INTERRUPT,
        "smi_command": APM_PORT,
        "acpi_enable": ACPI_ENABLE,
        "acpi_disable": ACPI_DISABLE,
        "c2_latency_us": NO_C2,
        "c3_latency_us": NO_C3,
        "century": Cmos.CENTURY,
        "boot_architecture": LEGACY_DEVICES | KEYBOARD_CONTROLLER,
        "flags": WBINVD | HALT | NO_SLEEP_BUTTON | NO_ALARM_WAKE | RESET_REGISTER,
        "reset_register": _port(RESET_CONTROL_PORT, 1),
        "reset_value": ResetControlRegister(0).replace(hard=1, reset_processor=1),
    }
    for block, size_field, where, size in BLOCKS:
        values |= {block: base + where, size_field: size, f"wide_{block}": _port(base + where, size)}
    absent: dict[bool, int | bytes] = {True: b"", False: 0}
    fields = (pack("<" + kind, values.get(name, absent["s" in kind])) for name, kind in LAYOUT.items())
    return table(b"FACP", REVISION, b"".join(fields))


def _port(base: int, size: int) -> bytes:
    """A generic address: `size` bytes of ports. [ACPI] 5.2.3.1."""
    return pack("<BBBBQ", SYSTEM_IO, size * 8, 0, 0, base)
