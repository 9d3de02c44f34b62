"""What came of one case: plain data, which crosses process boundaries and lies behind every report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any


class Ending(Enum):
    """How a case ended. Only `PASSED` and `SKIPPED` leave a suite green."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class CaseResult:
    """One case of one scenario, run or refused; everything but the name may be empty."""

    name: str
    """Readable and unique in its suite, such as `unplug-all[profile=qemu,memory=16]`."""
    file: str
    """The scenario file or test module it comes from."""
    ending: Ending
    reason: str = ""
    """One sentence; empty where it passed."""
    also: Sequence[str] = ()
    """What else was not as expected, a sentence each."""
    outcome: str = ""
    """What the guest made of it: the name of an `emu.inspect.outcome.Outcome`."""
    virtual_ns: int = 0
    wall_s: float = 0.0
    retired: int = 0
    """Bytes of guest code."""
    trace_hash: str = ""
    console: str = ""
    """The end of what the guest wrote."""
    screen: Sequence[Sequence[Mapping[str, str]]] = ()
    """The text screen at the end: rows of runs of `text`, `foreground` and `background` (`#rrggbb`)."""
    transcript: Sequence[Sequence[str]] = ()
    """The unplug protocol, rows of `emu.inspect` columns: time, port, access, value, meaning."""
    unplugged: Sequence[str] = ()
    """What left which bus, a sentence each."""
    findings: Sequence[Mapping[str, Any]] = ()
    """What the protocol's checker found, as `emu.inspect.explanation.as_plain` gives it."""
    golden: Mapping[str, Any] = field(default_factory=dict)
    """Where its transcript is not that of its golden file: `path`, `text` and the lines of a `diff`."""
    timeline: Mapping[str, Any] = field(default_factory=dict)
    """What happened when, as `emu.observe.timeline.Timeline.as_plain` gives it."""
    coverage: Mapping[str, Any] = field(default_factory=dict)
    """Where it was asked for, which code ran: as `emu.smoke.covered` gives it."""
    last_accesses: Sequence[str] = ()
    """Of a case that did not pass: the last port accesses, a line each."""
    processor: Sequence[str] = ()
    """Of a case that did not pass: registers, stack and code at the end, a line each."""
    kept: Sequence[str] = ()
    """Files that were kept for a closer look."""

    def as_plain(self) -> dict[str, Any]:
        """Plain data that JSON takes."""
        return {**asdict(self), "ending": self.ending.value}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> CaseResult:
        """The result that `as_plain` gave."""
        return cls(**{**plain, "ending": Ending(plain["ending"])})
