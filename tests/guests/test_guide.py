"""What the guide shows is what happens: its files are written, its commands run, their output compared."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click import Context

from benchmarks.__main__ import GROUPS
from emu.cli.main import emu
from emu.machine.loader import LISTS, TABLES
from emu.smoke.tables import KEYS
from tests.guests.console_blocks import Command, File, do, left_alone, steps

SOURCES = Path(__file__).parents[2]
DOCS = SOURCES / "docs"
README = SOURCES / "README.md"
CHAPTERS = [*sorted((DOCS / "guide").glob("*.md")), DOCS / "ci.md", README]
LINKING = [*sorted(DOCS.rglob("*.md")), README]
ASSEMBLED = ("write-a-guest", "run-your-own")
LEFT_ALONE = [(chapter, *found) for chapter in CHAPTERS for found in left_alone(chapter.read_text())]


def name(path: Path) -> str:
    """What a test's name calls a chapter."""
    return path.relative_to(SOURCES).with_suffix("").as_posix().removeprefix("docs/")


def headings(chapter: Path) -> set[str]:
    """The names by which links reach the headings of a chapter, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", chapter.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=name)
def test_commands_print_what_the_chapter_shows(chapter: Path, tmp_path: Path) -> None:
    missing = [tool for tool in ("as", "ld") if shutil.which(tool) is None]
    if missing and chapter.stem in ASSEMBLED:
        pytest.skip(f"not installed: {', '.join(missing)}")
    for step in steps(chapter.read_text()):
        printed = do(step, tmp_path)
        if isinstance(step, Command) and not step.matches(printed):
            pytest.fail(f"{chapter.name}:{step.line}: $ {step.text}\n{printed}--- shown ---\n{step.expected}")


@pytest.mark.parametrize(
    ("chapter", "line", "why"), LEFT_ALONE, ids=[f"{name(chapter)}:{line}" for chapter, line, _ in LEFT_ALONE]
)
def test_commands_that_are_left_alone(chapter: Path, line: int, why: str) -> None:
    pytest.skip(f"{chapter.name}:{line} is not run: {why}")


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


@pytest.mark.parametrize("chapter", LINKING, ids=name)
def test_links_lead_to_files_and_their_headings(chapter: Path) -> None:
    for target, heading in re.findall(r"\]\(([^)#:\s]*)#?([^):\s]*)\)", chapter.read_text()):
        linked = chapter.parent / target if target else chapter
        assert linked.exists(), target
        assert not heading or heading in headings(linked), f"{target}#{heading}"


@pytest.mark.parametrize("chapter", LINKING, ids=name)
def test_paths_of_sources_are_those_of_files(chapter: Path) -> None:
    for path in re.findall(
        r"`((?:emu|tests|guests|docs|benchmarks|firmware)/[\w./*-]+)`", chapter.read_text()
    ):
        assert any(SOURCES.glob(path.rstrip("/").replace("NAME", "*"))), path


def test_the_benchmarks_chapter_has_every_group() -> None:
    groups = re.findall(r"^\| `([\w-]+)` \|", (DOCS / "benchmarks.md").read_text(), re.MULTILINE)
    assert groups == list(GROUPS)


def test_the_guide_leads_to_every_chapter() -> None:
    guide = (DOCS / "guide/README.md").read_text()
    for path in [*(DOCS / "guide").glob("*.md"), *DOCS.glob("*.md")]:
        if path.name not in ("README.md", "architecture.md", "benchmarks.md"):
            link = path.name if path.parent.name == "guide" else f"../{path.name}"
            assert f"({link})" in guide, link


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
