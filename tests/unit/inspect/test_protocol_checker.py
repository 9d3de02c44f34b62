"""The checker of the unplug protocol, on drivers that do it right and wrong, through ports."""

from __future__ import annotations

import pytest

from emu.core.bus import PortBus
from emu.core.clock import Clock
from emu.core.events import Observers
from emu.inspect.decoders import UnplugDecoder
from emu.inspect.findings import Finding, Findings, broken
from emu.inspect.place import Place
from emu.inspect.protocol_checker import ProtocolChecker
from emu.inspect.protocol_rules import RULES, Step, Verdict
from emu.xen.profiles import PROFILES
from emu.xen.unplug import Targets, UnplugPorts

BAR0 = 0xC000
REFUSED_BUILD = 13
RIGHT, SKIPPED, WRONG, UNWISE = Verdict.RIGHT, Verdict.SKIPPED, Verdict.WRONG, Verdict.UNWISE


class Driver:
    """A driver, the host that it talks to, and who watches. Each access takes a microsecond."""

    def __init__(self, profile: str = "seed", version: int = 1) -> None:
        self.clock = Clock()
        self.observers = Observers()
        self.ports = PortBus(self.observers)
        unplug = UnplugPorts(
            profile=PROFILES[profile],
            version=version,
            targets=Targets(),
            clock=self.clock,
            host_log=self._host_log,
            guest_log=lambda line: None,
            is_blacklisted=lambda product, build: build == REFUSED_BUILD,
        )
        self.fixed = unplug.fixed
        for region in unplug.ports():
            self.ports.claim(region)
        self.ports.move(unplug.bar0, BAR0)
        offered = PROFILES[profile].offered
        self.checker = ProtocolChecker(
            UnplugDecoder(unplug, self.ports),
            Findings(self.clock, lambda: Place(0, self.clock.now, self.clock.now, 16)),
            host_version=version if offered else None,
        )
        self.observers.attach(self.checker)

    def _host_log(self, text: str) -> None:
        for seen in self.observers.host_log:
            seen(text)

    def read(self, port: int, width: int) -> int:
        self.clock.advance_to(self.clock.now + 1000)
        return self.ports.read(port, width)

    def write(self, port: int, width: int, value: int) -> None:
        self.clock.advance_to(self.clock.now + 1000)
        self.ports.write(port, width, value)

    def magic(self) -> None:
        self.read(0x10, 2)

    def version(self) -> None:
        self.read(0x12, 1)

    def product(self, number: int = 1) -> None:
        self.write(0x12, 2, number)

    def build(self, number: int = 1) -> None:
        self.write(0x10, 4, number)

    def mask(self, value: int = 3) -> None:
        self.write(0x10, 2, value)

    def log(self, text: bytes, port: int = 0x12) -> None:
        for byte in text:
            self.write(port, 1, byte)

    def ask(self, build: int = 1) -> None:
        """Steps 1 to 5."""
        self.magic()
        self.version()
        self.product()
        self.build(build)
        self.magic()

    def reset(self) -> None:
        for seen in self.observers.reset_requested:
            seen("test")

    @property
    def findings(self) -> dict[str, Finding]:
        """By rule; a rule has one finding in these tests."""
        found = self.checker.findings()
        by_rule = {each.rule.id: each for each in found}
        assert len(by_rule) == len(found), "a rule has two findings"
        return by_rule

    @property
    def verdicts(self) -> dict[str, Verdict]:
        return {rule: each.verdict for rule, each in self.findings.items()}

    @property
    def not_right(self) -> dict[str, Verdict]:
        return {rule: verdict for rule, verdict in self.verdicts.items() if verdict is not RIGHT}


SIX_STEPS = ["magic-first", "version-read", "product-named", "build-named", "magic-again", "mask-written"]


def test_the_six_steps_in_order_are_all_right() -> None:
    driver = Driver()
    driver.ask()
    driver.mask()
    assert list(driver.verdicts) == SIX_STEPS
    assert driver.not_right == {}
    assert broken(driver.checker.findings()) == []


def test_each_finding_has_its_time_and_place() -> None:
    driver = Driver()
    driver.ask()
    driver.mask()
    assert [each.moment.ns for each in driver.findings.values()] == [1000, 2000, 3000, 4000, 5000, 6000]
    place = driver.findings["mask-written"].moment.place
    assert place is not None
    assert place.ip == 6000


def test_a_driver_that_does_nothing_is_not_spoken_of() -> None:
    assert Driver().verdicts == {}


def test_disks_and_nics_may_be_unplugged_one_after_the_other() -> None:
    driver = Driver()
    driver.ask()
    driver.mask(1)
    driver.mask(2)
    assert driver.not_right == {}
    assert driver.findings["mask-written"].count == 2


@pytest.mark.parametrize(
    ("left_out", "rule"),
    [("magic", "magic-first"), ("version", "version-read"), ("product", "product-named")],
)
def test_a_step_left_out_is_skipped(left_out: str, rule: str) -> None:
    driver = Driver()
    for step in ("magic", "version", "product", "build"):
        if step != left_out:
            getattr(driver, step)()
    if left_out != "magic":
        driver.magic()
    driver.mask()
    missing = {rule: SKIPPED} | ({"magic-again": SKIPPED} if left_out == "magic" else {})
    assert driver.not_right == missing


def test_a_driver_that_names_no_build_cannot_have_read_the_magic_number_again() -> None:
    driver = Driver()
    driver.magic()
    driver.version()
    driver.product()
    driver.magic()
    driver.mask()
    assert driver.not_right == {"build-named": SKIPPED, "magic-again": SKIPPED}


def test_the_magic_number_not_read_again_is_skipped() -> None:
    driver = Driver()
    driver.magic()
    driver.version()
    driver.product()
    driver.build()
    driver.mask()
    found = driver.findings["magic-again"]
    assert (found.verdict, found.moment.ns) == (SKIPPED, 5000)
    assert found.words == "wrote the mask of devices to unplug, but never read the magic number again"


def test_magic_and_mask_alone_skip_all_in_between() -> None:
    driver = Driver()
    driver.magic()
    driver.mask()
    assert driver.not_right == dict.fromkeys(SIX_STEPS[1:5], SKIPPED)
    assert {each.moment.ns for each in driver.findings.values() if each.verdict is SKIPPED} == {2000}


def test_what_comes_late_is_wrong_and_not_skipped() -> None:
    driver = Driver()
    driver.version()
    driver.magic()
    found = driver.findings["magic-first"]
    assert (found.verdict, found.moment.ns) == (WRONG, 1000)
    assert found.words == "read the protocol version before it read the magic number"


def test_a_build_before_the_product_is_wrong() -> None:
    driver = Driver()
    driver.magic()
    driver.version()
    driver.build()
    driver.product()
    driver.magic()
    driver.mask()
    assert driver.not_right == {"product-named": WRONG}
    assert driver.findings["product-named"].words == "named its build before it named its product"


def test_a_magic_number_read_again_after_the_mask_is_too_late() -> None:
    driver = Driver()
    driver.magic()
    driver.version()
    driver.product()
    driver.build()
    driver.mask()
    driver.magic()
    assert driver.not_right == {"magic-again": WRONG}


def test_a_refused_driver_that_stops_is_right() -> None:
    driver = Driver()
    driver.ask(REFUSED_BUILD)
    assert driver.not_right == {}
    found = driver.findings["blacklist-heeded"]
    assert found.moment.ns == 5000
    assert found.words == "was refused by the host (the magic number was 0xd249), and unplugged nothing"


def test_a_refused_driver_may_log() -> None:
    driver = Driver()
    driver.ask(REFUSED_BUILD)
    driver.log(b"refused\n")
    assert driver.not_right == {}


def test_a_refused_driver_that_unplugs_is_wrong() -> None:
    driver = Driver()
    driver.ask(REFUSED_BUILD)
    driver.mask()
    assert driver.not_right == {"blacklist-heeded": WRONG}
    assert "mask-written" not in driver.verdicts


def test_any_change_of_the_magic_number_is_a_refusal() -> None:
    driver = Driver()
    for step in (driver.magic, driver.version, driver.product, driver.build):
        step()
    driver.ports.move(driver.fixed, None)
    driver.magic()
    assert driver.verdicts["blacklist-heeded"] is RIGHT
    driver.mask()
    assert driver.not_right == {"blacklist-heeded": WRONG}
    assert "the magic number was 0xffff" in driver.findings["blacklist-heeded"].words


def test_without_a_protocol_a_driver_that_goes_away_is_right() -> None:
    driver = Driver("none")
    driver.magic()
    driver.magic()
    assert driver.verdicts == {"magic-first": RIGHT, "magic-heeded": RIGHT}


@pytest.mark.parametrize("step", ["product", "build", "mask"])
def test_without_a_protocol_a_driver_that_goes_on_is_wrong(step: str) -> None:
    driver = Driver("none")
    driver.magic()
    getattr(driver, step)()
    assert driver.not_right == {"magic-heeded": WRONG}
    assert driver.findings["magic-heeded"].words.endswith("0xffff: there is no protocol on this host")


def test_version_0_goes_straight_to_the_mask() -> None:
    driver = Driver(version=0)
    driver.magic()
    driver.version()
    driver.mask()
    assert set(driver.verdicts) == {"magic-first", "version-read", "version-heeded", "mask-written"}
    assert driver.not_right == {}


def test_version_0_knows_no_product() -> None:
    driver = Driver(version=0)
    driver.magic()
    driver.version()
    driver.product()
    driver.build()
    assert driver.not_right == {"version-heeded": WRONG, "mask-written": SKIPPED}
    assert driver.findings["version-heeded"].count == 2


def test_who_reads_no_version_of_a_host_of_version_0_skips_that_alone() -> None:
    driver = Driver(version=0)
    driver.magic()
    driver.mask()
    assert driver.not_right == {"version-read": SKIPPED}


def test_a_driver_that_may_unplug_but_does_not_has_skipped_the_mask() -> None:
    driver = Driver()
    driver.ask()
    found = driver.findings["mask-written"]
    assert (found.verdict, found.moment.ns) == (SKIPPED, 5000)


@pytest.mark.parametrize(
    ("port", "width", "write", "rule"),
    [
        (0x10, 1, False, "magic-width"),
        (0x10, 4, False, "magic-width"),
        (0x12, 2, False, "version-width"),
        (0x12, 4, True, "product-width"),
        (0x10, 1, True, "mask-width"),
    ],
)
def test_an_access_of_wrong_width_is_wrong(port: int, width: int, write: bool, rule: str) -> None:
    driver = Driver()
    if write:
        driver.write(port, width, 1)
    else:
        driver.read(port, width)
    assert driver.verdicts == {rule: WRONG}


def test_a_mask_of_four_bytes_is_a_build_number() -> None:
    driver = Driver()
    driver.ask()
    driver.write(0x10, 4, 3)
    assert driver.not_right == {"mask-width": WRONG, "mask-written": SKIPPED}
    assert "four are a build number" in driver.findings["mask-width"].words


def test_another_product_after_the_magic_number_is_no_mistaken_mask() -> None:
    driver = Driver()
    driver.ask()
    driver.product(3)
    driver.build()
    driver.magic()
    driver.mask()
    assert driver.not_right == {}


@pytest.mark.parametrize(("port", "width"), [(0x14, 1), (0x11, 2), (0x1F, 1)])
def test_other_ports_mean_nothing(port: int, width: int) -> None:
    driver = Driver()
    driver.read(port, width)
    assert driver.verdicts == {"known-ports": UNWISE}


def test_platform_flags_are_no_mistaken_mask_where_the_host_has_them() -> None:
    driver = Driver("qemu")
    driver.write(0x10, 1, 1)
    driver.read(0x10, 1)
    assert driver.verdicts == {}


@pytest.mark.parametrize(("mask", "words"), [(0, "it asks for nothing"), (0x13, "the bits 0x0010")])
def test_a_mask_that_means_nothing_is_unwise(mask: int, words: str) -> None:
    driver = Driver()
    driver.ask()
    driver.mask(mask)
    assert driver.not_right == {"mask-defined": UNWISE}
    assert words in driver.findings["mask-defined"].words


@pytest.mark.parametrize("mask", [1, 2, 4, 8, 15])
def test_every_defined_bit_may_be_asked_for(mask: int) -> None:
    driver = Driver()
    driver.ask()
    driver.mask(mask)
    assert driver.not_right == {}


@pytest.mark.parametrize("product", [0, 9])
def test_a_product_that_is_not_registered_is_unwise(product: int) -> None:
    driver = Driver()
    driver.magic()
    driver.version()
    driver.product(product)
    assert driver.not_right == {"product-registered": UNWISE}


def test_log_before_the_magic_number_is_wrong() -> None:
    driver = Driver()
    driver.log(b"hi\n")
    driver.ask()
    driver.mask()
    assert driver.not_right == {"log-after-magic": WRONG, "log-after-blacklist": UNWISE}


def test_log_without_the_magic_number_is_skipped_and_not_twice() -> None:
    driver = Driver()
    driver.log(b"hi\n")
    assert driver.not_right == {"log-after-magic": SKIPPED, "log-after-blacklist": UNWISE}
    assert driver.findings["log-after-magic"].count == 1


def test_log_between_the_magic_numbers_is_unwise() -> None:
    driver = Driver()
    driver.magic()
    driver.version()
    driver.log(b"hi\n")
    driver.product()
    driver.build()
    driver.magic()
    driver.mask()
    assert driver.not_right == {"log-after-blacklist": UNWISE}
    assert driver.verdicts["log-after-magic"] is RIGHT


def test_a_log_that_does_not_end_in_a_line_is_never_seen() -> None:
    driver = Driver()
    driver.ask()
    driver.mask()
    driver.log(b"one\ntwo")
    found = driver.findings["log-lines"]
    assert (found.verdict, found.moment.ns) == (SKIPPED, 11_000)
    assert found.words == "left 3 bytes of log without a newline: nobody will see them"


def test_a_line_that_fills_the_buffer_is_seen() -> None:
    driver = Driver()
    driver.ask()
    driver.mask()
    driver.log(b"x" * 4096)
    assert driver.verdicts["log-lines"] is RIGHT


def test_a_line_may_end_at_the_other_port_of_the_log() -> None:
    driver = Driver()
    driver.ask()
    driver.mask()
    driver.log(b"half")
    driver.log(b" and half\n", BAR0 + 8)
    assert driver.verdicts["log-lines"] is RIGHT


def test_a_log_that_is_throttled_was_too_much() -> None:
    driver = Driver()
    driver.ask()
    driver.mask()
    for _ in range(33):
        driver.log(b"x" * 4000 + b"\n")
    assert driver.not_right == {"log-volume": UNWISE}


@pytest.mark.parametrize(("offset", "value"), [(4, 1), (8, 1), (8, 2)])
def test_unplugging_by_the_platform_device_is_unwise(offset: int, value: int) -> None:
    driver = Driver("qemu")
    driver.write(BAR0 + offset, 1, value)
    assert driver.verdicts == {"fixed-ports": UNWISE}


def test_a_second_driver_is_judged_for_itself() -> None:
    driver = Driver()
    driver.ask()
    driver.mask(1)
    driver.magic()
    driver.version()
    driver.mask(2)
    skipped = dict.fromkeys(("product-named", "build-named", "magic-again"), SKIPPED)
    found = {(each.rule.id, each.verdict) for each in driver.checker.findings()}
    assert found == {(rule, RIGHT) for rule in SIX_STEPS} | set(skipped.items())


def test_a_reset_begins_anew() -> None:
    driver = Driver()
    driver.magic()
    driver.mask()
    driver.reset()
    driver.ask()
    driver.mask()
    found = {(each.rule.id, each.verdict): each.count for each in driver.checker.findings()}
    assert found == {
        **dict.fromkeys(((rule, SKIPPED) for rule in SIX_STEPS[1:5]), 1),
        **dict.fromkeys(((rule, RIGHT) for rule in SIX_STEPS[1:5]), 1),
        ("magic-first", RIGHT): 2,
        ("mask-written", RIGHT): 2,
    }


def test_the_next_step_is_known() -> None:
    driver = Driver()
    expected = []
    for step in ("magic", "version", "product", "build", "magic", "mask"):
        expected.append(driver.checker.state.conversation.next_step)
        getattr(driver, step)()
    assert expected == [
        *(Step.MAGIC, Step.VERSION, Step.PRODUCT, Step.BUILD, Step.MAGIC_AGAIN, Step.MASK),
    ]
    assert driver.checker.state.conversation.next_step is None


def test_after_a_refusal_nothing_comes_next() -> None:
    driver = Driver()
    driver.ask(REFUSED_BUILD)
    assert driver.checker.state.conversation.next_step is None


def test_rules_that_must_hold_may_be_chosen() -> None:
    driver = Driver()
    driver.magic()
    driver.mask(0x13)
    found = driver.checker.findings()
    assert {each.rule.id for each in broken(found)} == set(SIX_STEPS[1:5])
    assert [each.rule.id for each in broken(found, {"mask-defined", "magic-first"})] == ["mask-defined"]


def test_every_rule_says_what_it_demands_and_where_that_is_written() -> None:
    for rule_id, rule in RULES.items():
        assert rule.id == rule_id
        assert rule.demand.endswith(".")
        assert rule.reference.startswith("[")
        assert rule.right or rule.skipped or rule.wrong


def test_what_a_guest_does_for_ever_takes_no_memory() -> None:
    driver = Driver()
    for n in range(5000):
        driver.mask(n & 0xFFFF)
        driver.read(0x10 + n % 16, 1)
        driver.product(n)
    assert len(driver.checker.findings()) <= 2 * len(RULES)
