"""The report of a suite: one HTML page that needs nothing but itself.

All text is in the page as it stands; its script adds the picture of the timeline, the filter and the theme.
What a guest wrote is hostile: every text is escaped, what a page cannot show is spelled out, and the page's
own policy allows no script but its own and no request at all.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from emu.core.errors import ConfigError
from emu.smoke.result import CaseResult

HERE = Path(__file__).parent
SCRIPTS = ("timeline.js", "page.js")


def write_report(path: Path, results: Sequence[CaseResult], title: str = "Smoke tests") -> None:
    """Write the page to `path`, whole or not at all. Raises ConfigError where it cannot be written."""
    page = render(results, title, beside=path.parent).encode("utf-8")
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(page)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        why = f"the report {path} cannot be written: {error.strerror}; give another path"
        raise ConfigError(why) from None


def render(results: Sequence[CaseResult], title: str = "Smoke tests", *, beside: Path | None = None) -> str:
    """The page as text. Kept files that lie below the folder `beside` are linked."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    from emu.smoke.report.page import FILTERS, Page

    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS, script_data=lambda data: Markup(data.replace("<", "\\u003c")))
    script = "\n".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return environment.get_template("page.html.j2").render(
        page=Page(results, title, beside),
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii"),
    )
