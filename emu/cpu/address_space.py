"""The memory map, as the engine sees it.

Segments that are plain memory are mapped from the host buffer, write-protected where their writes go
elsewhere; everything else answers by callbacks. Only areas whose kind changed are mapped again.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from emu.core.clock import Clock
from emu.core.memory import Memory, Segment
from emu.cpu.handle import Handle
from emu.cpu.library import PERMISSION_ALL, PERMISSION_READ_EXECUTE, MmioReadCallback, MmioWriteCallback
from emu.cpu.translations import Translations

Failed = Callable[[BaseException], None]


class AddressSpace:
    """Keeps the engine's map equal to `memory.segments`."""

    def __init__(
        self, handle: Handle, memory: Memory, clock: Clock, translations: Translations, failed: Failed
    ) -> None:
        self._handle = handle
        self._translations = translations
        self._memory = memory
        self._clock = clock
        self._failed = failed
        self._host = ctypes.addressof(ctypes.c_uint8.from_buffer(memory.buffer))
        self._mapped: dict[Segment, Any] = {}

    def synchronise(self) -> bool:
        """Map what has changed; whether something did, so that translated code is stale."""
        wanted = self._memory.segments
        gone = [segment for segment in self._mapped if segment not in wanted]
        come = [segment for segment in wanted if segment not in self._mapped]
        if gone or come:
            with self._translations.identical():
                for segment in gone:
                    self._handle.unmap(segment.base, segment.size)
                    del self._mapped[segment]
                for segment in come:
                    self._mapped[segment] = self._map(segment)
        return bool(gone)

    def map_own(self, base: int, size: int, host_address: int) -> None:
        """Map memory of the processor's own, outside of the memory map."""
        self._handle.map_memory(base, size, PERMISSION_ALL, host_address)

    def _map(self, segment: Segment) -> Any:
        if segment.reads_from is None:
            callbacks = self._callbacks(segment.base)
            self._handle.map_callbacks(segment.base, segment.size, *callbacks)
            return callbacks
        writable = segment.writes_to == segment.reads_from
        permissions = PERMISSION_ALL if writable else PERMISSION_READ_EXECUTE
        self._handle.map_memory(segment.base, segment.size, permissions, self._host + segment.reads_from)
        return None

    def _callbacks(self, base: int) -> tuple[Any, Any]:
        bus, charge, cost = self._memory.mmio, self._clock.charge, self._clock.costs.mmio_access_ns

        def read(_engine: int, offset: int, width: int, _user: int) -> int:
            try:
                charge(cost)
                return bus.read(base + offset, width)
            except BaseException as failure:  # must not unwind through the engine's frames
                self._failed(failure)
                return 0

        def write(_engine: int, offset: int, width: int, value: int, _user: int) -> None:
            try:
                charge(cost)
                bus.write(base + offset, width, value)
            except BaseException as failure:  # must not unwind through the engine's frames
                self._failed(failure)

        return MmioReadCallback(read), MmioWriteCallback(write)
