"""A program for Linux that ejects a disc, which Debian's busybox lacks: built from its source here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = r"""
.intel_syntax noprefix
.globl _start
_start:
    lea rdi, [rip + drive]
    mov esi, 0x800      # O_RDONLY | O_NONBLOCK: the tray may be open
    mov eax, 2          # open
    syscall
    mov ebx, eax
    mov edi, ebx
    mov esi, 0x5329     # CDROM_LOCKDOOR: unlock
    xor edx, edx
    mov eax, 16         # ioctl
    syscall
    mov edi, ebx
    mov esi, 0x5309     # CDROMEJECT
    xor edx, edx
    mov eax, 16
    syscall
    mov edi, eax
    neg edi
    mov eax, 60         # exit, with the error number
    syscall
drive: .asciz "/dev/sr0"
"""


def eject_program(folder: Path) -> bytes:
    """The program, which takes no arguments and ends with 0 or with Linux's error number."""
    missing = [tool for tool in ("as", "ld") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    built = folder / "eject"
    subprocess.run(["as", "--64", "-o", f"{built}.o"], input=SOURCE, text=True, check=True)
    subprocess.run(["ld", "-m", "elf_x86_64", "-o", str(built), f"{built}.o"], check=True)
    return built.read_bytes()
