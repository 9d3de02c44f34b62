"""Scenarios: what a [test] table says, on which guest it builds, and what is refused, where."""

from __future__ import annotations

from pathlib import Path

import pytest

from emu.machine.loader import load
from emu.smoke.departures import contract
from tests.unit.smoke.scenarios import cases, refusal, written

UNPLUG_ALL = '[machine]\nguest = "unplug-all"\n'


def test_a_scenario_builds_on_a_guest_and_overrides_it(tmp_path: Path) -> None:
    (case,) = cases(tmp_path, '[machine]\nguest = "unplug-all"\nmemory = 32\n[test]\n')
    guest = load("unplug-all")
    assert (case.name, case.config.name, case.config.memory_mib) == ("probe", "probe", 32)
    assert case.config.drives == guest.drives
    assert case.config.run == guest.run


def test_a_scenario_builds_on_another_machine_file(tmp_path: Path) -> None:
    (tmp_path / "below.toml").write_text('[machine]\nmemory = 17\n[test]\nconsole = ["x"]\n')
    (case,) = cases(tmp_path, '[machine]\nguest = "below.toml"\n[test]\n')
    assert case.config.memory_mib == 17
    assert case.expected.console == ()


def test_parts_of_the_guest_below_can_be_left_out(tmp_path: Path) -> None:
    (case,) = cases(tmp_path, UNPLUG_ALL + 'without = ["disk 1", "nics"]\n[test]\n')
    assert [drive.position for drive in case.config.drives] == [0, 2]
    assert case.config.nics == ()


def test_a_test_never_writes_images(tmp_path: Path) -> None:
    (tmp_path / "disk.img").write_bytes(bytes(512))
    (case,) = cases(tmp_path, '[[disk]]\nimage = "disk.img"\nwrite = true\n[test]\n')
    assert not case.config.drives[0].write


def test_text_is_found_in_a_line_and_a_regular_expression_between_slashes(tmp_path: Path) -> None:
    (case,) = cases(tmp_path, UNPLUG_ALL + '[test]\nconsole = ["a+b", "/a+b$/"]\n')
    text, pattern = case.expected.console
    assert (text.found_in("(a+b)"), text.found_in("aab")) == (True, False)
    assert (pattern.found_in("xaab"), pattern.found_in("aab ")) == (True, False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            UNPLUG_ALL + '[test]\nconsloe = ["x"]\n',
            "4: unknown key 'consloe' in [test]: did you mean 'console'?",
        ),
        (
            UNPLUG_ALL + '[test]\nconsole = "x"\n',
            '4: console must be a list such as ["first line", "/second .*/"], not \'x\'',
        ),
        (
            UNPLUG_ALL + '[test]\n\nnever = ["//"]\n',
            "5: never holds //, which matches an empty line and so says nothing: make it stricter",
        ),
        (
            UNPLUG_ALL + '[test]\nconsole = [""]\n',
            "4: console holds an empty text, which every line contains: leave it out",
        ),
        (
            UNPLUG_ALL + '[test]\nconsole = ["/(/"]\n',
            "4: console holds no regular expression in /(/: missing ), unterminated subpattern at position 0;"
            " mend it",
        ),
        (
            UNPLUG_ALL + '[test]\nunplugged = ["disk 3"]\n',
            "4: unplugged: this machine has no disk 3 (it has disk 0, disk 1, nic 0): name another",
        ),
        (
            UNPLUG_ALL + '[test]\nunplugged = ["disks"]\nremaining = ["disk 1"]\n',
            "5: disk 1 cannot both be unplugged and remain: leave it out of one",
        ),
        (
            UNPLUG_ALL + '[test]\nconsole = ["x"]\nnever = ["x"]\n',
            "5: `x` is expected in console, too: leave it out of one",
        ),
        (
            UNPLUG_ALL + '[test]\nprotocol = ["magic-frist"]\n',
            "4: protocol knows no rule 'magic-frist': did you mean 'magic-first'?",
        ),
        (
            UNPLUG_ALL + '[test]\nuntouched = ["0x1f0-0x1"]\n',
            "4: untouched cannot hold '0x1f0-0x1': give ports such as 0x1f0-0x1f7, "
            "or a PCI function such as 04.0",
        ),
        (
            '[machine]\nguest = "unplug-al"\n',
            "2: there is no guest 'unplug-al': did you mean 'unplug-all' or "
            "'unplug-aux' or 'unplug-all-real'?",
        ),
        (
            UNPLUG_ALL + 'without = ["disk 3"]\n',
            "3: there is no disk 3 to leave out: name a part of the guest below",
        ),
        (
            '[machine]\nguest = "probe.emu.toml"\n',
            "2: probe.emu.toml builds on this file itself: name another guest",
        ),
        (UNPLUG_ALL + "[test]\nskip = true\n", "4: skip must be text in quotes, not True"),
        ("[[test]]\n", "1: test must be a table: write [test] above its keys"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    assert refusal(tmp_path, text) == problem


def test_what_left_is_called_by_its_kind_where_all_of_it_did() -> None:
    config = load("unplug-all")
    assert contract({"disk 0", "disk 1", "nic 0"}, config) == {"disks", "nics"}
    assert contract({"disk 1"}, config) == {"disk 1"}
    assert contract(set(), config) == set()


def test_a_machine_file_with_tests_still_runs(tmp_path: Path) -> None:
    path = written(tmp_path, '[machine]\nguest = "hello"\n[test]\nconsole = ["Hello"]\n')
    assert load(str(path)).drives == load("hello").drives
