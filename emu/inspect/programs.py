"""The guest's programs: the ELF files beside its images, those that were named, or those of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emu.core.errors import ConfigError
from emu.inspect.shared_symbols import SHARED
from emu.inspect.symbols import SymbolFiles, Symbols, files_beside
from emu.machine.config import MachineConfig

if TYPE_CHECKING:
    from emu.machine.recording import Recording


def load_symbols(config: MachineConfig, recording: Recording | None = None) -> tuple[SymbolFiles, list[str]]:
    """The symbols of a machine's guest, and what is wrong with files that were not asked for by name.

    With a `recording` they are those that it has. Raises ConfigError where those of the configuration are
    unusable.
    """
    given = list(dict.fromkeys(config.run.symbols))
    files = [SHARED.load(path) for path in given]
    complaints = []
    for path in found_symbols(config) if recording is None else recording.programs:
        if path not in given:
            try:
                loaded = SHARED.load(path) if recording is None else Symbols(path, recording.program(path))
                files.append(loaded)
            except ConfigError as error:
                complaints.append(f"warning: {error}")
    return SymbolFiles(files), complaints


def all_programs(config: MachineConfig) -> list[Path]:
    """The ELF files that symbols are taken from, those that were asked for first."""
    return list(dict.fromkeys([*config.run.symbols, *found_symbols(config)]))


def found_symbols(config: MachineConfig) -> list[Path]:
    """A kernel that is an ELF file, and what lies beside images."""
    paths = []
    kernel = config.kernel
    if kernel is not None and kernel.elf:
        paths.append(kernel.image)
    for drive in config.drives:
        paths += files_beside(drive.image)
    return list(dict.fromkeys(paths))
