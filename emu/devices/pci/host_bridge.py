"""Intel 82441FX (440FX) host bridge: shadowing of ROM by RAM, and the window to SMRAM.

[440FX] Intel 440FX PCIset datasheet 290549: 3.2.18 (PAM), 3.2.23 (SMRAM).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from emu.core.memory import PAGE, Segment
from emu.core.registers import Access, Register, bit, field
from emu.devices.pci.configuration import ConfigurationSpace
from emu.devices.pci.function import FunctionState, PciFunction

ATTRIBUTE_MAP, SYSTEM_MANAGEMENT = 0x59, 0x72
SMALL_AREA, LARGE_AREA, LARGE_AREA_BASE, SHADOW_BASE = 0x4000, 0x1_0000, 0xF_0000, 0xC_0000
VGA_BASE, VGA_SIZE = 0xA_0000, 0x2_0000
QEMU_VENDOR_ID, QEMU_MACHINE = 0x1AF4, 0x1100
"""Real bridges read 0 there. Xen's device model is QEMU, which says so in the subsystem IDs of its bridge,
and stock SeaBIOS takes the machine for QEMU's by them alone."""


NO_DISPLAY = (Segment(VGA_BASE, VGA_SIZE, None, None),)
"""A VGA window where nothing answers."""


class AreaAttributes(Register):
    """Half of a PAM register: where reads and writes of one area go."""

    read_enable = bit(0)
    write_enable = bit(1)


class SystemManagement(Register):
    """SMRAM: whether RAM shows through the VGA window. [440FX] 3.2.23."""

    base_segment = field(2, 0, Access.READ_ONLY)
    enable = bit(3)
    locked = bit(4)
    closed = bit(5)
    opened = bit(6)


def configuration_space() -> ConfigurationSpace:
    """The bridge's registers as the data sheet resets them."""
    space = ConfigurationSpace.header(
        0x8086,
        0x1237,
        0x06_00_00,
        revision_id=2,
        command=0x0006,
        command_writable=0x0100,
        subsystem_vendor_id=QEMU_VENDOR_ID,
        subsystem_id=QEMU_MACHINE,
    )
    space = space.declare(0x50, 2, reset=0x0000, writable=0xFFFF)  # PMCCFG
    space = space.declare(0x52, 1, writable=0xFF)  # DETURBO
    space = space.declare(0x53, 1, reset=0x80, writable=0xFF)  # DBC
    space = space.declare(0x57, 1, reset=0x01, writable=0xFF)  # DRAMC
    space = space.declare(0x58, 1, writable=0xFF)  # DRAMT
    space = space.declare(ATTRIBUTE_MAP, 1, writable=0x30)
    for n in range(1, 7):
        space = space.declare(ATTRIBUTE_MAP + n, 1, writable=0x33)
    for row in range(8):
        space = space.declare(0x60 + row, 1, reset=0x01, writable=0xFF)  # DRB
    space = space.declare(0x68, 1, writable=0xFF).declare(0x70, 1, writable=0xFF)  # FDHC, MTT
    space = space.declare(0x71, 1, reset=0x10, writable=0xFF)  # CLT
    return space.declare(SYSTEM_MANAGEMENT, 1, reset=0x02, writable=0x78)


class HostBridge(PciFunction[FunctionState]):
    """Device 0. Places the VGA window and the areas from 0xC0000 to 0xFFFFF as its registers say."""

    def __init__(
        self,
        name: str,
        *,
        place: Callable[[Segment], None],
        rom: Callable[[int], int | None],
        vga_window: Callable[[], Iterable[Segment]] = lambda: NO_DISPLAY,
    ) -> None:
        """`place` is `Memory.place`; `rom(address)` is where in the buffer the ROM of a page is, or None.

        `vga_window` says what answers in the VGA window while SMRAM is closed.
        """
        super().__init__(name, FunctionState(), configuration_space())
        self._place = place
        self._rom = rom
        self._vga_window = vga_window
        self._rom_is_locked = False
        self._placed: dict[int, Segment] = {}
        self.drive_outputs()

    @property
    def system_management(self) -> SystemManagement:
        """The SMRAM register."""
        return SystemManagement(self.state.configuration[SYSTEM_MANAGEMENT])

    def attributes(self, address: int) -> AreaAttributes:
        """The attributes of the area that holds `address` (0xC0000 to 0xFFFFF)."""
        if address >= LARGE_AREA_BASE:
            return AreaAttributes(self.state.configuration[ATTRIBUTE_MAP] >> 4 & 3)
        area = (address - SHADOW_BASE) // SMALL_AREA
        return AreaAttributes(self.state.configuration[ATTRIBUTE_MAP + 1 + area // 2] >> 4 * (area & 1) & 3)

    def lock_rom(self, locked: bool) -> None:
        """Whether the whole ROM area refuses writes, shadowed or not: the Xen platform device's flag."""
        self._rom_is_locked = locked
        self.drive_outputs()

    def configuration_written(self, offset: int, before: bytes) -> None:
        """SMRAM closes for good once it is locked."""
        if offset <= SYSTEM_MANAGEMENT < offset + len(before):
            held = SystemManagement(before[SYSTEM_MANAGEMENT - offset])
            written = self.system_management
            kept = held if held.locked else written.replace(opened=0) if written.locked else written
            self.state.configuration[SYSTEM_MANAGEMENT] = kept

    def drive_outputs(self) -> None:
        """Place every area whose segment is not what was placed last."""
        for segment in self._segments():
            if self._placed.get(segment.base) != segment:
                for base in [each for each in self._placed if segment.base <= each < segment.end]:
                    del self._placed[base]
                self._placed[segment.base] = segment
                self._place(segment)

    def _segments(self) -> Iterator[Segment]:
        if self.system_management.enable and self.system_management.opened:
            yield Segment(VGA_BASE, VGA_SIZE, VGA_BASE, VGA_BASE)
        else:
            yield from self._vga_window()
        for base in range(SHADOW_BASE, LARGE_AREA_BASE, SMALL_AREA):
            yield from self._area(base, SMALL_AREA)
        yield from self._area(LARGE_AREA_BASE, LARGE_AREA)

    def _area(self, base: int, size: int) -> Iterator[Segment]:
        """The segments of one area: as few as the ROM underneath allows."""
        attributes = self.attributes(base)
        start, source = base, self._source(base, attributes)
        for page in range(base + PAGE, base + size, PAGE):
            here = self._source(page, attributes)
            if here != (None if source is None else source + page - start):
                yield self._segment(start, page, source, attributes)
                start, source = page, here
        yield self._segment(start, base + size, source, attributes)

    def _source(self, address: int, attributes: AreaAttributes) -> int | None:
        return address if attributes.read_enable else self._rom(address)

    def _segment(self, start: int, end: int, source: int | None, attributes: AreaAttributes) -> Segment:
        writable = attributes.write_enable and not self._rom_is_locked
        return Segment(start, end - start, source, start if writable else None)
