"""Stock gdb in Debian's kernel, which has no symbols: stopped in its disk driver, and back from there."""

from __future__ import annotations

import re
from random import Random

import pytest

from tests.real.linux import kernel
from tests.real.test_gdb import gdb, values, waiting

SCRIPT = """
until [ -b /dev/sda ]; do sleep 0.1; done
poweroff -f
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("gdb")
    (folder / "first.img").write_bytes(Random(1).randbytes(1 << 20))
    booted = kernel(folder, SCRIPT, ("sd_mod", "ata_piix"), "quiet")
    assert booted.initrd is not None
    options = (
        *("--memory", "256", "--kernel", str(booted.image), "--initrd", str(booted.initrd)),
        *("--append", booted.append, "--disk", str(folder / "first.img"), "--serial", "null"),
    )
    with waiting(*options) as (_, port):
        return gdb(
            port,
            None,
            *("set architecture i386:x86-64", "monitor break port 0x1f7 write value 0xec", "continue"),
            *("print/x $pc", "print $code_bits", "x/i $pc", "print/x $dx", "reverse-stepi", "reverse-stepi"),
            *(
                "stepi",
                "stepi",
                "print/x $pc",
                "monitor last write port 0x1f2",
                *LOOK,
                "print/x $dx",
                "x/i $pc",
            ),
            *(
                "stepi",
                "x/i $pc",
                "monitor delete all",
                "continue",
                "reverse-stepi",
                "print $code_bits",
                "kill",
            ),
        )


LOOK = ("maintenance flush register-cache",)


def test_a_write_to_the_command_register_stops_in_the_disk_driver(printed: str) -> None:
    assert "break 1: write 1 port 0x1f7 = 0xec" in printed, printed
    stopped, bits, port, again, *_ = values(printed)
    assert int(stopped, 16) >> 40 == 0xFFFFFF, "in the kernel's half"
    assert (bits, port, again) == ("64", "0x1f7", stopped), printed


def test_the_write_to_another_register_is_gone_back_to(printed: str) -> None:
    assert "write 1 port 0x1f2 = " in printed
    assert values(printed)[4] == "0x1f2", printed
    shown = re.findall(r"^=> 0x[0-9a-f]+:\s+(\S.*)$", printed, re.MULTILINE)
    assert [" ".join(each.split()) for each in shown[:2]] == ["out %al,(%dx)"] * 2
    assert "out" not in shown[2]


def test_the_kernel_is_run_to_its_end_and_left_backwards(printed: str) -> None:
    assert "the run ends here: the guest switched the machine off" in printed
    assert values(printed)[5] == "64"
