"""The PIIX4's power management function as firmware and ACPI systems use it."""

from __future__ import annotations

import pytest

from emu.core.bus import MmioBus, PortBus
from emu.core.clock import Clock
from emu.core.wires import IrqLine, SharedInput
from emu.devices.pci.bus import PciBus
from emu.devices.pci.power_management import PowerManagement

BASE = 0x600
STATUS, ENABLE, CONTROL, TIMER, GENERAL_STATUS, GENERAL_ENABLE = (BASE + n for n in (0, 2, 4, 8, 12, 14))
SMI_COMMAND, SMI_STATUS = 0xB2, 0xB3
POWER_BUTTON, OVERFLOW = 0x100, 0x001
HALF_TURN_NS = 2_343_484_438
"""When the timer's bit 23 changes first: 2^23 cycles of 3.579545 MHz, rounded up."""


class Machine:
    def __init__(self) -> None:
        self.clock = Clock()
        self.ports = PortBus()
        self.bus = PciBus("pci", ports=self.ports, memory=MmioBus())
        for region in self.bus.ports():
            self.ports.claim(region)
        self.sci = IrqLine("sci", lambda level: None)
        self.times_off = 0
        self.power = PowerManagement("power", clock=self.clock, sci=self.sci, power_off=self.off)
        self.bus.plug(self.power, 1, 3)
        self.configure(0x40, 4, BASE)
        self.configure(0x80, 1, 1)

    def off(self) -> None:
        self.times_off += 1

    def configure(self, register: int, width: int, value: int) -> None:
        self.ports.write(0xCF8, 4, 0x8000_0B00 | register & 0xFC)
        self.ports.write(0xCFC + (register & 3), width, value)

    def configuration(self, register: int, width: int) -> int:
        self.ports.write(0xCF8, 4, 0x8000_0B00 | register & 0xFC)
        return self.ports.read(0xCFC + (register & 3), width)

    def write(self, port: int, value: int, width: int = 2) -> None:
        self.ports.write(port, width, value)

    def read(self, port: int, width: int = 2) -> int:
        return self.ports.read(port, width)

    def wait_until(self, now_ns: int) -> None:
        self.clock.advance_to(now_ns)
        self.clock.fire_due()


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_it_is_a_piix4s_function_3(machine: Machine) -> None:
    assert machine.configuration(0x00, 4) == 0x7113_8086
    assert machine.configuration(0x08, 4) == 0x0680_0003
    assert machine.configuration(0x3C, 2) == 0x0109


def test_registers_answer_only_where_the_base_says_and_only_while_enabled(machine: Machine) -> None:
    assert machine.read(CONTROL) == 0
    machine.configure(0x40, 4, 0xB000)
    assert machine.configuration(0x40, 4) == 0xB001
    assert (machine.read(CONTROL), machine.read(0xB004)) == (0xFFFF, 0)
    machine.configure(0x80, 1, 0)
    assert machine.read(0xB004) == 0xFFFF


def test_smm_seems_set_up_so_that_firmware_does_not_wait_for_an_smi(machine: Machine) -> None:
    assert machine.configuration(0x58, 4) & 1 << 25


def test_the_timer_counts_at_3_579545_mhz_in_24_bits(machine: Machine) -> None:
    assert machine.read(TIMER, 4) == 0
    machine.wait_until(1_000_000_000)
    assert machine.read(TIMER, 4) == 3_579_545
    assert machine.read(TIMER) == 3_579_545 & 0xFFFF
    assert machine.read(TIMER + 2, 1) == 3_579_545 >> 16
    machine.wait_until(10_000_000_000)
    assert machine.read(TIMER, 4) == 35_795_450 & 0xFF_FFFF


def test_the_timer_cannot_be_written(machine: Machine) -> None:
    machine.write(TIMER, 0x123456, 4)
    assert machine.read(TIMER, 4) == 0


def test_overflow_is_shown_when_the_highest_bit_changes_and_until_it_is_cleared(machine: Machine) -> None:
    machine.wait_until(HALF_TURN_NS - 1)
    assert machine.read(STATUS) == 0
    machine.wait_until(HALF_TURN_NS)
    assert machine.read(TIMER, 4) == 0x80_0000
    assert machine.read(STATUS) == OVERFLOW
    machine.write(STATUS, OVERFLOW)
    assert machine.read(STATUS) == 0
    machine.wait_until(2 * HALF_TURN_NS)
    assert machine.read(TIMER, 4) < 10
    assert machine.read(STATUS) == OVERFLOW


def test_overflow_raises_sci_where_it_is_enabled(machine: Machine) -> None:
    machine.write(ENABLE, OVERFLOW)
    machine.write(SMI_COMMAND, 0xF1, 1)
    assert machine.clock.next_deadline() == HALF_TURN_NS
    machine.wait_until(HALF_TURN_NS)
    assert machine.sci.level
    machine.write(STATUS, OVERFLOW)
    assert not machine.sci.level
    assert machine.clock.next_deadline() == HALF_TURN_NS * 2 - 1


def test_no_alarm_is_set_for_an_overflow_that_nobody_wants(machine: Machine) -> None:
    assert machine.clock.next_deadline() is None
    machine.write(ENABLE, OVERFLOW)
    assert machine.clock.next_deadline() is None
    machine.write(CONTROL, 1)
    machine.write(ENABLE, 0)
    assert machine.clock.next_deadline() is None


def test_the_power_button_raises_sci_until_its_status_is_cleared(machine: Machine) -> None:
    machine.write(CONTROL, 1)
    machine.power.press_power_button()
    assert (machine.read(STATUS), machine.sci.level) == (POWER_BUTTON, False)
    machine.write(ENABLE, POWER_BUTTON)
    assert machine.sci.level
    machine.write(STATUS + 1, 0x01, 1)
    assert (machine.read(STATUS), machine.sci.level) == (0, False)


def test_without_acpi_nothing_raises_sci(machine: Machine) -> None:
    machine.write(ENABLE, POWER_BUTTON)
    machine.power.press_power_button()
    assert not machine.sci.level


def test_the_smi_command_port_enables_and_disables_acpi(machine: Machine) -> None:
    machine.write(SMI_COMMAND, 0xF1, 1)
    assert (machine.read(CONTROL), machine.read(SMI_COMMAND, 1)) == (1, 0xF1)
    machine.write(SMI_COMMAND, 0x77, 1)
    assert machine.read(CONTROL) == 1
    machine.write(SMI_COMMAND, 0xF0, 1)
    assert machine.read(CONTROL) == 0


def test_the_smi_status_port_remembers_a_byte(machine: Machine) -> None:
    machine.write(SMI_STATUS, 0xA5, 1)
    assert machine.read(SMI_STATUS, 1) == 0xA5
    assert machine.read(CONTROL) == 0


def test_suspend_type_0_with_enable_switches_off(machine: Machine) -> None:
    machine.write(CONTROL, 1)
    machine.write(CONTROL, 1 | 1 << 13)
    assert machine.times_off == 1
    assert machine.read(CONTROL) == 1


def test_switching_off_works_by_the_high_byte_alone(machine: Machine) -> None:
    machine.write(CONTROL + 1, 1 << 5, 1)
    assert machine.times_off == 1


@pytest.mark.parametrize("value", [0, 1, 5 << 10, 7 << 10, 1 << 13 | 1 << 10, 1 << 13 | 5 << 10])
def test_nothing_else_in_the_control_register_switches_off(machine: Machine, value: int) -> None:
    machine.write(CONTROL, value)
    assert machine.times_off == 0
    assert machine.read(CONTROL) == value & ~(1 << 13)


def test_general_purpose_events_raise_sci_where_they_are_enabled(machine: Machine) -> None:
    machine.write(CONTROL, 1)
    machine.write(GENERAL_ENABLE, 1 << 9)
    machine.power.signal_event(3)
    assert not machine.sci.level
    machine.power.signal_event(9)
    assert machine.sci.level
    assert machine.read(GENERAL_STATUS) == 1 << 9 | 1 << 3
    machine.write(GENERAL_STATUS, 1 << 9)
    assert (machine.read(GENERAL_STATUS), machine.sci.level) == (1 << 3, False)


def test_general_purpose_events_show_at_the_fixed_block_too(machine: Machine) -> None:
    machine.power.signal_event(1)
    machine.write(0xAFE2, 2)
    assert machine.read(0xAFE0, 4) == machine.read(GENERAL_STATUS, 4) == 0x0002_0002
    machine.write(0xAFE0, 2, 1)
    assert machine.read(GENERAL_STATUS) == 0


def test_registers_without_a_meaning_here_read_0(machine: Machine) -> None:
    machine.write(BASE + 0x28, 0xFFFF_FFFF, 4)
    assert machine.read(BASE + 0x28, 4) == 0


def test_reset_disables_everything_but_the_timer_goes_on(machine: Machine) -> None:
    machine.write(CONTROL, 1)
    machine.write(ENABLE, OVERFLOW | POWER_BUTTON)
    machine.wait_until(3_000_000_000)
    assert machine.sci.level
    machine.power.reset()
    assert not machine.sci.level
    assert machine.read(CONTROL) == 0xFFFF
    machine.configure(0x40, 4, BASE)
    machine.configure(0x80, 1, 1)
    assert [machine.read(port) for port in (STATUS, ENABLE, CONTROL)] == [0, 0, 0]
    assert machine.read(TIMER, 4) == 10_738_635


def test_an_input_that_two_wires_share_is_high_while_one_of_them_is() -> None:
    levels: list[bool] = []
    shared = SharedInput(levels.append)
    first, second = shared.lines = IrqLine("first", shared.changed), IrqLine("second", shared.changed)
    first.set(True)
    second.set(True)
    first.set(False)
    second.set(False)
    assert levels == [True, True, True, False]
