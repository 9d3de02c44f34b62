"""The report in headless Chromium: it opens from a file, asks for nothing, and its timeline moves."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from emu.smoke.report import write_report
from emu.smoke.result import CaseResult
from tests.real.chromium import Browser, browser
from tests.unit.smoke.cases import matrix, result_of

CASES, LARGEST = 60, 2 << 20
FAILING = "unplug-all-profile-seed-blacklist-1-2008-memory-8"
"""The address of a case in which the host refuses the driver."""
HOSTILE = (
    "</pre></script><script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
)
CANVAS = "document.querySelector('.case[open] canvas')"


@pytest.fixture(scope="module")
def results() -> list[CaseResult]:
    """Sixty cases that really ran: three drivers against twenty hosts each."""
    guests = ("unplug-all", "unplug-all-long", "unplug-all-real")
    cases = [case for guest in guests for case in matrix(guest)]
    assert len(cases) == CASES
    return cases


@pytest.fixture(scope="module")
def report(results: Sequence[CaseResult], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, results)
    return path


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Browser]:
    """A browser whose page has complained of nothing when the test ends."""
    with browser(tmp_path / "profile") as opened:
        opened.resize(1280, 900)
        yield opened
        assert opened.errors == []


def rows_of(png: bytes) -> list[bytes]:
    """The filtered rows of a PNG: of a row in one colour they are zeros, but for the first pixel."""
    data, at, width = b"", 8, 0
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width = struct.unpack(">I", body[:4])[0] * (4 if body[9] == 6 else 3) + 1
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    raw = zlib.decompress(data)
    return [raw[start : start + width] for start in range(0, len(raw), width)]


def has_content(png: bytes) -> bool:
    """Whether there is more on a picture than one colour: many of its rows say something new."""
    return sum(len(set(row[8:])) > 4 for row in rows_of(png)) > 100


def brightness(page: Browser) -> int:
    """The sum of red, green and blue of the page's paper."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))


def span(page: Browser) -> int:
    """How many nanoseconds the timeline shows."""
    return int(page.evaluate(f"{CANVAS}.dataset.to - {CANVAS}.dataset.from"))


def place(page: Browser) -> tuple[float, float, float]:
    """The left edge, the top and the width of the timeline."""
    box = page.evaluate(
        f"(() => {{ const box = {CANVAS}.getBoundingClientRect(); return [box.x, box.y, box.width]; }})()"
    )
    return tuple(box)


def middle(page: Browser) -> tuple[float, float]:
    """A point amid the timeline's lanes."""
    left, top, width = place(page)
    return left + width / 2, top + 100


def test_sixty_cases_are_small_and_open_from_a_file(report: Path, page: Browser) -> None:
    assert report.stat().st_size < LARGEST
    page.open(report.as_uri())
    assert page.requests == [report.as_uri()]
    assert page.evaluate("document.querySelectorAll('.case').length") == CASES
    assert page.evaluate("document.querySelectorAll('.cell').length") == CASES


def test_it_is_light_or_dark_as_the_system_is_and_as_its_reader_likes(report: Path, page: Browser) -> None:
    light = 700
    page.prefer("light")
    page.open(report.as_uri())
    assert brightness(page) > light
    bright = page.screenshot()
    assert has_content(bright)
    page.prefer("dark")
    assert brightness(page) < 100
    dark = page.screenshot()
    assert has_content(dark)
    assert dark != bright
    page.evaluate("document.getElementById('theme').click()")
    assert brightness(page) > light
    page.open("about:blank")
    page.open(report.as_uri())
    assert brightness(page) > light, "it is remembered"


def test_a_link_to_a_case_opens_it(report: Path, page: Browser) -> None:
    page.open(f"{report.as_uri()}#{FAILING}")
    assert page.evaluate("[...document.querySelectorAll('.case[open] .body')].map((each) => each.id)") == [
        FAILING
    ]
    top = page.evaluate(f"document.getElementById('{FAILING}').getBoundingClientRect().top")
    assert 0 <= top < 200
    assert page.evaluate(f"{CANVAS}.clientWidth") > 600
    assert has_content(page.screenshot())


def test_what_is_shared_is_copied_into_a_case_that_is_opened(report: Path, page: Browser) -> None:
    address = "unplug-all-profile-seed-blacklist-empty-memory-64"
    page.open(report.as_uri())
    assert page.evaluate(f"document.querySelectorAll('#{address} [data-like]').length") > 0
    page.open(f"{report.as_uri()}#{address}")
    page.wait_for(f"document.querySelectorAll('#{address} [data-like]').length === 0")
    assert "Test result: SUCCESS" in page.evaluate(
        f"document.querySelector('#{address} .console pre').textContent"
    )
    assert page.evaluate(f"document.querySelectorAll('#{address} .transcript tr[data-ns]').length") > 10


def test_the_timeline_zooms_and_moves_by_wheel_keys_and_drag(report: Path, page: Browser) -> None:
    page.open(f"{report.as_uri()}#{FAILING}")
    whole = span(page)
    x, y = middle(page)
    page.mouse("mousePressed", x, y, button="left", clickCount=1)
    page.mouse("mouseReleased", x, y, button="left", clickCount=1)
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-300)
    page.wait_for(f"{CANVAS}.dataset.from > 0")
    zoomed = span(page)
    assert zoomed < whole / 2 + 1
    page.key("ArrowRight")
    assert span(page) == pytest.approx(zoomed, abs=2)
    assert int(page.evaluate(f"{CANVAS}.dataset.from")) > 0
    page.key("0")
    assert span(page) == whole
    page.key("+")
    assert span(page) == pytest.approx(whole / 2, abs=2)
    page.key("0")
    page.mouse("mousePressed", x, y, button="left", clickCount=1)
    page.mouse("mouseMoved", x + 100, y, button="left", buttons=1)
    page.mouse("mouseReleased", x + 100, y, button="left", clickCount=1)
    assert span(page) < whole / 4
    page.key("0")
    page.key("n")
    assert "ms: " in page.evaluate("document.querySelector('.case[open] [aria-live]').textContent")


def test_a_page_that_is_scrolled_does_not_zoom(report: Path, page: Browser) -> None:
    page.open(f"{report.as_uri()}#{FAILING}")
    whole, above = span(page), page.evaluate("scrollY")
    page.mouse("mouseWheel", *middle(page), deltaX=0, deltaY=-300)
    page.wait_for(f"scrollY < {above}")
    assert span(page) == whole


def test_pointing_at_a_lane_tells_what_happened(report: Path, page: Browser) -> None:
    page.open(f"{report.as_uri()}#{FAILING}")
    left, top, width = place(page)
    told = set()
    for x in range(int(left) + 140, int(left + width) - 10, 8):
        page.mouse("mouseMoved", x, top + 85)
        told.add(page.evaluate("document.querySelector('.case[open] .tip').textContent").split(":")[1][:4])
    assert " not" in told, "there is a time without"
    assert len(told) > 3, "and times with different numbers"


def test_the_filter_takes_endings_and_words(
    report: Path, results: Sequence[CaseResult], page: Browser
) -> None:
    page.open(report.as_uri())
    shown = "document.querySelectorAll('.case:not([hidden])').length"
    page.evaluate("document.querySelector('button[data-ending=passed]').click()")
    assert page.evaluate(shown) == sum(result.ending.value != "passed" for result in results)
    page.evaluate("document.querySelector('button[data-ending=passed]').click()")
    page.evaluate("document.getElementById('words').focus()")
    for character in "long memory=16":
        page.key(character)
    fitting = [result for result in results if "-long" in result.name and "memory=16" in result.name]
    page.wait_for(f"{shown} === {len(fitting)}")
    assert (
        page.evaluate("document.getElementById('shown').textContent")
        == f"{len(fitting)} of {CASES} tests shown"
    )


def test_a_hostile_guest_runs_nothing(tmp_path: Path, page: Browser) -> None:
    case = replace(result_of("hello"), console=HOSTILE, reason=HOSTILE, unplugged=[HOSTILE], kept=[HOSTILE])
    write_report(tmp_path / "report.html", [case], title="Honest")
    page.open((tmp_path / "report.html").as_uri() + "#hello")
    assert page.evaluate("document.title").startswith("Honest")
    assert page.evaluate("document.querySelector('.console pre').textContent") == HOSTILE
    assert len(page.requests) == 1


def test_a_narrow_window_needs_no_scrolling_sideways(report: Path, page: Browser) -> None:
    page.resize(400, 800)
    page.open(f"{report.as_uri()}#{FAILING}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_paper_is_light_and_the_screen_is_as_before(report: Path, page: Browser) -> None:
    page.prefer("dark")
    page.open(f"{report.as_uri()}#{FAILING}")
    page.evaluate(
        "addEventListener('beforeprint', () => { window.paper = document.documentElement.dataset.theme; })"
    )
    printed = base64.b64decode(page.send("Page.printToPDF")["data"])
    assert printed.startswith(b"%PDF")
    assert page.evaluate("window.paper") == "light"
    assert brightness(page) < 100


def test_without_scripts_a_case_opens_and_tells_its_story(report: Path, page: Browser) -> None:
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.open(f"{report.as_uri()}#{FAILING}")
    tree = page.send("Accessibility.getFullAXTree")["nodes"]
    told = " ".join(str(node.get("name", {}).get("value", "")) for node in tree if not node["ignored"])
    assert "expected SUCCESS, got FAILURE" in told
    assert "In numbers" in told, "the case is open"
    assert "In protected mode" in told
