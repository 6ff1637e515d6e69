"""The NHS Organisation Data Service over HTTP: ORD REST 2-0-0 and FHIR R4 "Organisation Data Terminology".

Both end in one table with a row per organisation and the columns of :data:`ORGANISATION_COLUMNS`.
"""

# pyarrow ships no type stubs.
# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote, urlsplit

import httpx
import pyarrow as pa

from orchestration.readers.http_client import PoliteClient, Politeness
from orchestration.readers.ods_records import (
    ORGANISATION_COLUMNS,
    MalformedRecordError,
    Record,
    from_detail,
    from_fhir,
    from_search,
)
from orchestration.readers.table import SourceTable, Unreadable, no_rejects, rows_table

MAX_PAGE_SIZE = 1_000
"""The most either API returns in one page."""

MAX_PAGES = 2_000
"""Pages of one search: 2 M organisations, several times all there are."""

_MAX_RESTARTS = 3  # a total that moves during the paging: rows may have been skipped, so begin again


def read_ods(
    base_url: str,
    resource: str = "organisations",
    *,
    filters: Mapping[str, str] | None = None,
    codes: Sequence[str] = (),
    detail: bool = False,
    page_size: int = MAX_PAGE_SIZE,
    politeness: Politeness | None = None,
) -> SourceTable:
    """Organisations from ORD REST: a search, or the records of ``codes``.

    ``base_url`` ends in ``/ORD/2-0-0``; ``resource`` is ``organisations``, with its query if any
    (``organisations?PrimaryRoleId=RO272``); ``filters`` add to that query. ``detail=True`` fetches each found
    organisation's record as well, which alone has dates and parents. ``line`` counts organisations from 1.
    Raises :class:`Unreadable`; nothing is returned in part.
    """
    path, _, query = resource.partition("?")
    merged = {**dict(httpx.QueryParams(query)), **(filters or {})}
    notes: list[str] = []
    with PoliteClient(_folder_url(base_url), politeness or Politeness()) as client:
        if codes:
            records = [_fetch_detail(client, path, code) for code in codes]
        else:
            records = _search(client, path, merged, page_size, notes)
            if detail:
                records = [_fetch_detail(client, path, record["code"] or "") for record in records]
    return _table(records, notes)


def read_fhir_organisations(
    base_url: str,
    *,
    filters: Mapping[str, str] | None = None,
    page_size: int = MAX_PAGE_SIZE,
    api_key: str | None = None,
    politeness: Politeness | None = None,
) -> SourceTable:
    """Organisations from the FHIR R4 API, page after page by the bundle's ``next`` link.

    Links to another server are refused: the key must not follow them. The API keeps parents in a resource of
    their own, so the parent columns stay empty. Raises :class:`Unreadable`.
    """
    chosen = politeness or Politeness()
    headers = {
        **chosen.headers,
        "Accept": "application/fhir+json",
        **({"apikey": api_key} if api_key else {}),
    }
    chosen = replace(chosen, headers=headers)
    records: dict[str, Record] = {}
    url: str | None = "Organization"
    params: dict[str, str] | None = {**(filters or {}), "_count": str(page_size)}
    seen: set[str] = set()
    with PoliteClient(_folder_url(base_url), chosen) as client:
        while url is not None:
            if url in seen or len(seen) >= MAX_PAGES:
                raise _endless("Organization", len(seen))
            seen.add(url)
            bundle = client.get(url, params).data
            for record in _records("Organization", _bundle_organisations(bundle), from_fhir):
                records[record["code"] or ""] = record
            url, params = _next_link(bundle, base_url), None
    return _table(list(records.values()), [])


def _folder_url(base_url: str) -> str:
    """With a slash at the end, so that resources are appended and not substituted."""
    return base_url.rstrip("/") + "/"


def _search(
    client: PoliteClient, path: str, filters: Mapping[str, str], page_size: int, notes: list[str]
) -> list[Record]:
    """All pages of a search, begun again when the total changes while paging."""
    for _ in range(_MAX_RESTARTS):
        records, stable = _page_through(client, path, filters, page_size)
        if stable:
            return list(records.values())
        notes.append("the number of organisations changed while paging: read again from the start")
    found = f"other than the declared number of organisations in each of {_MAX_RESTARTS} attempts"
    raise Unreadable("unstable_total", path, found, "a search whose total stays while it is read")


def _page_through(
    client: PoliteClient, path: str, filters: Mapping[str, str], page_size: int
) -> tuple[dict[str, Record], bool]:
    """Organisations by code, and whether the total held from the first page to the last."""
    records: dict[str, Record] = {}
    total: int | None = None
    for page in range(MAX_PAGES):
        # Offset counts from 1: with 0 the server answers 406.
        offset = page * page_size + 1
        answer = client.get(path, {**filters, "Limit": str(page_size), "Offset": str(offset)})
        declared = _total(answer.headers)
        if page and declared != total:
            return records, False
        total = declared
        batch = _records(path, _organisations(path, answer.data), from_search)
        fresh = {record["code"] or "": record for record in batch}
        if batch and fresh.keys() <= records.keys():
            raise _endless(path, page + 1)
        records.update(fresh)
        if total is not None and len(records) >= total:
            return records, len(records) == total
        if len(batch) < page_size:
            return records, total is None
    raise _endless(path, MAX_PAGES)


def _endless(path: str, pages: int) -> Unreadable:
    found = f"paging that does not advance after {pages:,} pages"
    return Unreadable("endless_paging", path, found, "new organisations on every page")


def _total(headers: httpx.Headers) -> int | None:
    value = headers.get("X-Total-Count", "")
    return int(value) if value.isdigit() else None


def _organisations(path: str, data: object) -> list[object]:
    if isinstance(data, dict):
        listed = cast("dict[str, Any]", data).get("Organisations")
        if isinstance(listed, list):
            return cast("list[object]", listed)
    raise Unreadable("bad_answer", path, "JSON without a list of organisations", "the key 'Organisations'")


def _fetch_detail(client: PoliteClient, path: str, code: str) -> Record:
    resource = f"{path}/{quote(code, safe='')}"
    data = client.get(resource).data
    record = cast("dict[str, Any]", data).get("Organisation") if isinstance(data, dict) else None
    return _records(resource, [record], from_detail)[0]


def _bundle_organisations(bundle: object) -> list[object]:
    if not isinstance(bundle, dict) or cast("dict[str, Any]", bundle).get("resourceType") != "Bundle":
        raise Unreadable("bad_answer", "Organization", "JSON that is no FHIR bundle", "a Bundle")
    entries = cast("dict[str, Any]", bundle).get("entry", [])
    resources = [entry.get("resource") for entry in cast("list[dict[str, Any]]", entries)]
    return [item for item in resources if item and item.get("resourceType") == "Organization"]


def _next_link(bundle: object, base_url: str) -> str | None:
    links = cast("list[dict[str, Any]]", cast("dict[str, Any]", bundle).get("link", []))
    url = next((str(link.get("url")) for link in links if link.get("relation") == "next"), None)
    if url is None:
        return None
    target, home = urlsplit(url), urlsplit(base_url)
    if target.netloc and (target.scheme, target.netloc) != (home.scheme, home.netloc):
        raise Unreadable(
            "foreign_link", "Organization", "a next page on another server", "one on the same server"
        )
    return url


def _records(
    where: str, items: Iterable[object], convert: Callable[[dict[str, Any]], Record]
) -> list[Record]:
    try:
        return [convert(cast("dict[str, Any]", item)) for item in items]
    except (MalformedRecordError, AttributeError, TypeError, KeyError) as error:
        found = "an organisation without the fields of the documented format"
        raise Unreadable("bad_answer", where, found, "OrgId, Name and Status") from error


def _table(records: Sequence[Record], notes: list[str]) -> SourceTable:
    columns = [pa.array([record[name] for record in records], pa.string()) for name in ORGANISATION_COLUMNS]
    rows = rows_table(columns, pa.array(range(1, len(records) + 1), pa.int64()))
    remarks = notes if records else [*notes, "no rows"]
    return SourceTable(None, ORGANISATION_COLUMNS, rows, no_rejects(), tuple(remarks))
