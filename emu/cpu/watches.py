"""Hooks for debuggers: where code is executed, and where memory is read or written.

A hook slows down only what it is bound to, but the engine compiles it into code when that is translated: so
all code is dropped where one comes or goes, which may be only while the engine does not run.
"""

from __future__ import annotations

from collections.abc import Callable

from emu.cpu.guard import Failed, guarded
from emu.cpu.handle import Handle
from emu.cpu.library import HOOK_CODE, HOOK_WRITE, BlockCallback, MemoryCallback, constants
from emu.cpu.translated_code import TranslatedCode

HOOK_READ = constants.UC_HOOK_MEM_READ
WIDEST = 64
"""Bytes of the widest access: it may begin so far before what is watched."""

Accessed = Callable[[int, int, int | None], None]
"""Told of an access, before it is made: address, width, and the value written, None at a read."""


class Watches:
    """The hooks of one engine that debuggers asked for."""

    def __init__(self, handle: Handle, code: TranslatedCode, failed: Failed) -> None:
        self._handle, self._code, self._failed = handle, code, failed

    def on_code(self, address: int, reached: Callable[[], None]) -> int:
        """Call `reached` before the instruction at a linear address; a number for `remove`."""

        def call(_engine: int, _address: int, _size: int, _user: int) -> None:
            reached()

        callback = BlockCallback(guarded(call, self._failed, None))
        return self._add(HOOK_CODE, callback, (address, address))

    def on_memory(self, first: int, last: int, accessed: Accessed, *, reads: bool, writes: bool) -> int:
        """Call `accessed` at accesses to physical addresses `first` to `last`; a number for `remove`."""

        def call(_engine: int, kind: int, address: int, size: int, value: int, _user: int) -> bool:
            if address <= last and address + size > first:
                written = value & (1 << 8 * size) - 1 if kind == constants.UC_MEM_WRITE else None
                accessed(address, size, written)
            return True

        kinds = (HOOK_READ if reads else 0) | (HOOK_WRITE if writes else 0)
        callback = MemoryCallback(guarded(call, self._failed, True))
        return self._add(kinds, callback, (max(first - WIDEST, 0), last))

    def remove(self, hook: int) -> None:
        """Remove a hook."""
        self._handle.unhook(hook)
        self._code.forget()

    def _add(self, kind: int, callback: object, within: tuple[int, int]) -> int:
        hook = self._handle.hook(kind, callback, within=within)
        self._code.forget()
        return hook
