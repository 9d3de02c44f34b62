"""Results of bundled guests that really ran, for reports: one guest against many hosts, and failures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from emu.inspect.explanation import explain
from emu.machine.loader import load
from emu.observe.timeline import Timeline
from emu.smoke import evidence
from emu.smoke.result import CaseResult, Ending
from emu.smoke.watched import Watched


def result_of(guest: str, case: str = "", *, limit_ms: float | None = None, **changes: Any) -> CaseResult:
    """Run a bundled guest and say what came of it."""
    config = replace(load(guest), **changes)
    watched = Watched(config)
    machine = watched.machine
    explainer = explain(machine)
    timeline = Timeline(machine.clock, machine.ports, lambda: machine.processor.mode)
    machine.observers.attach(timeline)
    watched.run(round((config.run.limit_s or 10) * 1e9 if limit_ms is None else limit_ms * 1e6))
    outcome = watched.verdict.outcome.name
    fields = evidence.measured(watched)
    if outcome != config.expected:
        fields |= evidence.close_up(watched)
        fields["reason"] = f"expected {config.expected}, got {outcome}: {watched.verdict.reason}"
    result = CaseResult(
        name=case or guest,
        file=f"guests/{guest}/{guest}.toml",
        ending=Ending.PASSED if outcome == config.expected else Ending.FAILED,
        findings=[finding.as_plain() for finding in explainer.findings()],
        timeline=timeline.as_plain(),
        **fields,
    )
    watched.close()
    return result


def matrix(guest: str) -> Iterator[CaseResult]:
    """Twenty hosts; those that refuse this driver make it fail."""
    for profile, refused, memory in product(("seed", "qemu"), ((), ((1, 2008),)), (8, 16, 32, 64, 128)):
        name = f"{guest}[profile={profile},blacklist={'1/2008' if refused else 'empty'},memory={memory}]"
        yield result_of(guest, name, profile=profile, blacklist=refused, memory_mib=memory)
