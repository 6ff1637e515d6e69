"""A polite HTTP client for public APIs: paced, patient with overload, clear about refusals."""

from __future__ import annotations

import datetime as dt
import json
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self, cast

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from orchestration.readers.table import Unreadable

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_LARGEST_ERROR_BODY = 65_536
_LONGEST_QUOTED_ERROR = 300


@dataclass(frozen=True)
class Politeness:
    """How hard a client may press a server. Times in seconds."""

    attempts: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0  # a server that asks for a longer pause counts as down
    jitter: float = 1.0
    requests_per_second: float = 10.0  # the ODS APIs allow 5,000 in 300 s, shared by all of a site's clients
    timeout: float = 30.0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    proxy: str | None = None


@dataclass(frozen=True)
class Answer:
    """A decoded JSON answer and its headers."""

    data: Any
    headers: httpx.Headers


class _TransientError(Exception):
    """Worth another try. ``retry_after`` is the pause the server asked for, in seconds."""

    def __init__(self, refusal: Unreadable, retry_after: float | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.retry_after = retry_after


class PoliteClient:
    """GETs JSON. Retries overload, server errors, broken connections and cut-off bodies; use as a context."""

    def __init__(self, base_url: str, politeness: Politeness) -> None:
        self._politeness = politeness
        self._next_at = 0.0
        # Settings decide about proxies; httpx would read the environment by itself.
        self._client = httpx.Client(
            base_url=base_url,
            timeout=politeness.timeout,
            headers={"Accept": "application/json", **politeness.headers},
            follow_redirects=False,
            trust_env=False,
            proxy=politeness.proxy,
        )
        self._backoff = wait_exponential_jitter(
            initial=politeness.first_wait, max=politeness.longest_wait, jitter=politeness.jitter
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, url: str, params: Mapping[str, str] | None = None) -> Answer:
        """One JSON answer. Raises :class:`Unreadable` when refused, or still failing at the last attempt."""
        attempts = Retrying(
            retry=retry_if_exception_type(_TransientError),
            stop=stop_after_attempt(self._politeness.attempts),
            wait=self._wait,
            reraise=True,
        )
        try:
            return attempts(self._once, url, params)
        except _TransientError as error:
            raise error.refusal from error

    def _wait(self, state: RetryCallState) -> float:
        """The pause the server asked for, else exponential with jitter."""
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, _TransientError) and error.retry_after is not None:
            return error.retry_after
        return self._backoff(state)

    def _once(self, url: str, params: Mapping[str, str] | None) -> Answer:
        self._pace()
        where = httpx.URL(url).path
        try:
            response = self._client.get(url, params=None if params is None else dict(params))
        except (httpx.TransportError, httpx.DecodingError) as error:
            found = f"no complete answer ({type(error).__name__})"
            raise _TransientError(Unreadable("no_connection", where, found, "an answer")) from error
        if response.status_code in _TRANSIENT:
            raise self._overloaded(where, response)
        if not response.is_success:
            raise refusal(where, response)
        try:
            return Answer(response.json(), response.headers)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            found = "an answer that is not complete JSON"
            raise _TransientError(Unreadable("bad_answer", where, found, "JSON")) from error

    def _pace(self) -> None:
        """Wait until the next request may go out."""
        now = time.monotonic()
        if now < self._next_at:
            time.sleep(self._next_at - now)
            now = self._next_at
        self._next_at = now + 1.0 / self._politeness.requests_per_second

    def _overloaded(self, where: str, response: httpx.Response) -> Exception:
        pause = retry_after_seconds(response.headers.get("Retry-After"))
        if pause is not None and pause > self._politeness.longest_wait:
            found = f"HTTP {response.status_code} and a request to come back in {pause:,.0f} seconds"
            return Unreadable(f"http_{response.status_code}", where, found, "an answer")
        return _TransientError(refusal(where, response), pause)


def retry_after_seconds(value: str | None) -> float | None:
    """A Retry-After header (seconds or a date) in seconds from now; None when absent or unclear."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def refusal(where: str, response: httpx.Response) -> Unreadable:
    """An error answer as one line: the status and what the server says of it."""
    said = error_text(response.content[:_LARGEST_ERROR_BODY])
    found = f"HTTP {response.status_code}" + (f": {said}" if said else "")
    expected = {
        404: "a resource that exists",
        406: "parameters the server accepts (Offset counts from 1, Limit is at most 1,000)",
    }.get(response.status_code, "HTTP 200 and JSON")
    return Unreadable(f"http_{response.status_code}", where, found, expected)


def error_text(body: bytes) -> str:
    """What an error body says: ORD's ErrorText, or the diagnostics of a FHIR OperationOutcome."""
    try:
        said = _error_texts_json(json.loads(body))
    except ValueError:
        said = _error_texts_xml(body)
    line = " ".join("; ".join(said).split())
    return line if len(line) <= _LONGEST_QUOTED_ERROR else line[: _LONGEST_QUOTED_ERROR - 1] + "…"


def _error_texts_json(data: object) -> list[str]:
    if not isinstance(data, dict):
        return []
    body = cast("dict[str, Any]", data)
    if isinstance(body.get("ErrorText"), str):
        return [body["ErrorText"]]
    issues = body.get("issue")
    if body.get("resourceType") != "OperationOutcome" or not isinstance(issues, list):
        return []
    texts: list[str] = []
    for issue in cast("list[object]", issues):
        if isinstance(issue, dict):
            fields = cast("dict[str, Any]", issue)
            details = fields.get("details")
            spare = cast("dict[str, Any]", details).get("text") if isinstance(details, dict) else None
            text = fields.get("diagnostics") or spare or fields.get("code")
            texts.append(str(text or "no reason given"))
    return texts


def _error_texts_xml(body: bytes) -> list[str]:
    # Entities are the one way an XML error could grow; no error answer needs them.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        return []
    try:
        root = ET.fromstring(body)  # noqa: S314 - no entities, see above; at most 64 KB
    except ET.ParseError:
        return []
    return [
        element.get("value") or element.text or ""
        for element in root.iter()
        if element.tag.rpartition("}")[2] in ("diagnostics", "ErrorText")
    ]
