"""Intel 82371AB (PIIX4) function 3: the ACPI registers of a PC, its soft power switch and its PM timer.

[PIIX4] Intel 82371AB datasheet 290562, chapter 7 (configuration 7.1, I/O space 7.2). [ACPI] ACPI 1.0, 4.7.

Registers of the I/O space from 0x10 on govern clocks, SMIs and pins that this machine does not have: they
read 0, writes vanish. There is no SMBus host controller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from struct import pack

from emu.core.bus import Region
from emu.core.clock import Clock
from emu.core.registers import Access, Named, Register, bit, registers
from emu.core.registers import field as bits
from emu.core.wires import IrqLine
from emu.devices.pci.configuration import INTERRUPT_LINE, ConfigurationSpace
from emu.devices.pci.function import FunctionState, PciFunction, Placement

REGISTERS_BASE, DEVICE_ACTIVITY_B, REGISTERS_ENABLE = 0x40, 0x58, 0x80
REGISTERS_SIZE = 64
APM_PORT = 0xB2
"""APMC and APMS, which ACPI calls SMI_CMD."""
GENERAL_PORT = 0xAFE0
ACPI_ENABLE, ACPI_DISABLE = 0xF1, 0xF0
SCI_INTERRUPT = 9
TIMER_HZ, TIMER_BITS = 3_579_545, 24
NS_PER_S = 1_000_000_000
SOFT_OFF = 0
SMI_ON_APM = 1 << 25


class Offset(IntEnum):
    """Where in the I/O space a register lies."""

    STATUS = 0x00
    ENABLE = 0x02
    CONTROL = 0x04
    TIMER = 0x08
    GENERAL_STATUS = 0x0C
    GENERAL_ENABLE = 0x0E


class Status(Register):
    """PMSTS: what has happened. [PIIX4] 7.2.1."""

    timer_overflow = bit(0, Access.WRITE_1_TO_CLEAR)
    bus_master = bit(4, Access.WRITE_1_TO_CLEAR)
    global_release = bit(5, Access.WRITE_1_TO_CLEAR)
    power_button = bit(8, Access.WRITE_1_TO_CLEAR)
    real_time_clock = bit(10, Access.WRITE_1_TO_CLEAR)
    power_button_override = bit(11, Access.WRITE_1_TO_CLEAR)
    resume = bit(15, Access.WRITE_1_TO_CLEAR)


class Enable(Register):
    """PMEN: which of it raises SCI. [PIIX4] 7.2.2."""

    timer_overflow = bit(0)
    global_release = bit(5)
    power_button = bit(8)
    real_time_clock = bit(10)


class Control(Register):
    """PMCNTRL. [PIIX4] 7.2.3."""

    sci_enable = bit(0)
    bus_master_reload = bit(1)
    global_release = bit(2)
    suspend_type = bits(12, 10)
    suspend_enable = bit(13)


class GeneralStatus(Register):
    """GPSTS: general-purpose events. The sheet names five; device models use others for hot plugging."""

    events = bits(15, 0, Access.WRITE_1_TO_CLEAR)


class GeneralEnable(Register):
    """GPEN: which general-purpose events raise SCI."""

    events = bits(15, 0)


NAMES = registers(
    {
        Offset.STATUS: Named("PM status", read_fields=Status, write_fields=Status),
        Offset.ENABLE: Named("PM enable", read_fields=Enable, write_fields=Enable),
        Offset.CONTROL: Named("PM control", read_fields=Control, write_fields=Control),
        Offset.TIMER: "PM timer",
        Offset.GENERAL_STATUS: "general-purpose status",
        Offset.GENERAL_ENABLE: "general-purpose enable",
    }
)


def configuration_space() -> ConfigurationSpace:
    """The function's registers as the data sheet resets them, but for what firmware would find on Xen."""
    space = ConfigurationSpace.header(
        0x8086, 0x7113, 0x06_80_00, revision_id=3, command_writable=0x0001, interrupt_pin=1
    )
    space = space.declare(INTERRUPT_LINE, 1, reset=SCI_INTERRUPT, writable=0xFF)
    space = space.declare(REGISTERS_BASE, 4, reset=1, writable=0xFFC0)
    # SMIs are not emulated. The sheet resets this bit to 0; SeaBIOS takes 1 for "SMM is set up", as it finds
    # it on Xen, and would otherwise wait for its first SMI for ever.
    space = space.declare(DEVICE_ACTIVITY_B, 4, reset=SMI_ON_APM, writable=0x07FF_FFFF)
    return space.declare(REGISTERS_ENABLE, 1, writable=1)


@dataclass
class PowerManagementState(FunctionState):
    """Configuration space and the registers that remember something."""

    status: Status = field(default_factory=Status)
    """All but `timer_overflow`, which follows from time."""
    enable: Enable = field(default_factory=Enable)
    control: Control = field(default_factory=Control)
    general_status: GeneralStatus = field(default_factory=GeneralStatus)
    general_enable: GeneralEnable = field(default_factory=GeneralEnable)
    acknowledged_turn: int = 0
    """The timer's half turn in which `timer_overflow` was cleared last."""
    apm_control: int = 0
    apm_status: int = 0


class PowerManagement(PciFunction[PowerManagementState]):
    """Device 1, function 3. The PM timer counts virtual time."""

    def __init__(
        self, name: str, *, clock: Clock, sci: IrqLine, power_off: Callable[[], None] = lambda: None
    ) -> None:
        """`sci` is a level-triggered wire to IRQ 9; `power_off` is called on entry to soft off."""
        super().__init__(name, PowerManagementState(), configuration_space())
        self._clock = clock
        self._sci = sci
        self._power_off = power_off
        self._overflow = clock.timer(f"{name} overflow", self.drive_outputs)
        self._registers = Region(
            "pm registers", 0, REGISTERS_SIZE, self._read, self._write, widest=4, registers=NAMES
        )
        self._apm = Region(
            "apm",
            APM_PORT,
            2,
            self._read_apm,
            self._write_apm,
            registers=registers({0: "SMI command", 1: "SMI status"}),
        )
        # QEMU's device model has general-purpose events here, and so the ACPI tables of firmware made for it.
        self._general = Region(
            "gpe0",
            GENERAL_PORT,
            4,
            lambda offset, width: self._read(Offset.GENERAL_STATUS + offset, width),
            lambda offset, width, value: self._write(Offset.GENERAL_STATUS + offset, width, value),
            widest=4,
            registers=registers({0: "general-purpose status", 2: "general-purpose enable"}),
        )

    def placements(self) -> Iterator[Placement]:
        """The I/O space as its own base and enable registers say; the fixed ports always."""
        yield Placement(self._registers, False, self.base)
        yield Placement(self._apm, False, APM_PORT)
        yield Placement(self._general, False, GENERAL_PORT)

    @property
    def base(self) -> int | None:
        """Where firmware has put the I/O space, or None."""
        base = self.configuration_word(REGISTERS_BASE, 2) & ~(REGISTERS_SIZE - 1)
        enabled = self.configuration_word(REGISTERS_ENABLE, 1) & 1
        return base if enabled and base else None

    @property
    def timer(self) -> int:
        """The PM timer."""
        return self._count & (1 << TIMER_BITS) - 1

    @property
    def status(self) -> Status:
        """PMSTS, as it reads now."""
        return self.state.status.replace(timer_overflow=self._turn != self.state.acknowledged_turn)

    def press_power_button(self) -> None:
        """The power button, pressed and let go."""
        self.state.status = self.state.status.replace(power_button=1)
        self.drive_outputs()

    def signal_event(self, number: int) -> None:
        """General-purpose event 0 to 15 has happened."""
        self.state.general_status = GeneralStatus(self.state.general_status | 1 << number)
        self.drive_outputs()

    def reset(self) -> None:
        """RSTDRV: all registers but the timer, which goes on."""
        super().reset()
        self.state.acknowledged_turn = self._turn

    def drive_outputs(self) -> None:
        """SCI, and the alarm that raises it when the timer overflows."""
        state, status = self.state, self.status
        events = status & state.enable or state.general_status & state.general_enable
        self._sci.set(bool(state.control.sci_enable and events))
        if state.control.sci_enable and state.enable.timer_overflow and not status.timer_overflow:
            self._overflow.arm(-(-(self._turn + 1 << TIMER_BITS - 1) * NS_PER_S // TIMER_HZ))
        elif self._overflow.deadline is not None:
            self._overflow.cancel()

    @property
    def _count(self) -> int:
        return self._clock.now * TIMER_HZ // NS_PER_S

    @property
    def _turn(self) -> int:
        """How often the timer's highest bit has changed: each time counts as an overflow. [ACPI] 4.7.3.1."""
        return self._count >> TIMER_BITS - 1

    def _read(self, offset: int, width: int) -> int:
        if offset == Offset.TIMER and width == 4:
            return self.timer
        state = self.state
        image = pack(
            "<HHHHIHH",
            self.status,
            state.enable,
            state.control,
            0,
            self.timer,
            state.general_status,
            state.general_enable,
        )
        return int.from_bytes(image[offset : offset + width], "little")

    def _write(self, offset: int, width: int, value: int) -> None:
        for n in range(width):
            self._write_byte(offset + n, value >> 8 * n & 0xFF)
        self.drive_outputs()

    def _write_byte(self, offset: int, value: int) -> None:
        state, shift = self.state, offset % 2 * 8
        word, kept = value << shift, 0xFF00 >> shift
        match offset - offset % 2:
            case Offset.STATUS:
                state.status = state.status.written(word)
                if Status(word).timer_overflow:
                    state.acknowledged_turn = self._turn
            case Offset.ENABLE:
                state.enable = state.enable.written(state.enable & kept | word)
            case Offset.CONTROL:
                self._write_control(state.control.written(state.control & kept | word))
            case Offset.GENERAL_STATUS:
                state.general_status = state.general_status.written(word)
            case Offset.GENERAL_ENABLE:
                state.general_enable = state.general_enable.written(state.general_enable & kept | word)

    def _write_control(self, control: Control) -> None:
        """Two bits act and read 0. Of the sleeping states only soft off exists: the others would need SMM."""
        self.state.control = control.replace(suspend_enable=0, global_release=0)
        if control.suspend_enable and control.suspend_type == SOFT_OFF:
            self._power_off()

    def _read_apm(self, offset: int, width: int) -> int:
        return self.state.apm_status if offset else self.state.apm_control

    def _write_apm(self, offset: int, width: int, value: int) -> None:
        if offset:
            self.state.apm_status = value
            return
        self.state.apm_control = value
        if value in (ACPI_ENABLE, ACPI_DISABLE):  # what the firmware's SMI handler would do
            self.state.control = self.state.control.replace(sci_enable=value == ACPI_ENABLE)
            self.drive_outputs()
