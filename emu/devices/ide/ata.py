"""An ATA disk: its commands and settings.

[ATA6] ATA/ATAPI-6 (T13 1410D), chapter 8; obsolete commands as in [ATA3] (T13 2008D).
"""

from __future__ import annotations

from collections.abc import Callable

from emu.core.backends import BlockBackend
from emu.devices.ide import identify
from emu.devices.ide.disk_transfer import (
    DEFAULT_HEADS,
    DEFAULT_SECTORS,
    LARGEST_MULTIPLE,
    PIO_4,
    READ_AHEAD,
    DiskState,
    DiskTransfers,
)
from emu.devices.ide.registers import ABORTED, ID_NOT_FOUND, Command, Feature

MOST_CYLINDERS = 16383


class AtaDisk(DiskTransfers):
    """A hard disk of as many sectors as its image has."""

    signature = (0x00, 0x00)

    def __init__(
        self,
        name: str,
        *,
        image: BlockBackend,
        serial: str = "EMU00001",
        model: str = "EMU HARDDISK",
        firmware: str = "1.0",
    ) -> None:
        self._names = (serial, firmware, model)
        super().__init__(name, image)

    def software_reset(self) -> None:
        """SRST; settings take their defaults unless the host asked to keep them. [ATA6] 8.46.13."""
        if not self.state.keep_settings:
            self._default_settings()
        super().software_reset()

    def execute(self, command: int) -> None:
        """Carry out `command`; what is not known is aborted."""
        self.state.error = 0
        self.state.interrupt = False
        handler = HANDLERS.get(command)
        if handler is None:
            self.fail(ABORTED)
        else:
            if command not in SLEEPING:
                self.state.standby = False
            handler(self)

    def _geometry(self, heads: int, sectors_per_track: int) -> tuple[int, int, int]:
        cylinders = max(1, min(self.sectors // (heads * sectors_per_track), MOST_CYLINDERS))
        return cylinders, heads, sectors_per_track

    def verify(self, *, extended: bool = False) -> None:
        """READ VERIFY SECTORS (EXT): read without handing out."""
        if self._find_sectors(extended):
            while self.state.remaining:
                if self._fetch(min(READ_AHEAD, self.state.remaining)) is None:
                    return
            self.complete()

    def seek(self) -> None:
        """SEEK: fails where the address leaves the disk."""
        lba = self.address(extended=False)
        if lba is None or lba >= self.sectors:
            self.fail(ID_NOT_FOUND)
        else:
            self.complete()

    def initialize_parameters(self) -> None:
        """INITIALIZE DEVICE PARAMETERS: sectors per track and heads for CHS addresses."""
        sectors = self.state.count & 0xFF
        if not sectors:
            self.fail(ABORTED)
            return
        self.state.sectors_per_track, self.state.heads = sectors, self.state.device.address + 1
        self.complete()

    def set_multiple(self) -> None:
        """SET MULTIPLE MODE: sectors a block, a power of two; 0 disables the commands."""
        count = self.state.count & 0xFF
        if count > LARGEST_MULTIPLE or count & (count - 1):
            self.fail(ABORTED)
            return
        self.state.multiple = count
        self.complete()

    def set_features(self) -> None:
        """SET FEATURES."""
        state = self.state
        match state.features & 0xFF:
            case Feature.SET_TRANSFER_MODE:
                self._set_transfer_mode(state.count & 0xFF)
                return
            case Feature.ENABLE_WRITE_CACHE:
                state.write_cache = True
            case Feature.DISABLE_WRITE_CACHE:
                state.write_cache = False
                self.flush_cache()
                return
            case Feature.ENABLE_LOOK_AHEAD:
                state.look_ahead = True
            case Feature.DISABLE_LOOK_AHEAD:
                state.look_ahead = False
            case Feature.KEEP_SETTINGS:
                state.keep_settings = True
            case Feature.REVERT_TO_DEFAULTS:
                state.keep_settings = False
            case _:
                self.fail(ABORTED)
                return
        self.complete()

    def _set_transfer_mode(self, mode: int) -> None:
        """PIO default, PIO 0 to 4, multiword DMA 0 to 2."""
        if mode in (0x00, 0x01):
            self.state.transfer_mode = PIO_4
        elif 0x08 <= mode <= PIO_4 or 0x20 <= mode <= 0x22:
            self.state.transfer_mode = mode
        else:
            self.fail(ABORTED)
            return
        self.complete()

    def _default_settings(self) -> None:
        fresh = DiskState()
        for name in ("multiple", "heads", "sectors_per_track", "write_cache", "look_ahead", "standby"):
            setattr(self.state, name, getattr(fresh, name))

    def rest(self) -> None:
        """STANDBY (IMMEDIATE), SLEEP: the cache is written out first."""
        self.state.standby = True
        self.flush_cache()

    def check_power_mode(self) -> None:
        """CHECK POWER MODE: 0xff active or idle, 0 standby."""
        self.state.count = 0x00 if self.state.standby else 0xFF
        self.complete()

    def identify(self) -> None:
        """IDENTIFY DEVICE."""
        state = self.state
        state.remaining = 0
        disk = identify.Disk(
            sectors=self.sectors,
            default_geometry=self._geometry(DEFAULT_HEADS, DEFAULT_SECTORS),
            geometry=self._geometry(state.heads, state.sectors_per_track),
            largest_multiple=LARGEST_MULTIPLE,
            multiple=state.multiple,
            transfer_mode=state.transfer_mode,
            write_cache=state.write_cache,
            look_ahead=state.look_ahead,
            names=self._names,
        )
        self.offer(identify.disk_data(disk))
        state.interrupt = True


Handler = Callable[[AtaDisk], None]

SLEEPING = frozenset({Command.CHECK_POWER_MODE, Command.CHECK_POWER_MODE_OLD})
"""Commands that do not wake a disk from standby."""

HANDLERS: dict[int, Handler] = {
    Command.READ_SECTORS: AtaDisk.read_sectors,
    Command.READ_SECTORS_NO_RETRY: AtaDisk.read_sectors,
    Command.READ_SECTORS_EXT: lambda disk: disk.read_sectors(extended=True),
    Command.READ_MULTIPLE: lambda disk: disk.read_sectors(multiple=True),
    Command.READ_MULTIPLE_EXT: lambda disk: disk.read_sectors(extended=True, multiple=True),
    Command.READ_DMA: lambda disk: disk.transfer_by_dma(write=False),
    Command.READ_DMA_NO_RETRY: lambda disk: disk.transfer_by_dma(write=False),
    Command.READ_DMA_EXT: lambda disk: disk.transfer_by_dma(write=False, extended=True),
    Command.WRITE_SECTORS: AtaDisk.write_sectors,
    Command.WRITE_SECTORS_NO_RETRY: AtaDisk.write_sectors,
    Command.WRITE_SECTORS_EXT: lambda disk: disk.write_sectors(extended=True),
    Command.WRITE_MULTIPLE: lambda disk: disk.write_sectors(multiple=True),
    Command.WRITE_MULTIPLE_EXT: lambda disk: disk.write_sectors(extended=True, multiple=True),
    Command.WRITE_DMA: lambda disk: disk.transfer_by_dma(write=True),
    Command.WRITE_DMA_NO_RETRY: lambda disk: disk.transfer_by_dma(write=True),
    Command.WRITE_DMA_EXT: lambda disk: disk.transfer_by_dma(write=True, extended=True),
    Command.READ_VERIFY: AtaDisk.verify,
    Command.READ_VERIFY_NO_RETRY: AtaDisk.verify,
    Command.READ_VERIFY_EXT: lambda disk: disk.verify(extended=True),
    Command.SEEK: AtaDisk.seek,
    Command.RECALIBRATE: lambda disk: disk.complete(),
    Command.INITIALIZE_DEVICE_PARAMETERS: AtaDisk.initialize_parameters,
    Command.SET_MULTIPLE_MODE: AtaDisk.set_multiple,
    Command.SET_FEATURES: AtaDisk.set_features,
    Command.FLUSH_CACHE: AtaDisk.flush_cache,
    Command.FLUSH_CACHE_EXT: AtaDisk.flush_cache,
    Command.STANDBY: AtaDisk.rest,
    Command.STANDBY_OLD: AtaDisk.rest,
    Command.STANDBY_IMMEDIATE: AtaDisk.rest,
    Command.STANDBY_IMMEDIATE_OLD: AtaDisk.rest,
    Command.SLEEP: AtaDisk.rest,
    Command.SLEEP_OLD: AtaDisk.rest,
    Command.IDLE: lambda disk: disk.complete(),
    Command.IDLE_OLD: lambda disk: disk.complete(),
    Command.IDLE_IMMEDIATE: lambda disk: disk.complete(),
    Command.IDLE_IMMEDIATE_OLD: lambda disk: disk.complete(),
    Command.CHECK_POWER_MODE: AtaDisk.check_power_mode,
    Command.CHECK_POWER_MODE_OLD: AtaDisk.check_power_mode,
    Command.IDENTIFY_DEVICE: AtaDisk.identify,
}
