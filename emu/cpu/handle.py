"""One engine instance: open, control, registers by name, hooks. No policy."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_int, c_size_t, c_uint64, c_void_p
from typing import Any

from emu.cpu import library
from emu.cpu.library import DescriptorRegister, ModelSpecificRegister, constants, x86

READ, WRITE = 1 << 31, 1 << 30
"""Direction bits of `uc_ctl`."""
EVERYWHERE = (1, 0)
"""Bounds of a hook for every address."""


class EngineError(Exception):
    """The engine refused a call: ours to explain, never the guest's doing."""


class Handle:
    """A Unicorn instance for x86, opened so that the guest can change modes by itself."""

    def __init__(self, model: int = library.CPU_SANDYBRIDGE) -> None:
        self.library: Any = library.load()
        self.pointer = c_void_p()
        self._check(self.library.uc_open(constants.UC_ARCH_X86, constants.UC_MODE_64, byref(self.pointer)))
        self.control(constants.UC_CTL_CPU_MODEL, c_int(model))
        self.control(constants.UC_CTL_UC_USE_EXITS, c_int(1))
        self._callbacks: dict[int, Any] = {}
        self.running = False
        """Whether the engine is running: registers may be changed in hooks alone, and nothing be dropped."""

    def close(self) -> None:
        """Free the engine; the handle is of no use afterwards."""
        if self.pointer:
            self.library.uc_close(self.pointer)
            self.pointer = c_void_p()

    def control(self, what: int, *arguments: Any) -> None:
        """`uc_ctl` in the writing direction."""
        self._check(self.library.uc_ctl(self.pointer, c_int(what | len(arguments) << 26 | WRITE), *arguments))

    def flush_tlb(self) -> None:
        """Forget every address translation."""
        self.control(constants.UC_CTL_TLB_FLUSH)

    def flush_code(self) -> None:
        """Forget every translated block. Only while the engine does not run."""
        self.control(constants.UC_CTL_TB_FLUSH)

    def start(self, address: int) -> int:
        """Run from RIP `address` until something stops the engine; its error number, 0 for none."""
        self.running = True
        error: int = self.library.uc_emu_start(self.pointer, address, 0, 0, 0)
        self.running = False
        return error

    def stop(self) -> None:
        """Leave `start` before the next block (from the block hook: before the announced one)."""
        self.library.uc_emu_stop(self.pointer)

    def read(self, register: int) -> int:
        """A register of up to 64 bits."""
        value = c_uint64(0)
        self.library.uc_reg_read(self.pointer, register, byref(value))
        return value.value

    def write(self, register: int, value: int) -> None:
        """Set a register of up to 64 bits."""
        self._check(self.library.uc_reg_write(self.pointer, register, byref(c_uint64(value))))

    def read_bytes(self, register: int, size: int) -> bytes:
        """A register wider than 64 bits."""
        held = ctypes.create_string_buffer(size)
        self.library.uc_reg_read(self.pointer, register, held)
        return held.raw

    def write_bytes(self, register: int, value: bytes) -> None:
        """Set a register wider than 64 bits."""
        held = ctypes.create_string_buffer(value, len(value))
        self._check(self.library.uc_reg_write(self.pointer, register, held))

    def write_descriptor(self, register: int, value: DescriptorRegister) -> None:
        """Set GDTR, IDTR, LDTR or TR."""
        self._check(self.library.uc_reg_write(self.pointer, register, byref(value)))

    def write_msr(self, number: int, value: int) -> None:
        """Set an MSR that is not intercepted."""
        msr = ModelSpecificRegister(number, value)
        self._check(self.library.uc_reg_write(self.pointer, x86.UC_X86_REG_MSR, byref(msr)))

    def hook(
        self,
        kind: int,
        callback: Any,
        instruction: int | None = None,
        user: int = 0,
        within: tuple[int, int] = EVERYWHERE,
    ) -> int:
        """Install a callback for addresses `within` first and last; a handle for `unhook`."""
        hook = c_size_t()
        extra = () if instruction is None else (c_int(instruction),)
        pointer = ctypes.cast(callback, c_void_p)
        self._check(
            self.library.uc_hook_add(
                self.pointer,
                byref(hook),
                c_int(kind),
                pointer,
                c_void_p(user),
                c_uint64(within[0]),
                c_uint64(within[1]),
                *extra,
            )
        )
        self._callbacks[hook.value] = callback
        return hook.value

    def unhook(self, hook: int) -> None:
        """Remove a callback."""
        self._check(self.library.uc_hook_del(self.pointer, hook))
        del self._callbacks[hook]

    def map_memory(self, base: int, size: int, permissions: int, host_address: int) -> None:
        """Let host memory answer at `base`."""
        self._check(self.library.uc_mem_map_ptr(self.pointer, base, size, permissions, host_address))

    def map_callbacks(self, base: int, size: int, read: Any, write: Any) -> None:
        """Let callbacks answer at `base`; they get offsets from it."""
        self._check(
            self.library.uc_mmio_map(
                self.pointer,
                base,
                size,
                ctypes.cast(read, c_void_p),
                None,
                ctypes.cast(write, c_void_p),
                None,
            )
        )

    def unmap(self, base: int, size: int) -> None:
        """Let nothing answer at `base`."""
        self._check(self.library.uc_mem_unmap(self.pointer, base, size))

    def _check(self, error: int) -> None:
        if error:
            raise EngineError(self.library.uc_strerror(error).decode())
