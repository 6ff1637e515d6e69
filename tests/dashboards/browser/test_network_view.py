"""One network on its board's page: its figures gathered, its dot ringed; without JavaScript its row is marked."""

from __future__ import annotations

import made_inputs
import pytest
from built_site import Built
from playwright.sync_api import Browser
from visiting import visit

from dashboards import formatting
from dashboards.values import Place

_RINGS = """() => [...document.querySelectorAll('.site-chart__live')].flatMap(chart => (chart.data || [])
    .filter(trace => trace.marker && trace.marker.symbol === 'circle-open')
    .map(trace => [trace.x[0], trace.y[0], trace.text[0]]))"""


def _network() -> tuple[str, str, str]:
    """Code and name of a network that has funnel limits, and the page of its board."""
    places = made_inputs.organisation()
    row = places[places["org_level"] == "pcn"].iloc[1]
    name = formatting.short_name(Place("pcn", str(row["org_code"]), str(row["org_name"])))
    return str(row["org_code"]), name, f"icb/{str(row['icb_code']).lower()}.html"


@pytest.mark.parametrize("protocol", ["http", "file"])
def test_the_network_of_the_address_is_told_and_ringed(
    chromium: Browser, served: str, built: Built, protocol: str
) -> None:
    code, name, path = _network()
    base = served if protocol == "http" else f"file://{built.folder}/"
    with visit(chromium) as visited:
        page = visited.open(f"{base}{path}?pcn={code}#{code.lower()}")
        view = page.locator("#network-view")
        assert view.locator("h2").inner_text() == f"{name} ({code})"
        told = dict(
            zip(view.locator("dt").all_inner_texts(), view.locator("dd").all_inner_texts(), strict=True)
        )
        heads = page.locator("#networks-rows thead th").all_inner_texts()[2:]
        cells = page.locator(f"#{code.lower()} td").all_inner_texts()[1:]
        assert {head: told[head] for head in heads} == dict(zip(heads, cells, strict=True))
        assert code in told["Practices"]
        row = made_inputs.network_funnel(made_inputs.organisation()).set_index("org_code").loc[code]
        rings = page.evaluate(_RINGS)
        assert [row["population"], pytest.approx(row["rate"]), name] in rings
        assert {ring[2] for ring in rings} == {name}
        assert visited.complaints == []


@pytest.mark.parametrize("query", ["", "pcn=U99999", "pcn=%3Cimg%20src=x%3E", "pcn=" + "U" * 3000])
def test_another_or_no_code_rings_nothing(chromium: Browser, served: str, query: str) -> None:
    with visit(chromium) as visited:
        page = visited.open(f"{served}icb/qop.html?{query}")
        assert page.evaluate(_RINGS) == []
        shown = page.locator("#network-view")
        if query == "pcn=U99999":
            assert "No network of this board has the code U99999." in shown.inner_text()
        else:
            assert shown.is_hidden()
        assert page.locator("#networks-rows tbody tr:visible").count() == 4
        assert visited.complaints == []


def test_without_javascript_the_table_is_complete_and_the_row_is_in_view(
    chromium: Browser, served: str
) -> None:
    code, name, path = _network()
    with visit(chromium, java_script_enabled=False) as visited:
        page = visited.page
        page.goto(f"{served}{path}?pcn={code}#{code.lower()}")
        assert page.locator("#networks-rows tbody tr").count() == 4
        assert name in page.locator("tr:target th").inner_text()
        assert page.locator("#network-view").is_hidden()
