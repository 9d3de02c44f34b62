"""Kernels of the tests, built by gcc's preprocessor and GNU binutils."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent
LAYOUT = """
SECTIONS {
    . = START;
    image_start = .;
    .text : { *(.text) }
    .data : { *(.data) }
    image_end = .;
    .bss : { *(.bss) }
    bss_end = .;
    /DISCARD/ : { *(.note*) }
}
"""

needs_tools = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("gcc", "ld", "objcopy")),
    reason="gcc and GNU binutils build the kernels",
)


def build(folder: Path, source: str, *, start: int = 1 << 20, flags: int = 3, wide: bool = False) -> Path:
    """An ELF from `source`.S, linked at `start`; `wide` for x86-64."""
    script, code, out = folder / "layout.ld", folder / f"{source}.o", folder / f"{source}.elf"
    script.write_text(LAYOUT.replace("START", hex(start)))
    compile_it = ["gcc", "-m64" if wide else "-m32", f"-DFLAGS={flags:#x}", "-c", "-o", code]
    subprocess.run([*compile_it, SOURCES / f"{source}.S"], check=True)
    link = [
        "ld",
        "-m",
        "elf_x86_64" if wide else "elf_i386",
        "-n",
        "--no-warn-rwx-segments",
        "-e",
        "start",
        "-T",
        script,
    ]
    subprocess.run([*link, "-o", out, code], check=True)
    return out


def flatten(elf: Path) -> Path:
    """The bytes of an ELF without its header."""
    out = elf.with_suffix(".bin")
    subprocess.run(["objcopy", "-O", "binary", elf, out], check=True)
    return out
