"""What `--explain` says of the bundled guests' drivers, and that the run is the same run."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from emu.inspect.explanation import Explainer, explain, sentence
from emu.inspect.findings import Finding, broken
from emu.inspect.protocol_rules import Verdict
from emu.inspect.symbols import SymbolFiles
from emu.machine.loader import load
from emu.machine.machine import Machine
from tests.guests.machines import NS_PER_S, Guest

STEPS = [
    "right    read the magic number before anything else",
    "right    read the protocol version",
    "right    named its product",
    "right    named its build",
    "right    read the magic number again",
]
LOGGED = [
    "right    logged after it had read the magic number",
    "right    ended its log messages with newlines",
]
MASK = "right    wrote the mask of devices to unplug"
ON_PURPOSE = {"nics-before-enumeration", "gone-left-alone"}
"""These guests use all devices first, and look afterwards whether they are gone."""


@cache
def findings(name: str) -> list[Finding]:
    """What was found in a bundled guest's whole run."""
    machine = Machine(load(name))
    explainer = explain(machine)
    machine.run(10 * NS_PER_S)
    machine.close()
    return explainer.findings()


def of_protocol(name: str) -> list[str]:
    return [sentence(each) for each in findings(name) if each.rule.id not in ON_PURPOSE]


def rules(name: str, verdict: Verdict) -> list[str]:
    return [each.rule.id for each in findings(name) if each.verdict is verdict]


@pytest.mark.parametrize("name", ["unplug-all-real", "unplug-all-long", "unplug-nics", "unplug-aux"])
def test_a_driver_of_the_six_steps_is_all_right(name: str) -> None:
    assert of_protocol(name) == [*STEPS, *LOGGED, MASK]
    assert broken(findings(name)) == []


def test_two_masks_are_all_right() -> None:
    assert of_protocol("unplug-all") == [*STEPS, *LOGGED, f"{MASK} (2 times)"]


@pytest.mark.parametrize("name", ["unplug-all", "unplug-all-real", "unplug-all-long", "unplug-nics"])
def test_that_these_drivers_use_devices_before_and_after_is_unwise(name: str) -> None:
    assert set(rules(name, Verdict.UNWISE)) == ON_PURPOSE


def test_the_polite_driver_is_not_even_unwise() -> None:
    assert of_protocol("polite-driver") == [*STEPS, *LOGGED, MASK]
    assert {each.verdict for each in findings("polite-driver")} == {Verdict.RIGHT}


def test_a_refused_driver_is_all_right() -> None:
    refused = "right    was refused by the host (the magic number was 0xd249), and unplugged nothing"
    assert of_protocol("blacklisted") == [*STEPS, refused, *LOGGED]


def test_an_old_host_gets_its_mask_at_once_and_a_product_too_late() -> None:
    assert [line for line in of_protocol("old-host") if line not in LOGGED] == [
        *STEPS[:2],
        "right    went on to the mask at once, as the protocol version is 0",
        MASK,
        "wrong    named its product, though the protocol version is 0: "
        "the host does not know what that means (2 times)",
    ]


def test_who_goes_on_without_a_protocol_is_wrong() -> None:
    assert rules("no-protocol", Verdict.WRONG) == ["magic-width", "version-width", "magic-heeded"]
    assert findings("no-protocol")[0].rule.id == "magic-first"


def test_steps_out_of_order_are_all_found() -> None:
    assert rules("out-of-order", Verdict.WRONG) == [
        *("log-after-magic", "magic-width", "magic-first", "version-width", "mask-width", "product-width"),
        *("product-named", "blacklist-heeded"),
    ]
    assert rules("out-of-order", Verdict.SKIPPED) == []
    assert rules("out-of-order", Verdict.UNWISE) == [
        *("log-after-blacklist", "known-ports", "product-registered", "mask-defined"),
        *("nics-before-enumeration", "gone-left-alone"),
    ]


def test_a_guest_that_only_logs_much_is_told_so() -> None:
    assert "log-volume" in rules("guest-log", Verdict.UNWISE)


def test_a_guest_without_a_driver_is_not_spoken_of() -> None:
    assert findings("hello") == []


@pytest.mark.parametrize(
    ("name", "address", "instruction"),
    [
        ("unplug-all", "0008:", "out 0x10, ax"),
        ("unplug-all-real", "0000:", "out 0x10, ax"),
        ("unplug-all-long", "0028:", "out 0x10, ax"),
    ],
)
def test_the_mask_is_written_at_a_line_that_is_known_in_every_mode(
    name: str, address: str, instruction: str
) -> None:
    found = next(each for each in findings(name) if each.rule.id == "mask-written")
    place = found.moment.place
    assert place is not None
    assert place.address.startswith(address)
    assert place.instruction == instruction
    assert place.line.startswith("guests/lib/xen_unplug.c:")
    assert place.source == "out16(UNPLUG_MASK_PORT, (u16)mask);"
    callers = [each.function for each in place.frames]
    assert callers[0] == "unplug"
    assert callers[1] in ("unplug_in_turn", "unplug_at_once")
    assert callers[2:] == ["main", "_start"]
    assert place.frames[1].line is not None
    assert place.frames[1].line.file == "guests/unplug-all/unplug-all.c"


@pytest.mark.parametrize("name", ["unplug-all", "unplug-all-real", "unplug-all-long", "out-of-order"])
def test_a_run_that_is_explained_is_the_same_run(name: str) -> None:
    plain, explained = Guest(name), Guest(name)
    explain(explained.machine)
    assert plain.run() == explained.run()


def test_an_explainer_that_came_late_says_what_it_saw() -> None:
    guest = Guest("unplug-all")
    guest.run(until_ns=45_000_000)
    late = Explainer(guest.machine, SymbolFiles())
    guest.run()
    assert "mask-written" in {each.rule.id for each in late.findings()}


def test_an_explainer_goes_back_with_its_machine() -> None:
    guest = Guest("unplug-all")
    explainer = explain(guest.machine)
    guest.run(until_ns=40_000_000)
    machine, known = guest.machine.save(), explainer.save()
    before = explainer.findings()
    guest.run()
    after = explainer.findings()
    guest.machine.restore(machine)
    explainer.restore(known)
    assert explainer.findings() == before != after
    guest.run()
    assert explainer.findings() == after


def test_damaged_symbols_beside_an_image_are_complained_about(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    config = load("hello")
    folder = tmp_path_factory.mktemp("damaged")
    image = folder / "hello.img"
    image.write_bytes(config.drives[0].image.read_bytes())
    (folder / "hello.elf").write_bytes(b"\x7fELF")
    machine = Machine(replace(config, drives=(replace(config.drives[0], image=image),)))
    assert explain(machine).complaints == [
        f"warning: {folder / 'hello.elf'} is a damaged ELF file: build it again"
    ]
    machine.close()
