"""`--coverage`: counts what a run executes, and writes it when the run has ended."""

from __future__ import annotations

from emu.core.errors import ConfigError
from emu.inspect.coverage import NO_LINES, Coverage, format_of, refuse_nowhere
from emu.inspect.programs import load_symbols
from emu.machine.config import MachineConfig
from emu.machine.machine import Machine


class CoverageFile:
    """The file that the configuration wants."""

    def __init__(self, config: MachineConfig, machine: Machine) -> None:
        """Raises ConfigError where there is nothing to write, or no format for it."""
        assert config.run.coverage is not None
        self._path = config.run.coverage
        self._name = config.name
        self._format = format_of(self._path, config.run.coverage_format)
        if config.run.gdb is not None:
            raise ConfigError("gdb goes back and forth, --coverage counts one run: leave one of them out")
        refuse_nowhere(self._path)
        self._symbols, self.complaints = load_symbols(config)
        if self._format == "lcov" and not any(file.units for file in self._symbols.files):
            raise ConfigError(
                f"{NO_LINES}: give one by --symbols, or write *.drcov, which is about addresses"
            )
        self._coverage = Coverage(machine)

    def write(self) -> None:
        """The run has ended. Raises ConfigError where the file cannot be written."""
        self._coverage.write(self._format, self._path, self._symbols, self._name)
        if not self._coverage.is_complete:
            raise ConfigError(f"{self._path} is incomplete: the guest executed code in too many places")
