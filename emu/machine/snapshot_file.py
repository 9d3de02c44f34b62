"""Snapshots in files: a whole machine at one moment, its inputs with it, to go on from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emu.core.errors import ConfigError
from emu.core.state import StateError, to_plain
from emu.machine.archive import Archive, whole_archive
from emu.machine.blocks import write_block
from emu.machine.config import MachineConfig
from emu.machine.inputs import Input, RecordedFiles, gather, pinned, write_inputs
from emu.machine.machine import Machine
from emu.machine.saved_state import SavedState, memory_blocks, newest, overlay_blocks, put_back, saved_state

KIND = "snapshot"
STATE, BLOCKS = "state.json", "blocks"
OF_THE_RUN = ("name", "description", "expected", "run")
"""Fields of the configuration that two machines that are the same may differ in."""


@dataclass(frozen=True)
class Described:
    """A machine as `emu.json` describes it."""

    config: MachineConfig
    inputs: list[Input]


def write_snapshot(path: Path, machine: Machine) -> None:
    """Save a machine that is at a decision point. Raises ConfigError; the file is whole or not there."""
    discs = [each for known in machine.pc.images.save_discs().values() for each in known]
    inputs = gather(machine.config, discs, files=machine.files)
    with whole_archive(path) as archive:
        archive.begin(KIND, to_plain(Described(pinned(machine.config), inputs)))
        archive.add(STATE, to_plain(saved_state(machine)))
        with archive.stream(BLOCKS) as stream:
            for blocks in (memory_blocks(machine), overlay_blocks(machine)):
                for key, content in blocks:
                    write_block(stream, key, content)
        write_inputs(archive, inputs, machine.files)


class SnapshotFile:
    """A snapshot that was read; `machine` makes the machine that was saved."""

    def __init__(self, path: Path, image_dir: Path | None) -> None:
        self._archive = Archive(path, KIND)
        try:
            self._described = self._archive.read(Described, self._archive.content)
            self._archive.check(self._described.config)
            self._state = self._archive.read(SavedState, self._archive.plain(STATE))
            self._folder = image_dir
        except ConfigError:
            self._archive.close()
            raise
        self.config = self._described.config
        """That of the machine that was saved."""

    def machine(self, config: MachineConfig | None = None, **outlets: Any) -> Machine:
        """The saved machine, with the arguments of `Machine`; `config` may change how it is run.

        Images that it writes are the files themselves. Raises ConfigError where something does not fit.
        """
        config = config or self.config
        writes = [str(drive.image) for drive in self.config.drives if drive.write]
        files = RecordedFiles(self._archive, self._described.inputs, folder=self._folder, actual=writes)
        machine = Machine(replace(self.config, run=config.run), files=files, **outlets)
        try:
            with self._archive.stream(BLOCKS) as stream:
                put_back(machine, self._state, newest(machine, [stream]))
        except (StateError, ConfigError) as error:
            machine.close()
            raise ConfigError(f"{self._archive.path} does not fit: {error}") from None
        return machine

    def check_same(self, config: MachineConfig) -> None:
        """Raises ConfigError unless `config` describes the machine that was saved, with the same inputs."""
        given = pinned(config)
        now = gather(given)
        mine, other = (_shape(*each) for each in ((self.config, self._described.inputs), (given, now)))
        for field in mine:
            if mine[field] != other[field]:
                raise ConfigError(
                    f"{self._archive.path} is of another machine ({field} differs): leave out what "
                    "describes the machine, it is in the file"
                )
        digests = {each.digest for each in self._described.inputs}
        for each in now:
            if each.digest not in digests:
                raise ConfigError(
                    f"{each.path} is not what it was when {self._archive.path} was saved: put it back, or "
                    "leave out what describes the machine, it is in the file"
                )

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()


def read_snapshot(path: Path, *, image_dir: Path | None = None) -> SnapshotFile:
    """A snapshot from a file. Raises ConfigError where it is none, is damaged, or of another version."""
    return SnapshotFile(path, image_dir)


def without_outputs(config: MachineConfig) -> MachineConfig:
    """The machine without the files that it wrote besides its images."""
    return replace(config, nics=tuple(replace(nic, capture=None) for nic in config.nics))


def _shape(config: MachineConfig, inputs: Iterable[Input]) -> dict[str, Any]:
    """What makes the machine, by field, whichever files its inputs are in."""
    paths = {each.path for each in inputs}

    def nameless(plain: Any) -> Any:
        if isinstance(plain, dict):
            return {key: nameless(item) for key, item in plain.items() if key != "capture"}
        if isinstance(plain, list):
            return [nameless(item) for item in plain]
        return None if isinstance(plain, str) and plain in paths else plain

    plain = to_plain(config)
    assert isinstance(plain, dict)
    return {name: nameless(value) for name, value in plain.items() if name not in OF_THE_RUN}
