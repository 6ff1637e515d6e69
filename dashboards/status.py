"""The status page: what the last attempt to publish came to. It lies beside the releases, which never change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboards import formatting, wording
from dashboards.assets import style_sheet
from dashboards.frontend import FrontEnd, find_front_end

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class FailedCheck:
    """A check that did not pass: what it asks for, how heavy it is, of which table, and who answers for it."""

    description: str
    severity: str
    status: str
    asset: str
    owner: str


@dataclass(frozen=True)
class Status:
    """The last judgement and the release that readers see. ``live`` is None while nothing is published."""

    judged_at: datetime
    outcome: str  # passed | passed_with_warnings | refused | overridden
    published: bool  # whether the build that was judged is the live release
    live: str | None
    live_since: date | None
    failed: tuple[FailedCheck, ...]
    demonstration: bool

    @property
    def sentence(self) -> str:
        """What happened, and what readers see, in words."""
        kept = f"Release {self.live} stays as it was published." if self.live else "Nothing is published yet."
        day = formatting.day(self.judged_at.date())
        if self.published:
            return (
                f"The checks of {day} {wording.gate_result(self.outcome)}, and release {self.live} is live."
            )
        if self.outcome == "refused":
            return f"New data were refused on {day}: checks failed. {kept}"
        return f"New data passed the checks on {day} but are not live. {kept}"


def status_page(status: Status, parts: FrontEnd | None = None) -> dict[str, str]:
    """The files of the page by name: the page and its style sheet."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("status.jinja").render(
        status=status, wording=wording, day=formatting.day, refused=status.outcome == "refused"
    )
    return {"index.html": html, "status.css": style_sheet(parts or find_front_end())}
