"""Small guest programs as ELF files, built once by the compiler that builds the guests."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

HEADER = """
static inline unsigned char in8(unsigned short port)
{
\tunsigned char value;
\t__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
\treturn value;
}
"""
SOURCE = """#include "io.h"
int counter;
int probe(int n);
void _start(void)
{
\tprobe(in8(0x20));
\tfor (;;)
\t\tprobe(3);
}
static int twice(int n)
{
\tcounter = in8(0x10);
\treturn n + n;
}
__attribute__((noinline)) int probe(int n)
{
\treturn twice(n) + 1;
}
"""
LINE_OF_START, LINE_OF_TWICE, LINE_OF_PROBE = 6, 12, 17
"""Where `_start` calls `probe`, `twice` reads a port, and `probe` calls `twice`."""
FLAGS = ("-O1", "-ffreestanding", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-fno-stack-protector")
FRAMES = ("-fno-asynchronous-unwind-tables", "-fcf-protection=none", "-Wl,--build-id=none")
MODES = {16: ("-m16",), 32: ("-m32",), 64: ("-m64", "-mno-red-zone")}


@cache
def program(
    bits: int = 32, dwarf: int = 4, *, origin: int = 0x7C00, source: str = SOURCE, debug: bool = True
) -> Path:
    """An ELF file whose code is linked to `origin`, in a folder with its source."""
    folder = Path(tempfile.mkdtemp(prefix="emu-elf-"))
    (folder / "io.h").write_text(HEADER)
    (folder / "program.c").write_text(source)
    debugging = ("-g", f"-gdwarf-{dwarf}") if debug else ()
    command = ["gcc", *MODES[bits], *FLAGS, *FRAMES, *debugging, f"-ffile-prefix-map={folder}=."]
    command += [f"-Wl,-Ttext={origin:#x}", "-o", "program.elf", "program.c"]
    subprocess.run(command, check=True, cwd=folder)
    return folder / "program.elf"
