"""Scenarios: machine files with a [test] table. Each is one case, or with a [matrix] many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emu.machine.config import MachineConfig
from emu.machine.layers import Layer
from emu.machine.loader import OF_TESTS, SUFFIX, build, file_layers
from emu.machine.nearest import suggestion
from emu.smoke.departures import refuse_unknown
from emu.smoke.matrix import FAULT, Choice, Combination, case_name, read_matrix, selects
from emu.smoke.tables import Expectations, read_test, read_whens

SCENARIO_SUFFIX = ".emu.toml"
"""How a scenario's name ends by convention: such files are found in folders."""


@dataclass(frozen=True)
class Case:
    """One machine, and what is expected of its run."""

    name: str
    file: Path
    config: MachineConfig
    expected: Expectations
    choices: Sequence[str] = ()
    """What the matrix chose for it, such as `profile=qemu`."""

    @property
    def golden(self) -> Path | None:
        """The transcript that its own must equal."""
        return None if self.expected.golden is None else self.file.parent / self.expected.golden


def stem(path: Path) -> str:
    """What a scenario is called."""
    return path.name.removesuffix(SUFFIX).removesuffix(".emu")


class Scenario:
    """A machine file, read as a test."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError, with file and line, for whatever is wrong in it."""
        self.path = path
        self._layers = file_layers(path)
        self._layer = self._layers[-1]
        self._test = read_test(self._layer)
        self._matrix = read_matrix(self._layer)
        self._whens = read_whens(self._layer)
        for number, when in enumerate(self._whens):
            self._matrix.check(when.selector, self._layer, ("when", number, "case"))

    def cases(self) -> list[Case]:
        """Every case, in the matrix's order. Raises ConfigError."""
        return list(self._cases())

    def _cases(self) -> Iterator[Case]:
        for combination in self._matrix.combinations():
            changes = [choice.layer for choice in combination.values() if choice.layer is not None]
            config = self._with_faults(build([*self._layers, *changes]), combination.get(FAULT))
            config = replace(config, drives=tuple(replace(drive, write=False) for drive in config.drives))
            expected = self._expected(combination, config)
            yield Case(
                name=case_name(stem(self.path), combination),
                file=self.path,
                config=config,
                expected=expected,
                choices=[f"{name}={choice.label}" for name, choice in combination.items()],
            )

    def _expected(self, combination: Combination, config: MachineConfig) -> Expectations:
        fields: dict[str, Any] = dict(self._test)
        for when in self._whens:
            if selects(when.selector, combination):
                fields |= when.keys
        golden = fields.get("golden")
        if golden is not None:
            fields["golden"] = self._golden(golden, combination)
        expected = Expectations(**fields)
        refuse_unknown(expected, config, self._layer)
        return expected

    def _with_faults(self, config: MachineConfig, chosen: Choice | None) -> MachineConfig:
        """The machine with the faults that its axis chose; what is not on the axis is always there."""
        if chosen is None or chosen.faults is None:
            return config
        axis = next(axis for axis in self._matrix.axes if axis.name == FAULT)
        known, optional = [fault.name for fault in config.faults], set[str]()
        for number, choice in enumerate(axis.choices):
            for name in choice.faults or ():
                if name not in known:
                    remedy = suggestion(name, known) if known else "add a [[fault]] with this name"
                    at = ("matrix", FAULT, number)
                    raise self._layer.refusal(at, f"there is no fault {name!r}: {remedy}")
                optional.add(name)
        faults = [each for each in config.faults if each.name not in optional or each.name in chosen.faults]
        return replace(config, faults=tuple(faults))

    def _golden(self, template: str, combination: Combination) -> str:
        """The name of a golden file, with the values of axes put in."""
        try:
            return template.format(**{name: choice.label for name, choice in combination.items()})
        except (KeyError, IndexError, ValueError):
            raise self._layer.refusal(
                ("test", "golden"), f"golden names no axis of [matrix] in {template!r}: mend the braces"
            ) from None


def is_scenario(layer: Layer) -> bool:
    """Whether a machine file says what is expected of it."""
    return any(name in layer.data for name in OF_TESTS)


def check(path: Path) -> None:
    """Refuse wrong [test], [matrix] and [[when]] tables of a machine file. Raises ConfigError."""
    if is_scenario(file_layers(path)[-1]):
        Scenario(path).cases()
