"""Native code from C: built into the wheel if that was made with a compiler, else on first use, else absent.

The wheel is made by importing this module alone, so it imports nothing but the standard library. What was
built carries a digest of its source in its name: that an installer sets no times then does no harm.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sysconfig
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

SOURCES = tuple(sorted(Path(__file__).with_name("native").glob("*.[ch]")))


@cache
def native_library() -> Any | None:
    """The native callbacks, built with the C compiler on first use; None where that is not to be had."""
    if os.environ.get("EMU_NATIVE", "1") == "0":
        return None
    for folder in (Path(__file__).parent, Path(tempfile.gettempdir()) / f"emu-native-{os.getuid()}"):
        built = folder / library_name()
        if (built.exists() and _owned(built)) or compile_native(built):
            return ctypes.CDLL(str(built))
    return None


def library_name() -> str:
    """The file that the sources, as they are now, are built into."""
    digest = sha256(b"".join(source.read_bytes() for source in SOURCES)).hexdigest()[:12]
    return f"native-{digest}{sysconfig.get_config_var('EXT_SUFFIX') or '.so'}"


def find_compiler() -> str | None:
    """The C compiler, if there is one."""
    return shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")


def compile_native(target: Path) -> bool:
    """Build the sources into `target`; whether it worked."""
    compiler = find_compiler()
    if compiler is None:
        return False
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            fresh = Path(folder) / target.name
            command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(fresh)]
            command += [str(source) for source in SOURCES if source.suffix == ".c"]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                return False
            fresh.replace(target)
    except OSError:
        return False
    return True


def _owned(path: Path) -> bool:
    return path.stat().st_uid in (0, os.getuid())
