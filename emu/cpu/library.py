"""The Unicorn library's C interface, as far as we drive it.

The Python binding wraps every callback and every register access; these declarations call the library
directly, which is two to four times cheaper. `PyDLL` keeps the interpreter lock: a callback from the
engine then enters Python without taking it again.
"""

from __future__ import annotations

import ctypes
from ctypes import c_bool, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any

import unicorn
from unicorn import unicorn_const, x86_const

from emu.core.errors import ConfigError

constants, x86 = unicorn_const, x86_const

WANTED_VERSION = "2.1.4"

HOOK_INTERRUPT = constants.UC_HOOK_INTR
HOOK_INSTRUCTION = constants.UC_HOOK_INSN
HOOK_INVALID_INSTRUCTION = constants.UC_HOOK_INSN_INVALID
HOOK_BLOCK = constants.UC_HOOK_BLOCK
HOOK_CODE = constants.UC_HOOK_CODE
HOOK_EDGE = constants.UC_HOOK_EDGE_GENERATED
HOOK_TLB_FILL = constants.UC_HOOK_TLB_FILL
HOOK_WRITE = constants.UC_HOOK_MEM_WRITE
HOOK_WRITE_PROTECTED = constants.UC_HOOK_MEM_WRITE_PROT

PERMISSION_READ_EXECUTE = constants.UC_PROT_READ | constants.UC_PROT_EXEC
PERMISSION_ALL = constants.UC_PROT_ALL

ERROR_NO_TRANSLATION = constants.UC_ERR_EXCEPTION
ERROR_WRITE_PROTECTED = constants.UC_ERR_WRITE_PROT
ERROR_FETCH = (constants.UC_ERR_FETCH_PROT, constants.UC_ERR_FETCH_UNMAPPED)

CPU_SANDYBRIDGE = x86.UC_CPU_X86_SANDYBRIDGE
"""The richest model of this engine without RDRAND, which would hand host entropy to the guest."""

InterruptCallback = ctypes.PYFUNCTYPE(None, c_void_p, c_uint32, c_void_p)
InvalidCallback = ctypes.PYFUNCTYPE(c_bool, c_void_p, c_void_p)
InCallback = ctypes.PYFUNCTYPE(c_uint32, c_void_p, c_uint32, c_int, c_void_p)
OutCallback = ctypes.PYFUNCTYPE(None, c_void_p, c_uint32, c_int, c_uint32, c_void_p)
MoveCallback = ctypes.PYFUNCTYPE(c_uint64, c_uint32, c_int, c_uint32, c_uint64)
SyscallCallback = ctypes.PYFUNCTYPE(None, c_void_p, c_void_p)
InstructionCallback = ctypes.PYFUNCTYPE(c_int, c_void_p, c_void_p)
BlockCallback = ctypes.PYFUNCTYPE(None, c_void_p, c_uint64, c_uint32, c_void_p)
MemoryCallback = ctypes.PYFUNCTYPE(c_bool, c_void_p, c_int, c_uint64, c_int, c_int64, c_void_p)
MmioReadCallback = ctypes.PYFUNCTYPE(c_uint64, c_void_p, c_uint64, c_uint32, c_void_p)
MmioWriteCallback = ctypes.PYFUNCTYPE(None, c_void_p, c_uint64, c_uint32, c_uint64, c_void_p)


class TranslationBlock(ctypes.Structure):
    """`uc_tb`: where a translated block begins (linear), its instructions and its bytes."""

    _fields_ = [("pc", c_uint64), ("instructions", ctypes.c_uint16), ("size", ctypes.c_uint16)]


EdgeCallback = ctypes.PYFUNCTYPE(
    None, c_void_p, ctypes.POINTER(TranslationBlock), ctypes.POINTER(TranslationBlock), c_void_p
)


class TlbEntry(ctypes.Structure):
    """`uc_tlb_entry`: where a page lies, and what may be done there (UC_PROT_READ, _WRITE, _EXEC)."""

    _fields_ = [("physical", c_uint64), ("permissions", c_uint32)]


FillCallback = ctypes.PYFUNCTYPE(c_bool, c_void_p, c_uint64, c_int, ctypes.POINTER(TlbEntry), c_void_p)


class DescriptorRegister(ctypes.Structure):
    """`uc_x86_mmr`: a descriptor-table or system segment register."""

    _fields_ = [
        ("selector", ctypes.c_uint16),
        ("base", c_uint64),
        ("limit", c_uint32),
        ("flags", c_uint32),
    ]


class ModelSpecificRegister(ctypes.Structure):
    """`uc_x86_msr`: an MSR by number."""

    _fields_ = [("number", c_uint32), ("value", c_uint64)]


def _library_path() -> Path:
    folder = Path(unicorn.__file__).parent / "lib"
    for name in ("libunicorn.so.2", "libunicorn.2.dylib", "unicorn.dll"):
        if (folder / name).exists():
            return folder / name
    raise ConfigError(f"no Unicorn library in {folder}: install unicorn {WANTED_VERSION} from its wheel")


def load() -> Any:
    """The library with its prototypes declared."""
    library = ctypes.PyDLL(str(_library_path()))
    for name, arguments in {
        "uc_context_alloc": [c_void_p, c_void_p],
        "uc_context_save": [c_void_p, c_void_p],
        "uc_context_restore": [c_void_p, c_void_p],
        "uc_context_size": [c_void_p],
        "uc_context_free": [c_void_p],
        "uc_close": [c_void_p],
        "uc_emu_start": [c_void_p, c_uint64, c_uint64, c_uint64, c_size_t],
        "uc_emu_stop": [c_void_p],
        "uc_hook_del": [c_void_p, c_size_t],
        "uc_reg_read": [c_void_p, c_int, c_void_p],
        "uc_reg_write": [c_void_p, c_int, c_void_p],
        "uc_mem_map_ptr": [c_void_p, c_uint64, c_uint64, c_uint32, c_void_p],
        "uc_mem_unmap": [c_void_p, c_uint64, c_uint64],
        "uc_mmio_map": [c_void_p, c_uint64, c_uint64, c_void_p, c_void_p, c_void_p, c_void_p],
        "uc_strerror": [c_int],
    }.items():
        getattr(library, name).argtypes = arguments
    library.uc_context_size.restype = c_size_t
    library.uc_strerror.restype = ctypes.c_char_p
    return library
