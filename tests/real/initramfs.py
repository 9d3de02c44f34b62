"""An initramfs for Linux: a cpio archive ("newc") of busybox, an init script, and kernel modules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

DIRECTORY, EXECUTABLE, SYMBOLIC_LINK, CHARACTER_DEVICE = 0o040755, 0o100755, 0o120777, 0o020600
FOLDERS = ("bin", "dev", "proc", "sys", "mnt", "tmp", "modules")
TRAILER = "TRAILER!!!"


def entry(
    name: str, mode: int, data: bytes = b"", *, number: int = 0, device: tuple[int, int] = (0, 0)
) -> bytes:
    """One member: header, name and contents, the latter two padded to 4 bytes."""
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def archive(members: Iterable[bytes]) -> bytes:
    """Members with the trailer behind them."""
    return b"".join([*members, entry(TRAILER, 0)])


def initramfs(
    busybox: bytes,
    script: str,
    modules: Mapping[str, bytes] | None = None,
    programs: Mapping[str, bytes] | None = None,
) -> bytes:
    """`script` runs as init under busybox's shell; modules lie in /modules, other programs in /bin."""
    members = [entry(name, DIRECTORY) for name in FOLDERS]
    members.append(entry("dev/console", CHARACTER_DEVICE, device=(5, 1)))
    members.append(entry("bin/busybox", EXECUTABLE, busybox))
    members.append(entry("bin/sh", SYMBOLIC_LINK, b"busybox"))
    members.append(entry("init", EXECUTABLE, script.encode()))
    members += [entry(f"modules/{name}", EXECUTABLE, data) for name, data in (modules or {}).items()]
    members += [entry(f"bin/{name}", EXECUTABLE, data) for name, data in (programs or {}).items()]
    return archive(members)


def modules_named(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Modules from below `folder` and all that they depend on, under names that sort in order of loading."""
    found = {path.stem.replace("-", "_"): path for path in folder.rglob("*.ko")}
    ordered: dict[str, bytes] = {}

    def add(name: str) -> None:
        contents = found[name].read_bytes()
        for needed in dependencies(contents):
            if needed not in ordered:
                add(needed)
        ordered[name] = contents

    for name in names:
        add(name.replace("-", "_"))
    return {f"{number:02}-{name}.ko": contents for number, (name, contents) in enumerate(ordered.items())}


def dependencies(module: bytes) -> list[str]:
    """What a module's own information says that it needs."""
    listed = re.search(rb"\0depends=([^\0]*)\0", module)
    return [name.replace("-", "_") for name in listed[1].decode().split(",") if name] if listed else []
