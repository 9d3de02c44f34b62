"""Coverage of whole guests: the run is the same run, and every program of it has its share."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.inspect.coverage import Coverage
from emu.inspect.programs import load_symbols
from tests.guests.machines import Guest
from tests.laws.test_coverage import by_byte
from tests.unit.inspect.drcov_log import read_log
from tests.unit.inspect.test_coverage import records


@pytest.mark.parametrize("name", ["unplug-all", "smc", "exceptions"])
def test_counting_changes_nothing_and_is_the_same_natively_and_in_python(name: str) -> None:
    plain, native, python = Guest(name), Guest(name), Guest(name, native=False)
    natively, in_python = Coverage(native.machine), Coverage(python.machine)
    assert plain.run() == native.run() == python.run()
    assert by_byte(natively.ranges()) == by_byte(in_python.ranges())
    assert sum(each.size * each.times for each in natively.ranges()) == native.machine.processor.retired
    assert natively.is_complete
    assert in_python.is_complete


def test_what_is_booted_later_at_the_same_addresses_has_its_lines_too(tmp_path: Path) -> None:
    guest = Guest("unplug-all")
    coverage = Coverage(guest.machine)
    guest.run()
    symbols, _ = load_symbols(guest.config)
    coverage.write_lcov(tmp_path / "a.info", symbols, "unplug-all")
    found = records(tmp_path / "a.info")
    assert {"FNDA:1,main", "FNDA:1,unplug_in_turn"} <= set(found["unplug-all.c"])
    assert "FNDA:1,main" in found["second.c"]
    assert not [line for line in found["second.c"] if line.startswith("DA:") and line.endswith(",0")]
    coverage.write_drcov(tmp_path / "a.drcov", symbols)
    modules, blocks = read_log(tmp_path / "a.drcov")
    assert [Path(module.path).name for module in modules] == [
        "unplug-all.elf",
        "unplug-all-second.real.elf",
        "memory",
    ]
    assert {block.module for block in blocks} == {0, 1, 2}
