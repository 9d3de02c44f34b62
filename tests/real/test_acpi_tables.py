"""ACPICA, the interpreter of Linux and others, reads our ACPI tables and executes what they hold."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from struct import unpack_from

import pytest

from emu.machine.acpi.tables import FACS, TABLES_FILE, build
from emu.machine.board import POWER_MANAGEMENT_BASE
from tests.real.packages import package

LINKS = ["LNKA", "LNKB", "LNKC", "LNKD"]


@pytest.fixture(scope="module")
def tools() -> Path:
    return package("acpica-tools") / "usr/bin"


@pytest.fixture(scope="module", params=[2, 256, 3072], ids="{} MiB".format)
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file for each table behind the FACS; pointers are not set, nor are checksums."""
    folder = tmp_path_factory.mktemp("tables")
    file = build(low_ram=request.param << 20, power_base=POWER_MANAGEMENT_BASE).files[TABLES_FILE]
    at = len(FACS)
    while at < len(file):
        size = unpack_from("<I", file, at + 4)[0]
        table = bytearray(file[at : at + size])
        table[9] = -sum(table) & 0xFF
        (folder / f"{table[:4].decode()}.aml").write_bytes(table)
        at += size
    return folder


def run(tool: Path, *arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [tool, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def evaluate(tools: Path, tables: Path, *commands: str) -> str:
    """What the interpreter says, with a configuration space of zeros."""
    batch = ";".join(f"evaluate {command}" for command in commands)
    said = run(tools / "acpiexec", "-b", batch, "DSDT.aml", folder=tables)
    assert "Error" not in said
    assert "Exception" not in said
    return said


def test_the_dsdt_disassembles_and_compiles_again_without_a_remark(tools: Path, tables: Path) -> None:
    said = run(tools / "iasl", "-d", "DSDT.aml", folder=tables)
    assert "Disassembly completed" in said
    assert not re.search("error|warning", said, re.IGNORECASE)
    said = run(tools / "iasl", "-p", "again", "DSDT.dsl", folder=tables)
    assert "Compilation successful. 0 Errors, 0 Warnings, 0 Remarks" in said


@pytest.mark.parametrize("table", ["FACP", "RSDT"])
def test_the_other_tables_are_decoded_in_full(tools: Path, tables: Path, table: str) -> None:
    said = run(tools / "iasl", "-d", f"{table}.aml", folder=tables)
    assert f"Acpi Data Table [{table}] decoded" in said
    assert not re.search("error|warning|invalid|unknown", said, re.IGNORECASE)


@pytest.mark.parametrize("link", LINKS)
def test_a_link_is_set_told_and_switched_off(tools: Path, tables: Path, link: str) -> None:
    to_11 = "(23 00 08 18 79 00)"
    said = evaluate(
        tools,
        tables,
        *(f"\\_SB.{link}.{name}" for name in ("_DIS", "_STA", "_CRS")),
        *(f"\\_SB.{link}.{name}" for name in (f"_SRS {to_11}", "_STA", "_CRS")),
    )
    states = [int(each, 16) for each in re.findall(r"\[Integer\] = ([0-9A-F]+)", said)]
    assert states == [0x09, 0x0B]
    resources = re.findall(r"0000: ([0-9A-F ]+?) +//", said)
    assert resources == ["23 00 00 18 79 00", "23 00 08 18 79 00"]


def test_links_do_not_disturb_each_other(tools: Path, tables: Path) -> None:
    masks = {"LNKA": 1 << 10, "LNKB": 1 << 11, "LNKC": 1 << 5, "LNKD": 1 << 10}
    settings = [
        f"\\_SB.{link}._SRS (23 {mask & 255:02X} {mask >> 8:02X} 18 79 00)" for link, mask in masks.items()
    ]
    said = evaluate(tools, tables, *settings, *(f"\\_SB.{link}._CRS" for link in masks))
    told = [bytes.fromhex(each) for each in re.findall(r"0000: ([0-9A-F ]+?) +//", said)]
    assert [int.from_bytes(each[1:3], "little") for each in told] == list(masks.values())


def test_soft_off_is_sleep_type_0(tools: Path, tables: Path) -> None:
    said = evaluate(tools, tables, "\\_S5")
    assert re.findall(r"\[Integer\] = ([0-9A-F]+)", said) == ["0" * 16] * 4
