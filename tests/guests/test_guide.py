"""What the guide shows is what happens: its files are written, its commands run, their output compared."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click import Context

from emu.cli.main import emu
from emu.machine.loader import LISTS, TABLES
from emu.smoke.tables import KEYS
from tests.guests.console_blocks import Command, do, steps

DOCS = Path(__file__).parents[2] / "docs"
CHAPTERS = sorted((DOCS / "guide").glob("*.md"))
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
    documented = {
        title: set(
            re.findall(r"`(\w+)`", " ".join(line.split("|")[1] for line in rows if line.startswith("| `")))
        )
        for title, *rows in (section.splitlines() for section in chapter.split("\n## ")[1:])
    }
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
