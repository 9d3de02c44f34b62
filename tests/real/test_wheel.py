"""The wheel, installed where there is no compiler: every bundled guest runs from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "setup.py", "README.md")
UNREACHABLE = ("No matching distribution found", "Could not find a version", "Failed to establish")
EXPECTED_STATUS = {"SUCCESS": 0, "SKIP": 3, "ERROR": 4, "FAILURE": 5, "CRASH": 6}

pytestmark = pytest.mark.skipif(
    not (ROOT / "emu/bundled/firmware/bios.bin").exists(), reason="nothing is built: run `make build`"
)


def copy_sources(folder: Path, *, bundled: bool = True) -> Path:
    """The tree that wheels are made from, without what building leaves in it."""
    for name in SOURCES:
        shutil.copy(ROOT / name, folder / name)
    left_out = ["__pycache__", "*.so"] + ([] if bundled else ["bundled"])
    shutil.copytree(ROOT / "emu", folder / "emu", ignore=shutil.ignore_patterns(*left_out))
    for recipe in ROOT.glob("guests/*/guest.mk"):
        copied = folder / recipe.relative_to(ROOT)
        copied.parent.mkdir(parents=True)
        shutil.copy(recipe, copied)
    return folder


def build_wheel(tree: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--wheel-dir",
        str(tree / "dist"),
        str(tree),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=os.environ | environment
    )
    if done.returncode and any(words in done.stdout + done.stderr for words in UNREACHABLE):
        pytest.skip("the package index cannot be reached, and setuptools is not here")
    return done


@dataclass(frozen=True)
class Installed:
    """An environment that holds emu from a wheel; nothing but its own commands can be found."""

    folder: Path
    wheel: str

    def run(self, *command: str, status: int | None = 0) -> str:
        done = subprocess.run(
            [str(self.folder / "bin" / command[0]), *command[1:]],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.folder,
            env={"PATH": str(self.folder / "bin"), "HOME": str(self.folder), "TMPDIR": str(self.folder)},
        )
        assert status is None or done.returncode == status, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=["with a compiler", "without a compiler"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A fresh environment with emu's wheel; what emu depends on comes from the tests' own environment."""
    tree = copy_sources(tmp_path_factory.mktemp("tree"))
    nothing = {} if request.param == "with a compiler" else {"PATH": str(tree), "CC": "none"}
    if not nothing and shutil.which("cc") is None and shutil.which("gcc") is None:
        pytest.skip("there is no compiler")
    done = build_wheel(tree, **nothing)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (tree / "dist").glob("emu-*.whl")
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    installing = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*installing, str(wheel)], check=True, timeout=120)
    return Installed(folder, wheel.name)


def test_the_installed_package_is_used_and_no_compiler_is_there(installed: Installed) -> None:
    look = "import emu, shutil; print(emu.__file__, shutil.which('gcc') or shutil.which('cc'))"
    where, compiler = installed.run("python", "-c", look).split()
    assert where.startswith(str(installed.folder))
    assert compiler == "None"


def test_native_code_is_there_exactly_if_the_wheel_was_made_with_a_compiler(installed: Installed) -> None:
    look = "from emu.cpu.native_code import native_library; print(native_library() is not None)"
    assert installed.run("python", "-c", look) == f"{'none-any' not in installed.wheel}\n"


def test_hello_runs(installed: Installed) -> None:
    out = installed.run("emu", "run", "hello", "--screen")
    assert "Hello from the guest" in out
    assert "booting" in out


def test_all_bundled_guests_are_listed_and_end_as_expected(installed: Installed) -> None:
    listed = installed.run("emu", "guests")
    code = "from emu.machine.bundled import guest_names as n; from emu.machine.loader import load\n"
    code += "for name in n(): print(name, load(name).expected)"
    guests = [line.split() for line in installed.run("python", "-c", code).splitlines()]
    sources = {path.parent.name for path in ROOT.glob("guests/*/guest.mk")}
    assert {name for name, _ in guests} >= sources
    for name, expected in guests:
        assert name in listed
        installed.run("emu", "run", name, "--json", "--serial", "null", status=EXPECTED_STATUS[expected])


def test_bundled_guests_are_tested_by_name_with_two_workers(installed: Installed) -> None:
    printed = installed.run("emu", "test", "polite-driver", "-j", "2", "-k", "drives=only-cd")
    assert printed.count("passed  polite-driver[drives=only-cd,host=") == 8, printed


def test_a_wheel_of_nothing_built_is_refused_with_the_remedy(tmp_path: Path) -> None:
    done = build_wheel(copy_sources(tmp_path, bundled=False))
    assert done.returncode != 0
    assert "run `make build` first" in done.stdout + done.stderr
