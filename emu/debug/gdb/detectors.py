"""What watchpoints look for."""

from __future__ import annotations

from collections.abc import Callable

from emu.debug.places import Detector
from emu.machine.machine import Machine

Found = Callable[[Detector, str], None]


class MemoryAccessed:
    """An instruction reads or writes `size` bytes at a linear address, by the page tables at `attach`."""

    def __init__(self, address: int, size: int, *, reads: bool, writes: bool) -> None:
        self.address, self.size = address, size
        self.reads, self.writes = reads, writes
        self._hooks: list[int] = []

    def attach(self, machine: Machine, found: Found) -> None:
        """Look from now on."""

        def accessed(address: int, width: int, writes: bool) -> None:
            found(self, f"{width} bytes {'written' if writes else 'read'} at {address:#x}")

        look = machine.processor.look()
        at, left = self.address, self.size
        while left:
            count = min(left, 0x1000 - (at & 0xFFF))
            physical = look.physical(at)
            if physical is not None:
                last = physical + count - 1
                watches = machine.processor.watches
                self._hooks.append(
                    watches.on_memory(physical, last, accessed, reads=self.reads, writes=self.writes)
                )
            at, left = at + count, left - count

    def detach(self, machine: Machine) -> None:
        """Look no more."""
        while self._hooks:
            machine.processor.watches.remove(self._hooks.pop())
