"""What the guide shows is what happens: its files are written, its commands run, their output compared."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click import Context

from emu.cli.main import emu
from emu.machine.loader import LISTS, TABLES
from emu.smoke.tables import KEYS
from tests.guests.console_blocks import Command, File, do, steps

DOCS = Path(__file__).parents[2] / "docs"
CHAPTERS = [*sorted((DOCS / "guide").glob("*.md")), DOCS / "ci.md"]
NEEDED = {"write-a-guest": ("as", "ld"), "test-your-driver": ("as", "ld")}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_commands_print_what_the_chapter_shows(chapter: Path, tmp_path: Path) -> None:
    missing = [tool for tool in NEEDED.get(chapter.stem, ()) if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    for step in steps(chapter.read_text()):
        printed = do(step, tmp_path)
        if isinstance(step, Command) and not step.matches(printed):
            pytest.fail(f"{chapter.name}:{step.line}: $ {step.text}\n{printed}--- shown ---\n{step.expected}")


def test_the_machine_file_chapter_has_every_table_and_key() -> None:
    chapter = (DOCS / "guide/machine-file.md").read_text()
    sections = [section.splitlines() for section in chapter.split("\n## ")[1:]]
    documented = {
        title: set(
            re.findall(r"`(\w+)`", " ".join(line.split("|")[1] for line in rows if line.startswith("| `")))
        )
        for title, *rows in sections
    }
    assert len(documented) == len(sections), "a table has one section"
    known = {f"`[{name}]`": set(keys) for name, keys in TABLES.items()}
    known |= {f"`[[{name}]]`": set(keys) for name, keys in LISTS.items()}
    known |= {"`[test]`": set(KEYS), "`[store]`": set(), "`[matrix]`": set(), "`[[when]]`": set()}
    assert documented == known


def test_the_commands_chapter_shows_every_command() -> None:
    chapter = (DOCS / "guide/commands.md").read_text()
    sections = set(re.findall(r"^## `emu (\w+)`$", chapter, re.MULTILINE))
    assert sections == set(emu.list_commands(Context(emu)))
    assert all(f"\n$ emu {name}" in chapter for name in sections)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_links_lead_to_files(chapter: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", chapter.read_text()):
        assert (chapter.parent / target).is_file(), target


def test_the_workflows_of_the_ci_chapter_are_yaml_and_their_commands_run(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    chapter = DOCS / "ci.md"
    for step in steps(chapter.read_text()):
        if isinstance(step, File):
            do(step, tmp_path)
    github = yaml.safe_load((tmp_path / ".github/workflows/guests.yml").read_text())
    gitlab = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())["guests"]
    jobs = github["jobs"]["guests"]["steps"]
    commands = [job["run"] for job in jobs if "run" in job] + gitlab["before_script"] + gitlab["script"]
    ours = {command for command in commands if not command.startswith("pip install ")}
    assert len(ours) == 1, "every workflow runs the same"
    printed = do(Command(ours.pop(), "", 0), tmp_path)
    assert "\n4 passed in " in printed, printed
    uploaded = jobs[-1]["with"]["path"].split()
    assert uploaded == gitlab["artifacts"]["paths"]
    assert (tmp_path / gitlab["artifacts"]["reports"]["junit"]).is_file()


def test_the_container_runs_what_its_last_lines_say(tmp_path: Path) -> None:
    files = [step for step in steps((DOCS / "ci.md").read_text()) if isinstance(step, File)]
    for step in files:
        do(step, tmp_path)
    recipe = dict(line.partition(" ")[::2] for line in (tmp_path / "Containerfile").read_text().splitlines())
    command = [*json.loads(recipe["ENTRYPOINT"]), *json.loads(recipe["CMD"])]
    assert "\n4 passed in " in do(Command(" ".join(command), "", 0), tmp_path)
