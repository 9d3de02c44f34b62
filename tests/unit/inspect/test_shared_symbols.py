"""Programs that several machines of one process share."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.core.errors import ConfigError
from emu.inspect.shared_symbols import SharedSymbols
from tests.unit.inspect.elf_programs import program

RENAMED = (
    "int counter;\nint prob2(int n);\nvoid _start(void)\n{\n\tfor (;;)\n\t\tprob2(3);\n}\n"
    "__attribute__((noinline)) int prob2(int n)\n{\n\treturn counter += n;\n}\n"
)


@pytest.fixture
def copies(tmp_path: Path) -> list[Path]:
    image = program().read_bytes()
    paths = [tmp_path / f"{number}.elf" for number in range(4)]
    for path in paths:
        path.write_bytes(image)
    return paths


def test_what_is_loaded_again_is_the_same_object_under_each_path(copies: list[Path]) -> None:
    shared = SharedSymbols()
    first, second = map(shared.load, copies[:2])
    assert (first.path, second.path) == (copies[0], copies[1])
    assert shared.load(copies[0]) is first
    assert shared.load(copies[1]) is second


def test_what_was_built_anew_is_loaded_anew_whatever_its_size_and_times(copies: list[Path]) -> None:
    shared = SharedSymbols()
    before = shared.load(copies[0])
    copies[0].write_bytes(program(source=RENAMED).read_bytes().ljust(len(before.image), b"\0"))
    assert len(shared.load(copies[0]).image) == len(before.image)
    assert before.address("probe") is not None
    assert shared.load(copies[0]).address("probe") is None
    assert shared.load(copies[0]).address("prob2") is not None


def test_what_was_used_longest_ago_is_let_go(copies: list[Path]) -> None:
    size = copies[0].stat().st_size
    for shared in (SharedSymbols(most_files=3), SharedSymbols(most_bytes=3 * size)):
        loaded = [shared.load(path) for path in copies[:3]]
        assert shared.load(copies[0]) is loaded[0]
        shared.load(copies[3])
        assert shared.load(copies[0]) is loaded[0]
        assert shared.load(copies[2]) is loaded[2]
        assert shared.load(copies[1]) is not loaded[1]


def test_a_file_that_is_too_large_to_keep_drives_nothing_out(copies: list[Path]) -> None:
    shared = SharedSymbols(most_bytes=copies[0].stat().st_size)
    kept = shared.load(copies[0])
    copies[1].write_bytes(kept.image + bytes(1))
    assert shared.load(copies[1]) is not shared.load(copies[1])
    assert shared.load(copies[0]) is kept


def test_a_file_that_went_away_is_refused_though_it_was_known(copies: list[Path]) -> None:
    shared = SharedSymbols()
    shared.load(copies[0])
    copies[0].unlink()
    with pytest.raises(ConfigError, match="there is no file"):
        shared.load(copies[0])
