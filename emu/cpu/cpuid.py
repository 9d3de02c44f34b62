"""What CPUID answers: a table of our own, so that no guest sees the engine's or the host's features.

Features are those that the engine's processor model executes and that do not lead outside of virtual time.
Left out on purpose: RDRAND and RDSEED (host entropy), ERMS and FSRM (kernels then use unrolled copies,
which the engine runs faster than string moves), APIC, MTRR and machine check (no such devices).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

SIGNATURE = 0x206A7
"""Family 6, model 42, stepping 7; also in EDX after RESET."""

BASIC_EDX = {
    "fpu": 0,
    "de": 2,
    "pse": 3,
    "tsc": 4,
    "msr": 5,
    "pae": 6,
    "cx8": 8,
    "sep": 11,
    "pge": 13,
    "cmov": 15,
}
BASIC_EDX |= {"pat": 16, "pse36": 17, "clfsh": 19, "mmx": 23, "fxsr": 24, "sse": 25, "sse2": 26}
BASIC_ECX = {
    "sse3": 0,
    "pclmulqdq": 1,
    "ssse3": 9,
    "cx16": 13,
    "sse4_1": 19,
    "sse4_2": 20,
    "popcnt": 23,
    "aes": 25,
}
EXTENDED_EDX = {"syscall": 11, "nx": 20, "rdtscp": 27, "lm": 29}
EXTENDED_ECX = {"lahf": 0}
BRAND = b"emu virtual CPU"


class Leaf(NamedTuple):
    """The four registers of one answer."""

    eax: int = 0
    ebx: int = 0
    ecx: int = 0
    edx: int = 0


def _bits(features: dict[str, int]) -> int:
    return sum(1 << position for position in features.values())


class CpuidTable:
    """Leaves by number and subleaf; add to `leaves` for hypervisor ranges."""

    def __init__(self) -> None:
        ebx, edx, ecx = struct.unpack("<3I", b"GenuineIntel")
        brand = struct.unpack("<12I", BRAND.ljust(48, b"\0"))
        self.leaves: dict[int, Leaf] = {
            0: Leaf(7, ebx, ecx, edx),
            1: Leaf(SIGNATURE, 0x0001_0800, _bits(BASIC_ECX), _bits(BASIC_EDX)),
            2: Leaf(1),
            0x8000_0000: Leaf(0x8000_0008),
            0x8000_0001: Leaf(0, 0, _bits(EXTENDED_ECX), _bits(EXTENDED_EDX)),
            0x8000_0002: Leaf(*brand[0:4]),
            0x8000_0003: Leaf(*brand[4:8]),
            0x8000_0004: Leaf(*brand[8:12]),
            0x8000_0008: Leaf(48 << 8 | 40),
        }

    def query(self, leaf: int, subleaf: int) -> Leaf:
        """The answer to CPUID with EAX = `leaf`, ECX = `subleaf`; unknown leaves answer zeros."""
        return self.leaves.get(leaf, Leaf())
