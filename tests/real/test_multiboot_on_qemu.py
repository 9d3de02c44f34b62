"""QEMU's own Multiboot loader hands a kernel the same things as ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.real.test_guests_on_qemu import needs_qemu, run_qemu
from tests.unit.kernels.build import build, flatten, needs_tools
from tests.unit.machine.test_elf import boot

OF_THE_LOADER = ("name ", "memory ", "range ")
"""Lines that name the loader, and those that tell of firmware in RAM, which QEMU has and we have not."""


@needs_tools
@needs_qemu
@pytest.mark.parametrize("flags", [3, 0x1_0003])
def test_the_same_kernel_says_the_same_on_qemu(tmp_path: Path, flags: int) -> None:
    initrd = tmp_path / "module.txt"
    initrd.write_bytes(b"a module\0")
    image = build(tmp_path, "multiboot", flags=flags)
    if flags != 3:
        image = flatten(image)
    said, status = run_qemu("-kernel", str(image), "-initrd", str(initrd), "-append", "one two=3")
    assert status == 0
    theirs = re.sub(rf"{re.escape(str(tmp_path))}/", "", said).replace(f"line {image.name} ", "line ")
    ours = boot(tmp_path, image, initrd, "one two=3").lines

    def shared(lines: list[str]) -> list[str]:
        return [line for line in lines if not line.startswith(OF_THE_LOADER)]

    assert shared(ours) == shared(theirs.splitlines())
    assert len(shared(ours)) > 5
