"""The images behind a machine's drives: disks under their overlays, CDs one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from emu.backends.disk_image import RawImage
from emu.backends.host_files import HOST_FILES, HostFiles
from emu.backends.observed import ObservedBlock
from emu.backends.overlay import Overlay
from emu.core.backends import BlockBackend
from emu.core.errors import ConfigError
from emu.core.events import Observers
from emu.core.state import StateError
from emu.devices.ide.ata import AtaDisk
from emu.devices.ide.atapi import CdDrive
from emu.devices.ide.channel import Place
from emu.machine.config import Drive

MOST_FAILURES = 16


class Failures:
    """What failed on the host: each sentence once, with how often; as many sentences as one would read."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, text: str) -> None:
        """Something failed."""
        if text in self._counts or len(self._counts) < MOST_FAILURES:
            self._counts[text] = self._counts.get(text, 0) + 1

    def sentences(self) -> list[str]:
        """What failed, in order."""
        return [text + f" ({count} times)" * (count > 1) for text, count in self._counts.items()]


class Images:
    """Makes the drives of a machine, by position, and knows the files behind them."""

    def __init__(
        self,
        drives: Iterable[Drive],
        observers: Observers,
        *,
        files: HostFiles = HOST_FILES,
        deferred: bool = False,
        between: Callable[[int, BlockBackend], BlockBackend] = lambda position, image: image,
    ) -> None:
        """With `deferred` nothing is written to images before `commit`.

        `between` may put something between the drive at a position and an image. Raises ConfigError where an
        image cannot be used.
        """
        self._files, self._deferred, self._between = files, deferred, between
        self.overlays: dict[int, Overlay] = {}
        """Those of the disks, by position."""
        self.warnings: list[str] = []
        self.failures = Failures()
        self._observers = observers
        self._places: dict[int, Place] = {}
        self._cds: dict[int, CdDrive] = {}
        self._discs: dict[int, list[str]] = {}
        for drive in drives:
            self._places[drive.position] = self._cd(drive) if drive.cdrom else self._disk(drive)

    def pair(self, first: int) -> dict[str, Place | None]:
        """What is wired to a channel whose master is position `first`."""
        return {"master": self._places.get(first), "slave": self._places.get(first + 1)}

    def know_disc(self, position: int, path: str | None) -> int | None:
        """The number by which the CD drive at `position` knows the disc in the file `path`; None for no disc.

        Raises ConfigError where there is no such drive, or the file is no image.
        """
        if position not in self._cds:
            has = " or ".join(map(str, self._cds)) or "--cdrom first"
            raise ConfigError(f"there is no CD drive at position {position}: give {has}")
        if path is None:
            return None
        discs = self._discs[position]
        if path not in discs:
            self._cds[position].add_disc(self._read_only(position, Path(path)))
            discs.append(path)
        return discs.index(path)

    def change_disc(self, change: Any) -> None:
        """Apply an arrival: [position, path], where a path of None takes the disc out."""
        position, path = change
        disc = self.know_disc(position, path)
        self._cds[position].change_disc(disc)

    def commit(self) -> None:
        """Put on the images of disks with `write` what was kept from them, and let go of them.

        Raises HostError.
        """
        for overlay in self.overlays.values():
            overlay.commit()
            overlay.close()

    def save_discs(self) -> dict[str, list[str]]:
        """The paths of the discs that each CD drive knows, by position."""
        return {str(position): list(paths) for position, paths in self._discs.items()}

    def restore_discs(self, saved: dict[str, list[str]]) -> None:
        """Know at least the discs that were known then.

        Raises ConfigError where one is gone, StateError where it is for another drive.
        """
        if saved.keys() != {str(position) for position in self._discs}:
            raise StateError("the snapshot is of a machine with other CD drives")
        for position, paths in saved.items():
            for path in paths:
                self.know_disc(int(position), path)

    def _disk(self, drive: Drive) -> AtaDisk:
        name = f"disk {drive.position}"
        overlay = self.overlays[drive.position] = Overlay(
            self._open(drive.image, write=drive.write), write=drive.write, deferred=self._deferred
        )
        image = ObservedBlock(name, overlay, self._observers, self.failures.add)
        return AtaDisk(name, image=self._between(drive.position, image))

    def _cd(self, drive: Drive) -> CdDrive:
        name, paths = f"cd {drive.position}", (drive.image, *drive.next)
        first, *following = (self._read_only(drive.position, path) for path in paths)
        cd = self._cds[drive.position] = CdDrive(name, image=first, following=following)
        self._discs[drive.position] = [str(path) for path in paths]
        return cd

    def _read_only(self, position: int, path: Path) -> BlockBackend:
        image = ObservedBlock(f"cd {position}", self._open(path), self._observers, self.failures.add)
        return self._between(position, image)

    def _open(self, path: Path, *, write: bool = False) -> RawImage:
        image = RawImage(path, write=write, files=self._files)
        if image.warning:
            self.warnings.append(image.warning)
        return image
