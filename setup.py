"""What pyproject.toml cannot say: a wheel holds built firmware and guests, and native code if it compiles."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))

from emu.cpu import native_code  # noqa: E402

BUNDLED = ROOT / "emu" / "bundled"


def missing() -> list[str]:
    """The firmware and guests that were not built."""
    wanted = {f"guests/{path.parent.name}/{path.parent.name}.toml" for path in ROOT.glob("guests/*/guest.mk")}
    return sorted(name for name in {"firmware/bios.bin", *wanted} if not (BUNDLED / name).exists())


class Build(build_py):
    """Copies the package with what `make build` made."""

    def run(self) -> None:
        """Build; an editable install needs nothing but the sources."""
        if self.editable_mode:
            super().run()
            return
        if lacking := missing():
            sys.exit(f"emu/bundled lacks {lacking[0]} ({len(lacking)} in all): run `make build` first")
        shutil.rmtree(self.build_lib, ignore_errors=True)  # what a former build left there is not ours
        super().run()
        native_code.compile_native(Path(self.build_lib, "emu", "cpu", native_code.library_name()).absolute())


class WithNative(Distribution):
    """A wheel of one platform where a compiler makes native code, else one of every platform."""

    def has_ext_modules(self) -> bool:
        """Whether the wheel is of one platform."""
        return native_code.find_compiler() is not None


setup(cmdclass={"build_py": Build}, distclass=WithNative)
