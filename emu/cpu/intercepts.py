"""Instructions that exit to us, by the engine's SVM machinery: RDMSR, WRMSR and INVLPG.

Hidden flag HF_GUEST makes the engine look into a VMCB for what is intercepted; there is no hypervisor
behind it. An intercepted instruction arrives as an interrupt whose vector is its SVM exit code plus 0x100.
[APM] AMD64 Architecture Programmer's Manual volume 2, 15.11 and appendix C.
"""

from __future__ import annotations

import ctypes
import mmap

from emu.core.memory import ADDRESS_SPACE
from emu.cpu.address_space import AddressSpace
from emu.cpu.msrs import PASSED_THROUGH

EXIT_VECTORS = 0x100
EXIT_MSR = 0x7C
EXIT_INVLPG = 0x79
INTERCEPT_MSR, INTERCEPT_INVLPG = 1 << (EXIT_MSR - 0x60), 1 << (EXIT_INVLPG - 0x60)
VMCB = ADDRESS_SPACE
"""Where the control block lies: in the top of the physical address space, which is the processor's own."""
PERMISSION_MAP, PERMISSIONS = 72, 0x1000
BLOCK_BYTES = 0x4000
EXTENDED_MSRS = 0x800 * 8
"""The bit of MSR 0xc0000000 in the permission map; each MSR has two."""


def map_control_block(space: AddressSpace) -> mmap.mmap:
    """Map a VMCB whose permission map intercepts all MSRs but those that are passed through."""
    block = mmap.mmap(-1, BLOCK_BYTES)
    block[PERMISSIONS:BLOCK_BYTES] = b"\xff" * (BLOCK_BYTES - PERMISSIONS)
    for number in PASSED_THROUGH:
        position = EXTENDED_MSRS + (number & 0x1FFF) * 2
        block[PERMISSIONS + position // 8] &= ~(3 << position % 8) & 0xFF
    block[PERMISSION_MAP : PERMISSION_MAP + 8] = (VMCB + PERMISSIONS).to_bytes(8, "little")
    space.map_own(VMCB, BLOCK_BYTES, ctypes.addressof(ctypes.c_uint8.from_buffer(block)))
    return block
