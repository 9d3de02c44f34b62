"""Snapshots and recordings that somebody has changed and sealed again: one value of them is nonsense."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from emu.machine.archive import MANIFEST, Archive, whole_archive

Members = dict[str, Any]
"""Plain data by member; `emu.json` is its content alone."""
Place = tuple[str | int, ...]
NONSENSE: list[Any] = [None, True, -1, 0, 3, 1.5, "", "nonsense", b"", b"xyz", [], [1], ["x"] * 99, {}]
NUMBERS = (-1, 2, 255, 256, 1 << 16, 1 << 31, 1 << 32, (1 << 59) + 1, 1 << 63, 1 << 64, 1 << 80, -(1 << 59))


def forged(source: Path, target: Path, kind: str, random: Random) -> str:
    """Write `source` with one value changed to `target`; which, and to what."""
    said = ""

    def change(members: Members) -> None:
        nonlocal said
        said = _change(members, random)

    rewritten(source, target, kind, change)
    return said


def rewritten(source: Path, target: Path, kind: str, change: Callable[[Members], None]) -> None:
    """Write `source` to `target`, its plain data as `change` leaves it."""
    archive = Archive(source, kind)
    texts = [name for name in archive.names if name.endswith(".json") and name != MANIFEST]
    members: Members = {name: archive.plain(name) for name in texts} | {MANIFEST: archive.content}
    raw = {}
    for name in archive.names:
        if name not in members:
            with archive.stream(name) as stream:
                raw[name] = stream.read()
    archive.close()
    change(members)
    with whole_archive(target) as out:
        out.begin(kind, members.pop(MANIFEST))
        for name, plain in members.items():
            out.add(name, plain)
        for name, data in raw.items():
            with out.stream(name) as stream:
                stream.write(data)


def _change(plain: Members, random: Random) -> str:
    """Change one value: each member, and each device, is as likely as another."""
    name = random.choice(sorted(plain, reverse=True)[: 1 + random.randrange(len(plain))])
    within: Any = plain[name]
    path: Place = (name,)
    if isinstance(within, dict) and "devices" in within and random.random() < 0.7:
        device = random.choice(sorted(within["devices"]))
        within, path = within["devices"][device], (name, "devices", device)
    found = [each for each in _places(within) if each]
    if not found:
        return "nothing"
    place = random.choice(found)
    for part in place[:-1]:
        within = within[part]
    key, old = place[-1], within[place[-1]]
    value = _other(old, random)
    if value is _GONE:
        del within[key]
    else:
        within[key] = value
    return f"{'.'.join(map(str, (*path, *place)))}: {str(old)[:40]!r} -> {str(value)[:40]!r}"


_GONE = object()


def _other(old: Any, random: Random) -> Any:
    chance = random.random()
    if chance < 0.1:
        return _GONE
    if isinstance(old, int) and not isinstance(old, bool) and chance < 0.8:
        return random.choice((*NUMBERS, old + 1, old - 1, random.randrange(1 << 16)))
    if isinstance(old, bytes | list) and old and chance < 0.5:
        return old * 2 if chance < 0.2 else old[: random.randrange(len(old))]
    return random.choice(NONSENSE)


def _places(plain: Any, path: Place = ()) -> Iterator[Place]:
    yield path
    if isinstance(plain, dict):
        for key, each in plain.items():
            yield from _places(each, (*path, key))
    elif isinstance(plain, list):
        for number, each in enumerate(plain[:64]):
            yield from _places(each, (*path, number))
