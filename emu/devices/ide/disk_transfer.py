"""How a disk finds and moves sectors: CHS, LBA28 and LBA48, by PIO and by multiword DMA.

[ATA6] ATA/ATAPI-6 (T13 1410D), 6.2 (addresses), 9.5 to 9.7 (the protocols).
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.core.backends import BlockBackend
from emu.core.errors import HostError
from emu.devices.ide.drive import Drive, DriveState, Phase
from emu.devices.ide.registers import (
    ABORTED,
    DATA_READY,
    ID_NOT_FOUND,
    UNCORRECTABLE,
    Error,
)

SECTOR = 512
LARGEST_MULTIPLE = 16
READ_AHEAD = 128
DEFAULT_HEADS, DEFAULT_SECTORS = 16, 63
PIO_4 = 0x0C


@dataclass
class DiskState(DriveState):
    """The command under way (next sector and sectors left on the image, sectors a block), and settings."""

    lba: int = 0
    remaining: int = 0
    block: int = 1
    extended: bool = False
    multiple: int = LARGEST_MULTIPLE
    heads: int = DEFAULT_HEADS
    sectors_per_track: int = DEFAULT_SECTORS
    write_cache: bool = True
    look_ahead: bool = True
    keep_settings: bool = False
    transfer_mode: int = PIO_4
    standby: bool = False


class DiskTransfers(Drive[DiskState]):
    """A drive that reads and writes sectors of an image."""

    def __init__(self, name: str, image: BlockBackend) -> None:
        self.sectors = image.size // SECTOR
        self._disk = image
        super().__init__(name, DiskState(), image)

    def address(self, extended: bool) -> int | None:
        """The first sector that the registers name, or None where that is no address at all."""
        state = self.state
        low, mid, high = state.lba_low & 0xFF, state.lba_mid & 0xFF, state.lba_high & 0xFF
        if extended:
            above = state.lba_low >> 8 | state.lba_mid >> 8 << 8 | state.lba_high >> 8 << 16
            return above << 24 | high << 16 | mid << 8 | low
        if state.device.lba:
            return state.device.address << 24 | high << 16 | mid << 8 | low
        cylinder, head = high << 8 | mid, state.device.address
        if not 1 <= low <= state.sectors_per_track or head >= state.heads:
            return None
        return (cylinder * state.heads + head) * state.sectors_per_track + low - 1

    def _show_address(self, lba: int, remaining: int) -> None:
        """Report a sector and the count in the registers, in the form in which the command came."""
        state = self.state
        if state.extended:
            state.count = remaining & 0xFFFF
            low, mid, high = (lba >> shift & 0xFF for shift in (0, 8, 16))
            above, middle, top = (lba >> shift & 0xFF for shift in (24, 32, 40))
            state.lba_low, state.lba_mid, state.lba_high = (
                above << 8 | low,
                middle << 8 | mid,
                top << 8 | high,
            )
            return
        state.count = remaining & 0xFF
        if state.device.lba:
            state.lba_low, state.lba_mid, state.lba_high = (lba >> shift & 0xFF for shift in (0, 8, 16))
            state.device = state.device.replace(address=lba >> 24)
            return
        track, sector = divmod(lba, state.sectors_per_track)
        cylinder, head = divmod(track, state.heads)
        state.lba_low, state.lba_mid, state.lba_high = sector + 1, cylinder & 0xFF, cylinder >> 8 & 0xFF
        state.device = state.device.replace(address=head)

    def _find_sectors(self, extended: bool) -> bool:
        """Take address and count from the registers; fails the command where they leave the disk."""
        state = self.state
        state.extended = extended
        count = state.count if extended else state.count & 0xFF
        state.remaining = count or (0x1_0000 if extended else 0x100)
        lba = self.address(extended)
        if lba is not None and lba + state.remaining <= self.sectors:
            state.lba = lba
            return True
        if lba is not None and lba < self.sectors:
            self._show_address(self.sectors, state.remaining - (self.sectors - lba))
        self.fail(ID_NOT_FOUND)
        return False

    def _fail_at(self, lba: int, error: Error, *, fault: bool = False) -> None:
        self._show_address(lba, self.state.remaining - (lba - self.state.lba))
        self.fail(error, fault=fault)

    # Reading and writing

    def read_sectors(self, *, extended: bool = False, multiple: bool = False) -> None:
        """READ SECTORS, READ MULTIPLE (EXT): an interrupt for each block that is ready."""
        if multiple and not self.state.multiple:
            self.fail(ABORTED)
        elif self._find_sectors(extended):
            self.state.block = self.state.multiple if multiple else 1
            self._next_block_in()

    def write_sectors(self, *, extended: bool = False, multiple: bool = False) -> None:
        """WRITE SECTORS, WRITE MULTIPLE (EXT): an interrupt after each block, none before the first."""
        if self._disk.read_only or (multiple and not self.state.multiple):
            self.fail(ABORTED)
        elif self._find_sectors(extended):
            self.state.block = self.state.multiple if multiple else 1
            self._next_block_out()

    def transfer_by_dma(self, *, write: bool, extended: bool = False) -> None:
        """READ DMA, WRITE DMA (EXT): one interrupt at the end."""
        if write and self._disk.read_only:
            self.fail(ABORTED)
        elif self._find_sectors(extended):
            self.state.block = READ_AHEAD
            self.state.phase = Phase.DMA_OUT if write else Phase.DMA_IN
            self.state.status = DATA_READY

    def block_read(self) -> None:
        """The next block, from what was read ahead or from the image; or the end of the command."""
        state = self.state
        if state.position < len(state.data_in):
            state.block_end = min(state.position + state.block * SECTOR, len(state.data_in))
            state.interrupt = True
        elif state.remaining:
            self._next_block_in()
        else:
            self.complete(interrupt=False)

    def block_written(self, data: bytes) -> None:
        """Store the block; then the next one, or the end of the command."""
        if self._store(data):
            if self.state.remaining:
                self._next_block_out()
                self.state.interrupt = True
            else:
                self._finish_write()

    def dma_read(self, limit: int) -> bytes:
        """Sectors for the bus master, read ahead in pieces."""
        state = self.state
        if state.phase is not Phase.DMA_IN:
            return b""
        if state.position == len(state.data_in):
            data = self._fetch(min(state.block, state.remaining))
            if data is None:
                return b""
            state.data_in, state.position = data, 0
        start = state.position
        state.position = min(start + limit, len(state.data_in))
        data = state.data_in[start : state.position]
        if state.position == len(state.data_in) and not state.remaining:
            self.complete()
        return data

    def dma_room(self) -> int:
        """Bytes up to the end of the piece that is being gathered."""
        if self.state.phase is not Phase.DMA_OUT:
            return 0
        return min(self.state.block, self.state.remaining) * SECTOR - len(self.state.data_out)

    def dma_write(self, data: bytes) -> None:
        """Gather a piece; store it when it is whole."""
        self.state.data_out += data
        if not self.dma_room():
            gathered = bytes(self.state.data_out)
            self.state.data_out = bytearray()
            if self._store(gathered) and not self.state.remaining:
                self._finish_write()

    def _next_block_in(self) -> None:
        """Read ahead whole blocks; where that fails, the next block alone."""
        block = self.state.block
        ahead = min(self.state.remaining, READ_AHEAD // block * block)
        data = self._fetch(ahead, otherwise=min(block, self.state.remaining))
        if data is not None:
            self.offer(data, min(block * SECTOR, len(data)))
            self.state.interrupt = True

    def _next_block_out(self) -> None:
        self.accept(min(self.state.block, self.state.remaining) * SECTOR)

    def _fetch(self, count: int, otherwise: int = 0) -> bytes | None:
        """The next `count` sectors, or `otherwise` fewer; None where the command has failed on one."""
        state = self.state
        try:
            data = self._disk.read(state.lba * SECTOR, count * SECTOR)
        except HostError:
            if 0 < otherwise < count:
                return self._fetch(otherwise)
            self._fail_at(self._first_unreadable(count), UNCORRECTABLE)
            return None
        self._advance(count)
        return data

    def _first_unreadable(self, count: int) -> int:
        """The first sector of a failed read that fails on its own; the first of all if none does."""
        for lba in range(self.state.lba, self.state.lba + count):
            try:
                self._disk.read(lba * SECTOR, SECTOR)
            except HostError:
                return lba
        return self.state.lba

    def _store(self, data: bytes) -> bool:
        """Write sectors; False where the command has failed."""
        try:
            self._disk.write(self.state.lba * SECTOR, data)
        except HostError:
            self._fail_at(self.state.lba, ABORTED, fault=True)
            return False
        self._advance(len(data) // SECTOR)
        return True

    def _advance(self, count: int) -> None:
        self.state.lba += count
        self.state.remaining -= count
        if not self.state.remaining:
            self._show_address(self.state.lba - 1, 0)

    def _finish_write(self) -> None:
        if self.state.write_cache:
            self.complete()
        else:
            self.flush_cache()

    def flush_cache(self) -> None:
        """FLUSH CACHE (EXT): what was written is on the image."""
        try:
            self._disk.flush()
        except HostError:
            self.fail(ABORTED, fault=True)
        else:
            self.complete()
