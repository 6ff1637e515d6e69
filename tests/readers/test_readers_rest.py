"""The ODS client against a local server that replays recorded answers and misbehaves on demand."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest

from orchestration.readers import SourceTable, Unreadable, rest
from orchestration.readers.http_client import PoliteClient, Politeness, error_text, retry_after_seconds
from orchestration.readers.ods_records import ORGANISATION_COLUMNS
from orchestration.readers.rest import read_fhir_organisations, read_ods

Reply = tuple[int, dict[str, str], bytes]
Route = Callable[[str, dict[str, str]], Reply]

QUICK = Politeness(
    attempts=4, first_wait=0.01, longest_wait=1.5, jitter=0.01, requests_per_second=1000, timeout=5
)


@dataclass
class Api:
    """A local server: its route may be replaced, its requests are kept."""

    url: str
    route: Route
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list[tuple[str, dict[str, str]]])
    times: list[float] = field(default_factory=list[float])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


def as_json(data: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, json.dumps(data).encode()


@pytest.fixture
def api() -> Iterator[Api]:
    state = Api("", lambda path, query: as_json({"ErrorCode": 404, "ErrorText": "Not Found."}, 404))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            state.requests.append((parts.path, query))
            state.times.append(time.monotonic())
            state.headers.append(dict(self.headers.items()))
            status, headers, body = state.route(parts.path, query)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing: the test output is no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/ORD/2-0-0"
    yield state
    server.shutdown()
    server.server_close()


def organisation(number: int) -> dict[str, str]:
    return {
        "Name": f"PCN {number}",
        "OrgId": f"U{number:05}",
        "Status": "Active",
        "OrgRecordClass": "RC1",
        "PostCode": "AL10 8YE",
        "LastChangeDate": "2025-01-01",
        "PrimaryRoleId": "RO272",
        "PrimaryRoleDescription": "PRIMARY CARE NETWORK",
    }


def search_of(totals: Callable[[int], int]) -> Route:
    """ORD search: pages by Limit and a 1-based Offset; ``totals`` = the total at the n-th request from 0."""
    count = -1

    def route(path: str, query: dict[str, str]) -> Reply:
        nonlocal count
        count += 1
        offset, limit, total = int(query["Offset"]), int(query["Limit"]), totals(count)
        if offset < 1 or limit > 1000:
            return as_json({"ErrorCode": 406, "ErrorText": "Offset must be greater than 0."}, 406)
        page = [organisation(number) for number in range(offset, min(offset + limit, total + 1))]
        return as_json({"Organisations": page}, X_Total_Count=str(total))

    return route


def failing_first(replies: list[Reply], then: Route) -> Route:
    """The given replies in turn, then the real route."""
    left = list(replies)
    return lambda path, query: left.pop(0) if left else then(path, query)


def codes(table: SourceTable) -> list[str]:
    return cast("list[str]", table.rows.column("c0").to_pylist())


def record(table: SourceTable, row: int = 0) -> dict[str, str]:
    """Filled columns of a row by name."""
    values = table.rows.slice(row, 1).to_pylist()[0]
    named = {name: values[f"c{index}"] for index, name in enumerate(table.header)}
    return {name: value for name, value in named.items() if value is not None}


def refused(call: Callable[[], object]) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        call()
    assert "\n" not in caught.value.message
    return caught.value


# --- recordings --------------------------------------------------------------------------------------------


@pytest.fixture
def recordings(shared_data: Path) -> Path:
    folder = shared_data / "ods_api"
    if not folder.is_dir():
        pytest.skip("the recorded ODS answers are not present")
    return folder


def test_recorded_search_and_details(api: Api, recordings: Path) -> None:
    def route(path: str, query: dict[str, str]) -> Reply:
        last = path.rsplit("/", 1)[-1]
        if last == "organisations":
            body = (recordings / "organisations_search_summary_RO197.json").read_bytes()
            return 200, {"X-Total-Count": "1"}, body
        file = recordings / f"organisations_{last}.json"
        if file.exists():
            return 200, {}, file.read_bytes()
        return as_json({"ErrorCode": 404, "ErrorText": "Not Found."}, 404)

    api.route = route
    found = read_ods(api.url, filters={"PrimaryRoleId": "RO197"}, politeness=QUICK)
    assert found.header == ORGANISATION_COLUMNS
    assert record(found) == {
        "code": "RWR",
        "name": "HERTFORDSHIRE PARTNERSHIP UNIVERSITY NHS FOUNDATION TRUST",
        "status": "Active",
        "postcode": "AL10 8YE",
        "record_class": "RC1",
        "primary_role": "RO197",
        "last_change_date": "2020-04-06",
    }
    assert api.requests == [
        ("/ORD/2-0-0/organisations", {"PrimaryRoleId": "RO197", "Limit": "1000", "Offset": "1"})
    ]

    detailed = record(read_ods(api.url, "organisations?PrimaryRoleId=RO197", detail=True, politeness=QUICK))
    assert detailed["open_date"] == "2001-04-01"
    assert detailed["located_in"] == "QM7"  # the six closed relationships are left out
    assert detailed["predecessors"] == "RC8|RQJ"
    assert detailed["other_roles"] == "RO57"
    assert "close_date" not in detailed

    hub = record(read_ods(api.url, codes=["97T"], politeness=QUICK))
    assert (hub["open_date"], hub["legal_open_date"], hub["primary_role"]) == (
        "2019-10-25",
        "2020-04-01",
        "RO98",
    )

    error = refused(lambda: read_ods(api.url, codes=["RWR", "NOPE"], politeness=QUICK))
    assert (error.code, error.found) == ("http_404", "HTTP 404: Not Found.")
    assert error.where == "organisations/NOPE"


def test_recorded_operation_outcomes_are_quoted(recordings: Path) -> None:
    folder = recordings / "fhir_r4_examples"
    bodies = {path.stem: error_text(path.read_bytes()) for path in folder.glob("ODS-OperationOutcome-*.xml")}
    assert len(bodies) == 6
    assert all(bodies.values())
    assert bodies["ODS-OperationOutcome-InvalidID-Example"].startswith("HAPI-2001: Resource Organization/")


def fhir_json(element: ET.Element) -> dict[str, Any]:
    """The JSON form of a FHIR resource given as XML; enough of it for Organization."""
    lists = {"extension", "identifier", "type", "coding", "telecom", "address", "line"}
    result: dict[str, Any] = {}
    if element.get("url"):
        result["url"] = element.get("url")
    for child in element:
        name = child.tag.rpartition("}")[2]
        text = child.get("value")
        value: Any = fhir_json(child) if text is None else {"true": True, "false": False}.get(text, text)
        if name in lists:
            result.setdefault(name, []).append(value)
        else:
            result[name] = value
    return result


def test_recorded_fhir_organisations_page_by_their_links(api: Api, recordings: Path) -> None:
    names = ["G81086", "FCE71", "4VE03"]
    resources = [
        {"resourceType": "Organization", **fhir_json(ET.parse(path).getroot())}
        for path in (
            recordings / "fhir_r4_examples" / f"ODS-Organization-{name}-Example.xml" for name in names
        )
    ]

    def route(path: str, query: dict[str, str]) -> Reply:
        page = int(query.get("page", "0"))
        link = [{"relation": "self", "url": api.url}]
        if page < 2:
            link.append({"relation": "next", "url": f"{api.url}/Organization?page={page + 1}"})
        return as_json({"resourceType": "Bundle", "link": link, "entry": [{"resource": resources[page]}]})

    api.route = route
    table = read_fhir_organisations(
        api.url, filters={"activeRoleCode": "RO177"}, page_size=1, api_key="k", politeness=QUICK
    )
    assert codes(table) == names
    practice = record(table)
    assert (practice["name"], practice["postcode"], practice["status"]) == (
        "BIRD-IN-EYE SURGERY",
        "TN22 5AW",
        "Active",
    )
    assert (practice["other_roles"], practice["last_change_date"]) == ("RO177|RO76", "2023-08-22")
    assert record(table, 1)["status"] == "Inactive"
    assert api.requests[0] == ("/ORD/2-0-0/Organization", {"activeRoleCode": "RO177", "_count": "1"})
    assert api.requests[2][1] == {"page": "2"}
    assert all(headers["apikey"] == "k" for headers in api.headers)


# --- paging ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [0, 1, 9, 10, 11, 25, 30])
def test_every_organisation_comes_once(api: Api, total: int) -> None:
    api.route = search_of(lambda _: total)
    table = read_ods(api.url, page_size=10, politeness=QUICK)
    assert codes(table) == [f"U{number:05}" for number in range(1, total + 1)]
    assert table.rows.column("line").to_pylist() == list(range(1, total + 1))
    assert len(api.requests) == max(1, -(-total // 10))
    assert table.notes == (() if total else ("no rows",))


def test_offsets_count_from_one(api: Api) -> None:
    api.route = search_of(lambda _: 25)
    read_ods(api.url, page_size=10, politeness=QUICK)
    assert [query["Offset"] for _, query in api.requests] == ["1", "11", "21"]


def test_an_offset_of_zero_would_be_refused_clearly(api: Api) -> None:
    api.route = search_of(lambda _: 25)
    with PoliteClient(api.url + "/", QUICK) as client:
        error = refused(lambda: client.get("organisations", {"Offset": "0", "Limit": "10"}))
    assert (error.code, error.found) == ("http_406", "HTTP 406: Offset must be greater than 0.")
    assert "counts from 1" in error.expected
    assert len(api.requests) == 1  # a refusal is not tried again


def test_a_total_that_shrinks_while_paging_is_read_again(api: Api) -> None:
    api.route = search_of(lambda request: 25 if request < 1 else 24)
    table = read_ods(api.url, page_size=10, politeness=QUICK)
    assert codes(table) == [f"U{number:05}" for number in range(1, 25)]
    assert table.notes == ("the number of organisations changed while paging: read again from the start",)
    assert [query["Offset"] for _, query in api.requests] == ["1", "11", "1", "11", "21"]


def test_a_total_that_never_holds_is_refused(api: Api) -> None:
    api.route = search_of(lambda request: 100 - request)
    assert refused(lambda: read_ods(api.url, page_size=10, politeness=QUICK)).code == "unstable_total"


def test_a_total_larger_than_what_comes_is_refused(api: Api) -> None:
    def route(path: str, query: dict[str, str]) -> Reply:
        page = [organisation(1)] if query["Offset"] == "1" else []
        return as_json({"Organisations": page}, X_Total_Count="3")

    api.route = route
    assert refused(lambda: read_ods(api.url, page_size=10, politeness=QUICK)).code == "unstable_total"


def test_without_a_total_the_short_page_ends_it(api: Api) -> None:
    inner = search_of(lambda _: 20)

    def route(path: str, query: dict[str, str]) -> Reply:
        status, _, body = inner(path, query)
        return status, {}, body

    api.route = route
    assert len(codes(read_ods(api.url, page_size=10, politeness=QUICK))) == 20
    assert len(api.requests) == 3


def test_a_server_that_repeats_its_page_is_not_asked_for_ever(api: Api) -> None:
    api.route = lambda path, query: as_json(
        {"Organisations": [organisation(number) for number in range(10)]}, X_Total_Count="50"
    )
    error = refused(lambda: read_ods(api.url, page_size=10, politeness=QUICK))
    assert (error.code, len(api.requests)) == ("endless_paging", 2)


def test_ever_new_pages_end_at_the_guard(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "MAX_PAGES", 5)
    api.route = search_of(lambda _: 10_000)
    assert refused(lambda: read_ods(api.url, page_size=10, politeness=QUICK)).code == "endless_paging"
    assert len(api.requests) == 5


@pytest.mark.parametrize("target", ["{url}/Organization", "http://127.0.0.2:1/Organization?page=2"])
def test_fhir_links_neither_loop_nor_leave_the_server(api: Api, target: str) -> None:
    url = target.format(url=api.url)
    api.route = lambda path, query: as_json(
        {"resourceType": "Bundle", "link": [{"relation": "next", "url": url}], "entry": []}
    )
    error = refused(lambda: read_fhir_organisations(api.url, politeness=QUICK))
    assert error.code == ("endless_paging" if "{url}" in target else "foreign_link")
    assert len(api.requests) <= 2


# --- faults ------------------------------------------------------------------------------------------------


def test_retry_after_is_honoured(api: Api) -> None:
    api.route = failing_first([(429, {"Retry-After": "1"}, b"")], search_of(lambda _: 1))
    assert codes(read_ods(api.url, politeness=QUICK)) == ["U00001"]
    assert api.times[1] - api.times[0] >= 1.0


def test_a_pause_longer_than_bearable_is_refused_at_once(api: Api) -> None:
    api.route = failing_first([(429, {"Retry-After": "3600"}, b"")], search_of(lambda _: 1))
    error = refused(lambda: read_ods(api.url, politeness=QUICK))
    assert (error.code, len(api.requests)) == ("http_429", 1)
    assert "3,600 seconds" in error.found


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_two_failures_are_survived(api: Api, status: int) -> None:
    api.route = failing_first([(status, {}, b"<html>busy</html>")] * 2, search_of(lambda _: 1))
    assert codes(read_ods(api.url, politeness=QUICK)) == ["U00001"]
    assert len(api.requests) == 3


def test_a_server_that_stays_down_is_given_up(api: Api) -> None:
    api.route = lambda path, query: (503, {}, b"")
    error = refused(lambda: read_ods(api.url, politeness=QUICK))
    assert (error.code, error.found, len(api.requests)) == ("http_503", "HTTP 503", QUICK.attempts)


def test_cut_off_json_is_tried_again_then_refused(api: Api) -> None:
    cut: Reply = (200, {}, b'{"Organisations":[{"Name":"PCN')
    api.route = failing_first([cut], search_of(lambda _: 1))
    assert codes(read_ods(api.url, politeness=QUICK)) == ["U00001"]
    api.route = lambda path, query: cut
    assert refused(lambda: read_ods(api.url, politeness=QUICK)).code == "bad_answer"


def test_a_body_shorter_than_announced_is_tried_again(api: Api) -> None:
    short: Reply = (200, {"Content-Length": "5000", "Connection": "close"}, b'{"Organisations":[]}')
    api.route = failing_first([short], search_of(lambda _: 1))

    assert codes(read_ods(api.url, politeness=Politeness(**{**vars(QUICK), "timeout": 0.5}))) == ["U00001"]


def test_no_server_is_refused() -> None:
    error = refused(lambda: read_ods("http://127.0.0.1:9/ORD/2-0-0", politeness=QUICK))
    assert (error.code, error.found) == ("no_connection", "no complete answer (ConnectError)")


@pytest.mark.parametrize(
    "body", [{"Organisations": None}, [], {"Organisations": [{"OrgId": {"extension": "A"}}]}]
)
def test_json_of_another_shape_is_refused(api: Api, body: object) -> None:
    api.route = lambda path, query: as_json(body)
    assert refused(lambda: read_ods(api.url, politeness=QUICK)).code == "bad_answer"


def test_a_redirect_is_not_followed(api: Api) -> None:
    api.route = lambda path, query: (302, {"Location": "http://127.0.0.2:1/"}, b"")
    assert refused(lambda: read_ods(api.url, politeness=QUICK)).code == "http_302"


def test_requests_are_paced(api: Api) -> None:
    api.route = search_of(lambda _: 5)
    read_ods(api.url, page_size=1, politeness=Politeness(**{**vars(QUICK), "requests_per_second": 20.0}))
    assert len(api.times) == 5
    assert api.times[-1] - api.times[0] >= 4 / 20 * 0.95


def test_retry_after_forms() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after_seconds("7") == 7.0
    assert 80 <= (retry_after_seconds(soon) or 0) <= 90
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after_seconds("soon") is None
    assert retry_after_seconds(None) is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"ErrorCode":404,"ErrorText":"Not Found."}', "Not Found."),
        (
            b'{"resourceType":"OperationOutcome",'
            b'"issue":[{"diagnostics":"HAPI-0524: a\\nb"},{"code":"invalid"}]}',
            "HAPI-0524: a b; invalid",
        ),
        (
            b'<OperationOutcome xmlns="http://hl7.org/fhir"><issue><diagnostics value="x"/></issue>'
            b"</OperationOutcome>",
            "x",
        ),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a><ErrorText>&b;</ErrorText></a>", ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_error_bodies(body: bytes, text: str) -> None:
    assert error_text(body) == text


def test_parents_by_relationship(api: Api) -> None:
    def relation(kind: str, code: str, status: str = "Active") -> dict[str, Any]:
        return {"id": kind, "Status": status, "Target": {"OrgId": {"extension": code}}}

    relations = [
        relation("RE4", "16C"),
        relation("RE8", "U00002"),
        relation("RE8", "U00001"),
        relation("RE8", "U99999", "Inactive"),
    ]
    practice = {"Name": "P", "OrgId": {"extension": "A81001"}, "Status": "Active", "Rels": {"Rel": relations}}
    api.route = lambda path, query: as_json({"Organisation": practice})
    found = record(read_ods(api.url, codes=["A81001"], politeness=QUICK))
    assert (found["commissioned_by"], found["partner_to"]) == ("16C", "U00001|U00002")
