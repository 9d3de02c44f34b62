"""The expansion ROMs of a machine's cards: their files are read, and placed in its memory's buffer."""

from __future__ import annotations

from pathlib import Path

from emu.backends.host_files import HostFiles
from emu.core.errors import ConfigError
from emu.core.memory import Image, Memory
from emu.devices.ne2k import pci as ne2k
from emu.devices.vga import pci as vga
from emu.machine import option_rom
from emu.machine.config import MachineConfig
from emu.machine.parts import nic_name


class CardRoms:
    """Raises ConfigError where a file is no ROM of its card."""

    def __init__(self, config: MachineConfig, files: HostFiles) -> None:
        self._vga = _load(config.vga_rom, vga.VENDOR_ID, vga.DEVICE_ID, files)
        self._nics = [_load(nic.rom, ne2k.VENDOR_ID, ne2k.DEVICE_ID, files) for nic in config.nics]
        self.size = sum(map(len, (self._vga, *self._nics)))
        """Bytes in all."""

    def place_vga(self, memory: Memory) -> Image | None:
        """The VGA's ROM in the memory's buffer."""
        return _image("vga rom", self._vga, memory)

    def place_nics(self, memory: Memory) -> list[Image | None]:
        """The network cards' ROMs in the memory's buffer."""
        return [_image(f"{nic_name(n)} rom", rom, memory) for n, rom in enumerate(self._nics)]


def _load(path: Path | None, vendor_id: int, device_id: int, files: HostFiles) -> bytes:
    if path is None:
        return b""
    try:
        with open(path, "rb", opener=files.open) as file:
            contents = file.read(option_rom.LARGEST + 1)
    except OSError as error:
        raise ConfigError(
            f"cannot read the expansion ROM {path}: {error.strerror}; give a readable file"
        ) from None
    try:
        return option_rom.prepare(contents, vendor_id, device_id)
    except option_rom.RomError as error:
        raise ConfigError(f"{path} cannot be the card's expansion ROM: {error}") from None


def _image(name: str, contents: bytes, memory: Memory) -> Image | None:
    return Image(name, memory.add_image(contents), len(contents)) if contents else None
