"""A VGA without its monitor: its registers, four planes of memory, and where the beam is.

While the registers map the planes as text, the window is plain memory: the guest's stores cost what stores
cost, and nobody is told. Which addresses show it is the graphics controller's choice; the host bridge asks
for `window`. Of what is shown, only text can be looked at.

The registers come up as the adapter's firmware leaves them for mode 3, because a kernel may be started
without any.

[VGA] IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from emu.core.bus import Region
from emu.core.clock import Clock
from emu.core.device import Device
from emu.core.memory import Segment
from emu.core.registers import Named, registers
from emu.core.state import Plain, StateError
from emu.devices.vga import planes
from emu.devices.vga import registers as sheet
from emu.devices.vga.planes import MEMORY_SIZE, PLANES, WINDOW_BASE, WINDOW_SIZE, Mapping
from emu.devices.vga.registers import (
    AttributeIndex,
    ClockingMode,
    Crtc,
    DacState,
    FeatureControl,
    Graphics,
    GraphicsMiscellaneous,
    InputStatus0,
    InputStatus1,
    MiscellaneousOutput,
    Sequencer,
)
from emu.devices.vga.text import TextScreen, text_screen, vertical

DOT_CLOCKS_HZ = (25_175_000, 28_322_000, 25_175_000, 25_175_000)
NS_PER_SECOND = 1_000_000_000
DAC_READING = 3
FLOATING = 0xFF
CLOSED = (Segment(WINDOW_BASE, WINDOW_SIZE, None, None),)
"""A window without plain memory."""


@dataclass
class VgaState:
    """All registers; `memory` holds the planes while a state is saved, and is empty otherwise."""

    miscellaneous_output: MiscellaneousOutput = field(
        default_factory=lambda: MiscellaneousOutput(sheet.TEXT_MISCELLANEOUS_OUTPUT)
    )
    feature_control: FeatureControl = field(default_factory=FeatureControl)
    enabled: int = 1
    """Port 0x3c3."""
    sequencer_index: int = 0
    sequencer: bytearray = field(default_factory=lambda: bytearray(sheet.TEXT_SEQUENCER))
    graphics_index: int = 0
    graphics: bytearray = field(default_factory=lambda: bytearray(sheet.TEXT_GRAPHICS))
    crtc_index: int = 0
    crtc: bytearray = field(default_factory=lambda: bytearray(sheet.TEXT_CRTC))
    attribute_index: AttributeIndex = field(
        default_factory=lambda: AttributeIndex().replace(palette_address_source=1)
    )
    attribute: bytearray = field(default_factory=lambda: bytearray(sheet.TEXT_ATTRIBUTE))
    attribute_data_next: bool = False
    """The flip-flop behind port 0x3c0."""
    dac_mask: int = 0xFF
    dac_reading: bool = False
    dac_address: int = 0
    dac_component: int = 0
    dac: bytearray = field(default_factory=lambda: bytearray(sheet.text_colours()))
    latches: bytearray = field(default_factory=lambda: bytearray(PLANES))
    memory: bytes = b""


class Vga(Device[VgaState]):
    """Ports 0x3b4 to 0x3da, and the window at 0xA0000."""

    def __init__(
        self, *, clock: Clock, memory: memoryview, starts_at: int, window_changed: Callable[[], None]
    ) -> None:
        """`memory` holds the planes, `MEMORY_SIZE` bytes, and lies at `starts_at` of the buffer.

        `window_changed` is told that `window` has other segments now.
        """
        super().__init__("vga", VgaState())
        self._clock = clock
        self._memory = memory
        self._starts_at = starts_at
        self._window_changed = window_changed
        self._mapping = self._wanted_mapping()
        self._plain = self._plain_part()

    def ports(self) -> tuple[Region, ...]:
        """What both kinds of display share, and the addresses of each."""
        return (
            Region("vga", 0x3C0, 16, self._read, self._write, registers=NAMES),
            *self._addresses("mono", 0x3B0, 0),
            *self._addresses("color", 0x3D0, 1),
        )

    @cached_property
    def memory_region(self) -> Region:
        """What answers at 0xA0000 to 0xBFFFF where `window` has no memory."""
        return Region("vga memory", WINDOW_BASE, WINDOW_SIZE, self._read_memory, self._write_memory, widest=8)

    def window(self) -> tuple[Segment, ...]:
        """What answers at 0xA0000 to 0xBFFFF: memory, where the planes show as they lie there."""
        if self._plain is None:
            return CLOSED
        base, size = self._plain
        above, end = base + size, WINDOW_BASE + WINDOW_SIZE
        text = Segment(base, size, self._starts_at, self._starts_at)
        holes = Segment(WINDOW_BASE, base - WINDOW_BASE, None, None), Segment(above, end - above, None, None)
        return tuple(segment for segment in (holes[0], text, holes[1]) if segment.size)

    @property
    def memory(self) -> memoryview:
        """The planes as they lie in the buffer: see `emu.devices.vga.planes`."""
        return self._memory.toreadonly()

    def screen(self) -> TextScreen | None:
        """What is on the screen; None where it is off or shows graphics."""
        state = self.state
        graphics = GraphicsMiscellaneous(state.graphics[Graphics.MISCELLANEOUS]).graphics_mode
        off = ClockingMode(state.sequencer[Sequencer.CLOCKING_MODE]).screen_off
        if graphics or off or not state.attribute_index.palette_address_source:
            return None
        return text_screen(state.crtc, self._memory)

    def save(self) -> Plain:
        """The registers and the planes."""
        self.state.memory = bytes(self._memory)
        saved = super().save()
        self.state.memory = b""
        return saved

    def restore(self, plain: Plain) -> None:
        """Take saved registers and planes."""
        super().restore(plain)
        memory, self.state.memory = self.state.memory, b""
        if len(memory) != MEMORY_SIZE:
            raise StateError(f"vga: {len(memory)} bytes of memory are not {MEMORY_SIZE}")
        self._memory[:] = memory

    def drive_outputs(self) -> None:
        """Tell where the planes show as memory, if that has changed."""
        if not self._mapping.is_by(self.state.sequencer, self.state.graphics):
            self._mapping = self._wanted_mapping()
        plain = self._plain_part()
        if plain != self._plain:
            self._plain = plain
            self._window_changed()

    def _wanted_mapping(self) -> Mapping:
        return Mapping.of(self.state.sequencer, self.state.graphics)

    def _plain_part(self) -> tuple[int, int] | None:
        """Base and size of the memory that the guest sees as it lies in the buffer."""
        mapping = self._mapping
        shown = mapping.is_plain and self.state.miscellaneous_output.ram_enable
        return (mapping.base, mapping.size) if shown else None

    def _in_map(self, offset: int) -> int | None:
        """Where in the map an offset into the window is; None outside."""
        address = WINDOW_BASE + offset - self._mapping.base
        inside = 0 <= address < self._mapping.size and self.state.miscellaneous_output.ram_enable
        return address if inside else None

    def _read_memory(self, offset: int, width: int) -> int:
        value = 0
        for n in range(width):
            address = self._in_map(offset + n)
            byte = FLOATING
            if address is not None:
                byte = planes.read(self._memory, self.state.latches, self._mapping, address)
            value |= byte << 8 * n
        return value

    def _write_memory(self, offset: int, width: int, value: int) -> None:
        for n in range(width):
            address = self._in_map(offset + n)
            if address is not None:
                byte = value >> 8 * n & 0xFF
                planes.write(self._memory, self.state.latches, self._mapping, address, byte)

    def _input_status_1(self) -> InputStatus1:
        """Where the beam is follows from the time and the CRT controller's counts."""
        crtc, clocking = self.state.crtc, ClockingMode(self.state.sequencer[Sequencer.CLOCKING_MODE])
        dots = self._clock.now * DOT_CLOCKS_HZ[self.state.miscellaneous_output.clock_select] // NS_PER_SECOND
        character = dots // ((8 if clocking.dots_8 else 9) << clocking.dot_clock_halved)
        line, column = divmod(character, crtc[Crtc.HORIZONTAL_TOTAL] + 5)
        line %= vertical(crtc, Crtc.VERTICAL_TOTAL, "vertical_total") + 2
        start = vertical(crtc, Crtc.VERTICAL_RETRACE_START, "retrace_start")
        length = (crtc[Crtc.VERTICAL_RETRACE_END] - start) & 0xF
        shown = line <= vertical(crtc, Crtc.VERTICAL_DISPLAY_END, "display_end")
        shown = shown and column <= crtc[Crtc.HORIZONTAL_DISPLAY_END]
        return InputStatus1().replace(
            display_disabled=not shown, vertical_retrace=start <= line < start + length
        )

    def _addresses(self, kind: str, base: int, color: int) -> tuple[Region, Region]:
        """CRT controller and status, which answer where the miscellaneous output register puts them."""

        def answers() -> bool:
            return self.state.miscellaneous_output.color_addresses == color

        def read(offset: int, width: int) -> int:
            return self._read_crtc(offset) if answers() else FLOATING

        def write(offset: int, width: int, value: int) -> None:
            if answers():
                self._write_crtc(offset, value)

        def read_status(offset: int, width: int) -> int:
            if not answers():
                return FLOATING
            self.state.attribute_data_next = False
            return self._input_status_1()

        def write_feature(offset: int, width: int, value: int) -> None:
            if answers():
                self.state.feature_control = self.state.feature_control.written(value)

        return (
            Region(f"vga {kind} crtc", base + 4, 2, read, write, registers=CRTC_NAMES),
            Region(f"vga {kind} status", base + 10, 1, read_status, write_feature, registers=STATUS_NAMES),
        )

    def _read_crtc(self, offset: int) -> int:
        state = self.state
        return state.crtc_index if offset == 0 else _read_indexed(state.crtc, state.crtc_index)

    def _write_crtc(self, offset: int, value: int) -> None:
        state = self.state
        if offset == 0:
            state.crtc_index = value & 0x3F
            return
        if state.crtc[Crtc.VERTICAL_RETRACE_END] & sheet.PROTECT and state.crtc_index <= Crtc.OVERFLOW:
            if state.crtc_index != Crtc.OVERFLOW:
                return
            kept = state.crtc[Crtc.OVERFLOW] & ~sheet.LINE_COMPARE_8
            value = kept | value & sheet.LINE_COMPARE_8
        _write_indexed(state.crtc, state.crtc_index, value, sheet.CRTC_WRITABLE)

    def _read(self, offset: int, width: int) -> int:
        state = self.state
        match offset:
            case 0x0:
                return state.attribute_index
            case 0x1:
                return _read_indexed(state.attribute, state.attribute_index.address)
            case 0x2:
                return InputStatus0().replace(switch_sense=1)
            case 0x3:
                return state.enabled
            case 0x4:
                return state.sequencer_index
            case 0x5:
                return _read_indexed(state.sequencer, state.sequencer_index)
            case 0xA:
                return state.feature_control
            case 0xC:
                return state.miscellaneous_output
            case 0xE:
                return state.graphics_index
            case 0xF:
                return _read_indexed(state.graphics, state.graphics_index)
        return self._read_dac(offset)

    def _write(self, offset: int, width: int, value: int) -> None:
        state = self.state
        match offset:
            case 0x0:
                self._write_attribute(value)
            case 0x2:
                state.miscellaneous_output = state.miscellaneous_output.written(value)
            case 0x3:
                state.enabled = value & 1
            case 0x4:
                state.sequencer_index = value & 0x07
            case 0x5:
                _write_indexed(state.sequencer, state.sequencer_index, value, sheet.SEQUENCER_WRITABLE)
            case 0xE:
                state.graphics_index = value & 0x0F
            case 0xF:
                _write_indexed(state.graphics, state.graphics_index, value, sheet.GRAPHICS_WRITABLE)
            case _:
                self._write_dac(offset, value)
        self.drive_outputs()

    def _write_attribute(self, value: int) -> None:
        """Index and data come in turn; the palette opens only while it is not shown."""
        state = self.state
        index = state.attribute_index
        if not state.attribute_data_next:
            state.attribute_index = index.written(value)
        elif index.address >= sheet.PALETTE_SIZE or not index.palette_address_source:
            _write_indexed(state.attribute, index.address, value, sheet.ATTRIBUTE_WRITABLE)
        state.attribute_data_next = not state.attribute_data_next

    def _read_dac(self, offset: int) -> int:
        state = self.state
        match offset:
            case 0x6:
                return state.dac_mask
            case 0x7:
                return DAC_READING if state.dac_reading else 0
            case 0x8:
                return state.dac_address
            case 0x9:
                value = state.dac[3 * state.dac_address + state.dac_component]
                self._next_component()
                return value
        return FLOATING

    def _write_dac(self, offset: int, value: int) -> None:
        state = self.state
        match offset:
            case 0x6:
                state.dac_mask = value
            case 0x7 | 0x8:
                state.dac_reading = offset == 0x7
                state.dac_address, state.dac_component = value, 0
            case 0x9:
                state.dac[3 * state.dac_address + state.dac_component] = value & 0x3F
                self._next_component()

    def _next_component(self) -> None:
        """Red, green, blue, then the next colour."""
        state = self.state
        state.dac_component = (state.dac_component + 1) % 3
        if state.dac_component == 0:
            state.dac_address = state.dac_address + 1 & 0xFF


def _read_indexed(values: bytearray, index: int) -> int:
    return values[index] if index < len(values) else 0


def _write_indexed(values: bytearray, index: int, value: int, writable: bytes) -> None:
    if index < len(values):
        values[index] = value & writable[index]


NAMES = registers(
    {
        0x0: Named("attribute index", "attribute index or data", AttributeIndex),
        0x1: "attribute data",
        0x2: Named("input status 0", "miscellaneous output", InputStatus0, MiscellaneousOutput),
        0x3: "subsystem enable",
        0x4: "sequencer index",
        0x5: "sequencer data",
        0x6: "DAC mask",
        0x7: Named("DAC state", "DAC read address", DacState),
        0x8: "DAC write address",
        0x9: "DAC data",
        0xA: Named("feature control", "", FeatureControl),
        0xC: Named("miscellaneous output", "", MiscellaneousOutput),
        0xE: "graphics index",
        0xF: "graphics data",
    }
)
CRTC_NAMES = registers({0: "CRT controller index", 1: "CRT controller data"})
STATUS_NAMES = registers({0: Named("input status 1", "feature control", InputStatus1, FeatureControl)})
