"""What breakpoints and watchpoints look for."""

from __future__ import annotations

from collections.abc import Callable

from emu.debug.time_travel import Detector
from emu.machine.machine import Machine

Found = Callable[[Detector, str], None]


class AddressReached:
    """The instruction at a linear address is about to be executed."""

    def __init__(self, address: int) -> None:
        self.address = address
        self._hook: int | None = None

    def attach(self, machine: Machine, found: Found) -> None:
        """Look from now on."""
        watches = machine.processor.watches
        self._hook = watches.on_code(self.address, lambda: found(self, f"{self.address:#x} reached"))

    def detach(self, machine: Machine) -> None:
        """Look no more."""
        if self._hook is not None:
            machine.processor.watches.remove(self._hook)
            self._hook = None


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

        state = machine.processor.state
        state.capture()
        paging = state.load_paging()
        at, left = self.address, self.size
        while left:
            count = min(left, 0x1000 - (at & 0xFFF))
            physical = paging.probe(at)
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
