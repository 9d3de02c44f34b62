"""Matrices: names, combinations, exclusion, expectations that differ, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.smoke.scenarios import cases, refusal

GUEST = '[machine]\nguest = "unplug-all"\n'
TWO_AXES = GUEST + '[matrix]\nprofile = ["seed", "qemu", "none"]\nmemory = [16, 32]\n'


def test_every_combination_is_a_case_with_a_readable_name(tmp_path: Path) -> None:
    assert [case.name for case in cases(tmp_path, TWO_AXES)] == [
        "probe[profile=seed,memory=16]",
        "probe[profile=seed,memory=32]",
        "probe[profile=qemu,memory=16]",
        "probe[profile=qemu,memory=32]",
        "probe[profile=none,memory=16]",
        "probe[profile=none,memory=32]",
    ]


def test_an_axis_sets_a_key_of_the_machine(tmp_path: Path) -> None:
    found = [(case.config.profile, case.config.memory_mib) for case in cases(tmp_path, TWO_AXES)]
    assert found[3] == ("qemu", 32)


def test_an_axis_may_name_settings_of_its_own(tmp_path: Path) -> None:
    text = GUEST + "[matrix.host.new]\n[matrix.host.old]\nmachine.protocol_version = 0\nrun.limit = 3.0\n"
    new, old = cases(tmp_path, text)
    assert (new.name, old.name) == ("probe[host=new]", "probe[host=old]")
    assert (new.config.protocol_version, old.config.protocol_version) == (1, 0)
    assert old.config.run.limit_s == 3.0


def test_an_axis_leaves_parts_out(tmp_path: Path) -> None:
    text = GUEST + '[matrix]\nwithout = ["none", "nics", ["disk 1", "nic 0"]]\n'
    found = [(case.name, len(case.config.drives), len(case.config.nics)) for case in cases(tmp_path, text)]
    assert found == [
        ("probe[without=none]", 3, 1),
        ("probe[without=nics]", 3, 0),
        ("probe[without=disk-1+nic-0]", 2, 0),
    ]


def test_excluded_combinations_are_no_cases(tmp_path: Path) -> None:
    text = (
        TWO_AXES
        + 'exclude = [{ profile = "none", memory = 16 }, { profile = ["qemu", "seed"], memory = 32 }]\n'
    )
    assert [case.name for case in cases(tmp_path, text)] == [
        "probe[profile=seed,memory=16]",
        "probe[profile=qemu,memory=16]",
        "probe[profile=none,memory=32]",
    ]


def test_expectations_differ_by_combination(tmp_path: Path) -> None:
    text = TWO_AXES + (
        '[test]\nunplugged = ["disks", "nics"]\nconsole = ["Gone"]\n'
        '[[when]]\ncase = { profile = "none" }\nunplugged = []\n'
        '[[when]]\ncase = { profile = ["none", "qemu"], memory = 32 }\nconsole = []\n'
    )
    found = [(case.expected.unplugged, len(case.expected.console)) for case in cases(tmp_path, text)]
    everything = ("disks", "nics")
    assert found == [(everything, 1), (everything, 1), (everything, 1), (everything, 0), ((), 1), ((), 0)]


def test_a_golden_file_may_be_named_after_the_case(tmp_path: Path) -> None:
    found = cases(tmp_path, TWO_AXES + '[test]\ngolden = "probe-{profile}.txt"\n')
    assert [case.golden for case in found[1:3]] == [tmp_path / "probe-seed.txt", tmp_path / "probe-qemu.txt"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[matrix]\nprofil = ['seed']\n",
            "4: unknown axis 'profil': did you mean 'profile'? An axis of settings of your own is written "
            "[matrix.profil.WORD]",
        ),
        (
            "[matrix]\nprofile = 'seed'\n",
            "4: the axis profile must be a list of values, or a table of named settings",
        ),
        ("[matrix]\nprofile = []\n", "4: the axis profile has no value: give some, or leave it out"),
        ("[matrix]\nprofile = ['seed', 'seed']\n", "4: the axis profile has seed twice: leave one out"),
        ("[matrix]\nprofile = ['sead']\n", "4: profile cannot be 'sead': did you mean 'seed'?"),
        (
            f"[matrix]\nmemory = {list(range(16, 58))}\nepoch = {list(range(25))}\n",
            "3: these axes make 1050 cases: at most 1000 are allowed, take some values out",
        ),
        (
            "[matrix]\nmemory = [16]\nexclude = [{}]\n",
            '5: a selector must be a table such as { profile = "none" }',
        ),
        (
            "[matrix]\nmemory = [16]\nexclude = [{memory = 16}]\n",
            "5: every case of the matrix is excluded: leave some",
        ),
        (
            "[matrix]\nmemory = [16]\n[[when]]\ncase = { memroy = 16 }\nconsole = ['x']\n",
            "6: there is no axis 'memroy': did you mean 'memory'?",
        ),
        (
            "[matrix]\nmemory = [16]\n[[when]]\ncase = { memory = 32 }\nconsole = ['x']\n",
            "6: memory is never 32 in [matrix]: give one of 16",
        ),
        (
            "[[when]]\nconsole = ['x']\n",
            '3: a [[when]] needs to say of which cases: add case = { profile = "none" }',
        ),
        ("[matrix.host.old]\nmashine.memory = 3\n", "4: unknown table 'mashine': did you mean 'machine'?"),
        (
            "[matrix.host.old]\nmachine.memory = 1\n",
            "4: memory is out of range at 1 MiB: give 2 to 16384 MiB",
        ),
    ],
)
def test_a_wrong_matrix_is_refused_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    assert refusal(tmp_path, GUEST + text) == problem
