"""The polite driver finds its way on every kind of host, and takes no promise on trust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from emu.machine.bundled import FOLDER
from emu.machine.config import Drive
from emu.smoke.guest import Guest
from emu.xen.profiles import PROFILES, SEED, Step, Target
from tests.guests.machines import finished

FILES = FOLDER / "guests/polite-driver"
IMAGE, ISO, BLANK = (FILES / f"polite-driver{end}" for end in (".img", ".iso", "-blank.img"))
MAY_LOAD = "host: build 2008 of product 1 may load"
REFUSED = "host: build 2008 of product 1 is refused"
REFUSES = ((1, 2008),)
"""The blacklist of a host that refuses the driver."""


def ways(seen: Guest) -> list[str]:
    """What the driver said of the host and of its devices."""
    return [line for line in seen.lines if line.startswith(("host:", "unplugged:", "remaining:"))]


@pytest.mark.parametrize(
    ("host", "way"),
    [
        ({"profile": "none"}, ["host: no protocol"]),
        ({"blacklist": REFUSES}, ["host: version 1", REFUSED]),
    ],
    ids=["no protocol", "refused"],
)
def test_where_it_may_not_load_everything_stays(host: dict[str, object], way: Sequence[str]) -> None:
    seen = finished("polite-driver", **host)
    assert ways(seen) == [*way, "unplugged: nothing", "remaining: disk 0, disk 1, CD 2, disk 3, NIC"]
    assert (seen.outcome, seen.departures) == ("SUCCESS", [])


@pytest.mark.parametrize(
    ("host", "way"),
    [
        ({}, ["host: version 1", MAY_LOAD]),
        ({"blacklist": ((1, 2007), (1, 2009))}, ["host: version 1", MAY_LOAD]),
        ({"profile": "qemu", "blacklist": REFUSES}, ["host: version 1", MAY_LOAD]),
        ({"protocol_version": 0, "blacklist": REFUSES}, ["host: version 0"]),
    ],
    ids=["welcome", "others are refused", "no blacklist in QEMU", "version 0"],
)
def test_where_it_may_load_all_goes_but_its_boot_disk(host: dict[str, object], way: Sequence[str]) -> None:
    seen = finished("polite-driver", **host)
    assert ways(seen) == [*way, "unplugged: auxiliary disks, NICs", "remaining: disk 0, CD 2"]
    assert seen.outcome == "SUCCESS"
    assert set(seen.departures) == {
        ("disk 1", "primary slave"),
        ("disk 3", "secondary slave"),
        ("nic 0", "04.0"),
    }


@pytest.mark.parametrize(
    ("drives", "unplugged", "remaining"),
    [
        ((Drive(IMAGE, 0),), "auxiliary disks, NICs", "disk 0"),
        ((Drive(IMAGE, 1), Drive(BLANK, 3)), "NICs", "disk 1, disk 3"),
        ((Drive(ISO, 0, cdrom=True), Drive(IMAGE, 3)), "NICs", "CD 0, disk 3"),
        ((Drive(ISO, 2, cdrom=True),), "disks, NICs", "CD 2"),
        ((Drive(BLANK, 1), Drive(ISO, 3, cdrom=True)), "disks, NICs", "CD 3"),
        ((Drive(IMAGE, 0), *(Drive(BLANK, n) for n in (1, 2, 3))), "auxiliary disks, NICs", "disk 0"),
    ],
    ids=["one disk", "slaves", "behind a CD", "CD alone", "slave CD", "four disks"],
)
def test_the_drive_that_it_booted_from_stays(drives: Sequence[Drive], unplugged: str, remaining: str) -> None:
    seen = finished("polite-driver", drives=tuple(drives), nics=())
    assert ways(seen)[-2:] == [f"unplugged: {unplugged}", f"remaining: {remaining}"]
    assert seen.outcome == "SUCCESS"


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ((), "no network card remains on PCI once all are unplugged"),
        ((Step(2, Target.NICS),), "disks leave if the mask names them, and no other drive does"),
        (
            (Step(6, Target.DISKS), Step(2, Target.NICS)),
            "disks leave if the mask names them, and no other drive",
        ),
    ],
    ids=["nothing leaves", "a disk stays", "the boot disk leaves"],
)
def test_a_host_that_breaks_its_promise_makes_it_fail(
    monkeypatch: pytest.MonkeyPatch, steps: tuple[Step, ...], complaint: str
) -> None:
    monkeypatch.setitem(PROFILES, "seed", replace(SEED, steps=steps))
    seen = finished("polite-driver")
    assert seen.outcome == "FAILURE"
    assert any(complaint in line for line in seen.lines)
    assert "the host broke its promise" in seen.lines
