"""What machines are told of a release: every page, chart, table and measure, with England's figure as published."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from built_site import Built

from dashboards import SiteInputs


@pytest.fixture(scope="module")
def index(built: Built) -> dict[str, Any]:
    return json.loads((built.folder / "figures.json").read_text(encoding="utf-8"))


def test_every_page_is_listed_in_both_files(built: Built, index: dict[str, Any]) -> None:
    pages = [path.relative_to(built.folder).as_posix() for path in built.pages]
    assert sorted((built.folder / "sitemap.txt").read_text(encoding="utf-8").splitlines()) == sorted(pages)
    assert sorted(page["path"] for page in index["pages"]) == sorted(pages)


def test_every_link_leads_to_what_it_names(built: Built, index: dict[str, Any]) -> None:
    parts = 0
    for page in index["pages"]:
        text = (built.folder / page["path"]).read_text(encoding="utf-8")
        for part in (*page["charts"], *page["tables"]):
            path, _, place = part["link"].partition("#")
            assert path == page["path"]
            assert f'id="{place}"' in text, part["link"]
            assert (built.folder / part["csv"]).is_file(), part["csv"]
            assert part.get("picture") is None or (built.folder / part["picture"]).is_file()
            parts += 1
    assert parts > len(index["pages"])


def test_england_is_as_published(index: dict[str, Any], inputs: SiteInputs) -> None:
    assert {measure["id"] for measure in index["measures"]} == set(inputs.metrics)
    told = [measure for measure in index["measures"] if measure["england"]]
    assert told
    rows = inputs.metric_value
    rows = rows[(rows["org_code"] == "ENG") & (rows["strand"] == "all") & (rows["sector"] == "all")]
    for measure in told:
        figure = measure["england"]
        starts = pd.to_datetime(rows["period_start"]).dt.strftime("%Y-%m-%d")
        same = rows[
            (rows["metric_id"] == measure["id"])
            & (starts == figure["period_start"])
            & (rows["period_grain"] == figure["period_grain"])
        ]
        assert len(same) == 1, measure["id"]
        published = same["value"].iloc[0]
        assert figure["value"] == (None if pd.isna(published) else pytest.approx(published)), measure["id"]


def test_it_says_which_release_and_licence(index: dict[str, Any], inputs: SiteInputs) -> None:
    assert index["release"]["id"] == inputs.release.release_id
    assert index["release"]["data_to"] == inputs.release.data_to.isoformat()
    assert index["licence"] == "Open Government Licence v3.0"


def test_the_manifest_and_the_about_page_name_both(built: Built) -> None:
    manifest = (built.folder / "manifest.json").read_text(encoding="utf-8")
    about = (built.folder / "about.html").read_text(encoding="utf-8")
    for name in ("figures.json", "sitemap.txt"):
        assert f'"{name}"' in manifest
        assert name in about
