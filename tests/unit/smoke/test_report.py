"""The report: one page that needs nothing else, tells all without its script, and believes no guest."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from emu.core.errors import ConfigError
from emu.smoke.report import render, write_report
from emu.smoke.result import CaseResult, Ending

HOSTILE = "</script><img onerror=alert(1) src=x>\x1b[31m\x00</pre><!--\"' & \u202e <b>"
VOID = {"meta", "input", "br", "img", "link", "hr"}
TIMELINE = {
    "end_ns": 5_000_000,
    "lanes": [
        {
            "name": "IDE ports",
            "kind": "ports",
            "unit": "accesses",
            "total": 44,
            "width_ns": 256,
            "at": [3, 1, 1, 40],
            "sums": [4, 4, 4, 32],
        }
    ],
    "modes": [[0, "real mode"], [2_000_000, "long mode"]],
    "events": [[3_000_000, "unplug", "disk 0 left primary master"]],
    "events_left_out": 0,
}
FINDING = {
    "rule": "magic-first",
    "verdict": "wrong",
    "words": "wrote the mask first",
    "demand": "First of all a driver reads the magic number.",
    "reference": "[mail], step 1",
    "advice": False,
    "ns": 1_000_000,
    "count": 2,
    "place": None,
}


def passed(name: str = "hello", **changes: Any) -> CaseResult:
    fresh = CaseResult(
        name=name,
        file="guests/hello.emu.toml",
        ending=Ending.PASSED,
        outcome="SUCCESS",
        virtual_ns=8_912_088,
        console="Hello\r\nTest result: SUCCESS\r\n",
        timeline=TIMELINE,
    )
    return replace(fresh, **changes)


class Page(HTMLParser):
    """What is in a page; fails where tags do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "tags are left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif not self.open or self.open[-1] != "style":
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.tags if name in attributes]


def test_what_a_guest_wrote_stays_text() -> None:
    hostile_row = ["1.000000 ms", HOSTILE, HOSTILE, HOSTILE, HOSTILE]
    page = Page(
        render(
            [
                passed(
                    HOSTILE,
                    ending=Ending.FAILED,
                    file=HOSTILE,
                    reason=HOSTILE,
                    also=[HOSTILE],
                    outcome=HOSTILE,
                    trace_hash=HOSTILE,
                    console=HOSTILE,
                    screen=[[{"text": HOSTILE, "foreground": "#aaaaaa", "background": "red;}</style><p>"}]],
                    transcript=[hostile_row],
                    unplugged=[HOSTILE],
                    findings=[{**FINDING, "words": HOSTILE}],
                    timeline={**TIMELINE, "events": [[1, HOSTILE, HOSTILE]]},
                    last_accesses=[HOSTILE],
                    processor=[HOSTILE],
                    kept=[HOSTILE],
                )
            ],
            title=HOSTILE,
        )
    )
    assert {tag for tag, _ in page.tags}.isdisjoint({"img", "b"})
    assert page.attributes("onerror") == []
    assert page.text.count("<img onerror=alert(1) src=x>") >= 14
    assert len(page.scripts) == 2
    assert json.loads(page.scripts[0])[0]["events"][0][1] == HOSTILE


def test_controls_are_shown_and_never_sent() -> None:
    html = render([passed(console="a\x00b\x07c\x7fd\u202ee\ud800f \x1b[1;31mred\x1b[0m")])
    assert "a␀b␇c␡d\\u202ee\\ud800f red" in html
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", html)


def test_nothing_is_fetched() -> None:
    page = Page(render([passed(kept=["https://example.org/x", "//example.org/y"])], beside=Path("/out")))
    assert page.attributes("src") == page.attributes("srcset") == []
    assert all(link.startswith(("#", "./")) for link in page.attributes("href"))
    policy = page.attributes("content")[0]
    assert policy.startswith("default-src 'none'")
    html = render([passed()])
    assert "@import" not in html
    assert "url(" not in html


def test_without_its_script_the_page_tells_everything() -> None:
    result = passed(
        "unplug[memory=16]",
        ending=Ending.FAILED,
        reason="line 3 never came",
        also=["nic 0 should remain"],
        trace_hash="c0ffee",
        screen=[[{"text": "On the screen", "foreground": "#aaaaaa", "background": "#0000aa"}]],
        transcript=[["0.100000 ms", "0x10", "read 2", "0x49d2", "the protocol is here"]],
        unplugged=["disk 0 left IDE primary master"],
        findings=[FINDING],
        last_accesses=["write 1 port 0xf4"],
        processor=["eax 00000001"],
        kept=["/kept/run.emurec"],
    )
    text = Page(render([result])).text
    for told in (
        *(
            "unplug[memory=16]",
            "line 3 never came",
            "nic 0 should remain",
            "c0ffee",
            "On the screen",
            "the protocol is here",
        ),
        *("disk 0 left IDE primary master", "wrote the mask first", "(2 times)", "write 1 port 0xf4"),
        *("eax 00000001", "/kept/run.emurec", "Hello\nTest result: SUCCESS", "8.912088 ms", "IDE ports"),
        *("long mode", "3.000000 ms", "disk 0 left primary master", "1 of 1 test did not pass: 1 failed."),
    ):
        assert told in text, told


def test_no_results_make_a_page_that_says_so() -> None:
    text = Page(render([])).text
    assert "No test was run." in text
    assert "There is nothing to show." in text


def test_equal_texts_are_in_the_page_once_and_the_others_point_there() -> None:
    console = "the same console " * 500
    cases = [passed(f"guest[memory={size}]", console=console) for size in (8, 16, 32)]
    html = render(cases)
    page = Page(html)
    assert html.count(console.strip()) == 1
    assert html.count('"end":5000000') == 1
    ids = set(page.attributes("id"))
    assert {"#" + like for like in page.attributes("data-like")} <= set(page.attributes("href"))
    assert {href[1:] for href in page.attributes("href") if href.startswith("#")} <= ids


def test_addresses_are_unique_however_alike_the_names() -> None:
    ids = Page(
        render([passed("a b"), passed("A-B"), passed("a-b-2"), passed("a b"), passed("…")])
    ).attributes("id")
    assert len(ids) == len(set(ids))
    assert {"a-b", "a-b-2", "test"} <= set(ids)


def test_a_matrix_is_a_table() -> None:
    cases = [
        passed(f"guest[profile={profile},memory={size}]")
        for profile in ("seed", "qemu")
        for size in (8, 16, 32)
    ]
    cases[4] = replace(cases[4], ending=Ending.ERROR, reason="the worker died")
    page = Page(render(cases))
    cells = [attributes for tag, attributes in page.tags if tag == "a" and "data-case" in attributes]
    assert [cell["class"] for cell in cells] == ["cell passed"] * 4 + ["cell error"] + ["cell passed"]
    assert cells[4]["href"] == "#guest-profile-qemu-memory-16"


@pytest.mark.parametrize(
    "names",
    [("guest[a]", "guest[b]"), ("g[a=1]", "g[b=1]"), ("g[a=1]", "g[a=1]"), ("g[]", "g[=]"), ("[", "]")],
)
def test_names_that_make_no_table_are_a_list(names: tuple[str, str]) -> None:
    page = Page(render([passed(name) for name in names]))
    assert "data-case" not in {key for _, attributes in page.tags for key in attributes}
    assert sum(tag == "details" and "data-ending" in attributes for tag, attributes in page.tags) == 2


def test_a_comma_in_a_value_is_part_of_it() -> None:
    page = Page(render([passed(f"g[blacklist=1/42,1/43,memory={size}]") for size in (8, 16)]))
    assert "1/42,1/43" in page.text
    assert len(page.attributes("data-case")) == 2


def test_files_are_named_as_from_here() -> None:
    text = Page(render([passed(file=str(Path.cwd() / "guests" / "mine.emu.toml"))])).text
    assert "guests/mine.emu.toml" in text
    assert str(Path.cwd()) not in text


def test_files_beside_the_report_are_linked(tmp_path: Path) -> None:
    kept = tmp_path / "kept" / "a b#.txt"
    page = Page(render([passed(kept=[str(kept), "/elsewhere/x"])], beside=tmp_path))
    assert [link for link in page.attributes("href") if link.startswith("./")] == ["./kept/a%20b%23.txt"]


def test_sixty_different_cases_stay_below_two_megabytes(tmp_path: Path) -> None:
    def case(number: int) -> CaseResult:
        lane = {"kind": "ports", "unit": "accesses", "total": 9, "width_ns": 256}
        lanes = [
            {
                **lane,
                "name": f"lane {n}",
                "at": [number + n, *[1 + n % 7] * 399],
                "sums": [9 + k % 50 for k in range(400)],
            }
            for n in range(20)
        ]
        return passed(
            f"guest[number={number}]",
            console=f"{number}\n" * 600,
            transcript=[[f"{number}.000000 ms", "0x10", "read 2", "0x49d2", "the protocol is here"]] * 60,
            screen=[[{"text": f"{number:80}", "foreground": "#aaaaaa", "background": "#000000"}]] * 25,
            timeline={**TIMELINE, "lanes": lanes},
        )

    path = tmp_path / "report.html"
    write_report(path, [case(number) for number in range(60)])
    assert path.stat().st_size < 2 << 20


def test_of_a_flood_the_end_is_shown_and_said_to_be_the_end() -> None:
    html = render([passed(console="flood " * 1_000_000 + "the last words")])
    assert len(html) < 200_000
    assert "the last words" in html
    assert "characters before this are left out." in html


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.mkdir()
    with pytest.raises(ConfigError, match=r"the report .* cannot be written: .*; give another path"):
        write_report(path, [passed()])
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(ConfigError, match="cannot be written"):
        write_report(tmp_path / "missing" / "report.html", [passed()])


def test_an_older_report_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    write_report(path, [passed()], title="New")
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
