"""What left its bus, in the words of tests: `disks` and `nics` where all of a kind did, else one by one."""

from __future__ import annotations

from collections.abc import Iterable

from emu.machine.config import MachineConfig
from emu.machine.layers import Layer
from emu.smoke.tables import Expectations


def unpluggable(config: MachineConfig) -> dict[str, set[str]]:
    """The names of what a machine has that can be unplugged, by kind."""
    return {
        "disks": {f"disk {drive.position}" for drive in config.drives if not drive.cdrom},
        "nics": {f"nic {number}" for number in range(len(config.nics))},
    }


def expand(words: Iterable[str], config: MachineConfig) -> set[str]:
    """Single names for words that may stand for a kind."""
    there = unpluggable(config)
    return {name for word in words for name in there.get(word, {word})}


def contract(names: Iterable[str], config: MachineConfig) -> set[str]:
    """A kind's word where all there are of it are among the names."""
    left = set(names)
    for kind, there in unpluggable(config).items():
        if there and there <= left:
            left = left - there | {kind}
    return left


def refuse_unknown(expected: Expectations, config: MachineConfig, layer: Layer) -> None:
    """Refuse expectations of parts that the machine does not have, and such as contradict each other."""
    there = unpluggable(config)
    known = set().union(*there.values())
    for key, words in (("unplugged", expected.unplugged or ()), ("remaining", expected.remaining)):
        for name in sorted(expand(words, config) - known):
            has = ", ".join(sorted(known)) or "none"
            raise layer.refusal(
                ("test", key), f"{key}: this machine has no {name} (it has {has}): name another"
            )
    both = expand(expected.unplugged or (), config) & expand(expected.remaining, config)
    if both:
        raise layer.refusal(
            ("test", "remaining"), f"{min(both)} cannot both be unplugged and remain: leave it out of one"
        )
    for wanted in expected.console:
        for banned in expected.never:
            if wanted.written == banned.written:
                raise layer.refusal(
                    ("test", "never"), f"{banned} is expected in console, too: leave it out of one"
                )
