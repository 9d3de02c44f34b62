"""When translated code must go: memory that it came from was written by a device, or the map has changed.

The engine itself notices only what the guest stores. Code is dropped where the running block ends, because
the engine cannot drop what it is executing.
"""

from __future__ import annotations

from emu.core.memory import Memory
from emu.cpu.address_space import AddressSpace
from emu.cpu.blocks import Blocks
from emu.cpu.handle import Handle
from emu.cpu.translations import Translations


class TranslatedCode:
    """Watches memory and its map on behalf of one engine."""

    def __init__(
        self,
        handle: Handle,
        blocks: Blocks,
        translations: Translations,
        space: AddressSpace,
        memory: Memory,
    ) -> None:
        self._handle = handle
        self._translations = translations
        self._blocks = blocks
        self._space = space
        self.is_stale = False
        memory.changed = self._map_changed
        memory.written = self._written

    def forget(self) -> None:
        """Drop everything translated. Not while running."""
        self._handle.flush_code()
        self._blocks.forget_code()
        self._translations.forget_code()
        self.is_stale = False

    def _map_changed(self) -> None:
        if self._space.synchronise():
            self.forget_soon()

    def _written(self, address: int, length: int) -> None:
        if self._blocks.has_code(address, length):
            self.forget_soon()

    def forget_soon(self) -> None:
        """Drop everything translated where the running block ends."""
        self.is_stale = True
        if self._handle.running:
            self._blocks.cells.asked = True
