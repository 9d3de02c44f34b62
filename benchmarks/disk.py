"""Reading a disk by PIO, as drivers do: commands, a look at the status, REP INSW."""

from __future__ import annotations

from functools import partial

from benchmarks import qemu
from benchmarks.measurement import Measurement, Measurements
from benchmarks.program import FINISH, MARK, SECTOR, boot_sector

READ_SECTORS, READ_MULTIPLE, SET_MULTIPLE = 0x20, 0xC4, 0xC6
BLOCK = 16
ISSUE = """
mov dx, 0x1f3; mov al, bl; out dx, al; inc dx; mov al, bh; out dx, al; inc dx; xor al, al; out dx, al;
inc dx; mov al, 0xe0; out dx, al; inc dx;
"""
WAIT = "{label}: in al, dx; test al, 0x80; jnz {label}; test al, 8; jz {label}; mov dx, 0x1f0;"


def read_loop(command: int, sectors: int, block: int, commands: int) -> bytes:
    """`commands` times a command of so many sectors, taken in blocks of so many."""
    return boot_sector(
        f"mov dx, 0x1f6; mov al, 0xe0; out dx, al; mov dx, 0x1f2; mov al, {BLOCK}; out dx, al;"
        f"mov dx, 0x1f7; mov al, {SET_MULTIPLE}; out dx, al;"
        f"mov ax, 0x1000; mov es, ax; xor ebx, ebx; mov esi, {commands}; {MARK}"
        f"command: mov dx, 0x1f2; mov al, {sectors % 256}; out dx, al; {ISSUE}"
        f"mov al, {command}; out dx, al; mov bp, {sectors // block};"
        f"block: {WAIT.format(label='wait')} xor di, di; mov cx, {block * SECTOR // 2}; rep insw;"
        f"mov dx, 0x1f7; dec bp; jnz block; add bx, {sectors}; and bx, 0x3fff; dec esi; jnz command;"
        f"{MARK} {FINISH}"
    )


def measurements(rounds: int) -> Measurements:
    """Megabytes a second; the disk's 8 MiB lie in the host's page cache."""
    for name, command, sectors, block, commands, goal in (
        ("PIO read, a command of seven OUTs a sector", READ_SECTORS, 1, 1, 4000, None),
        ("PIO read, sector by sector of one command", READ_SECTORS, 256, 1, 32, 40),
        ("PIO read, blocks of 16 sectors", READ_MULTIPLE, 256, BLOCK, 128, 300),
    ):
        compared = qemu.compare(partial(read_loop, command, sectors, block), commands, rounds)
        rates = [sectors * commands * SECTOR / 1e6 / seconds for seconds in compared.seconds]
        yield Measurement(name, "MB/s", tuple(rates), at_least=goal)
        yield from compared.rows(f"{name}: time")
