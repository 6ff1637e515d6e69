"""One organisation as ODS describes it, in each of its three JSON forms, flattened to one record of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Record = dict[str, str | None]

SEPARATOR = "|"
"""Between several values of one column, such as the PCNs of a practice that is partner to two."""

RELATIONSHIP_COLUMNS = {
    "RE4": "commissioned_by",
    "RE5": "located_in",
    "RE6": "operated_by",
    "RE8": "partner_to",
}
"""Column per relationship type (child to parent) that holds the codes of the active parents."""

ORGANISATION_COLUMNS: tuple[str, ...] = (
    "code",
    "name",
    "status",
    "postcode",
    "record_class",
    "primary_role",
    "other_roles",
    "last_change_date",
    "open_date",
    "close_date",
    "legal_open_date",
    "legal_close_date",
    *RELATIONSHIP_COLUMNS.values(),
    "predecessors",
    "successors",
)
"""Columns of every answer. A search fills the first six (but for other_roles) and last_change_date."""

_ROLE_EXTENSION = "Extension-England-OrganisationRole"
_PERIOD_EXTENSION = "Extension-England-TypedPeriod"


class MalformedRecordError(ValueError):
    """An organisation without the fields that make it one."""


def from_search(item: dict[str, Any]) -> Record:
    """A line of ORD search: ``OrgId`` is plain text there."""
    record = _empty(item.get("OrgId"), item.get("Name"), item.get("Status"))
    record["postcode"] = _text(item.get("PostCode"))
    record["record_class"] = _text(item.get("OrgRecordClass"))
    record["primary_role"] = _text(item.get("PrimaryRoleId"))
    record["last_change_date"] = _text(item.get("LastChangeDate"))
    return record


def from_detail(item: dict[str, Any]) -> Record:
    """A full ORD record: ``OrgId`` is an object; roles, relationships and successions may be absent."""
    record = _empty(item["OrgId"].get("extension"), item.get("Name"), item.get("Status"))
    record["postcode"] = _text(item.get("GeoLoc", {}).get("Location", {}).get("PostCode"))
    record["record_class"] = _text(item.get("orgRecordClass"))
    record["last_change_date"] = _text(item.get("LastChangeDate"))
    record.update(
        _periods((date["Type"], date.get("Start"), date.get("End")) for date in item.get("Date", []))
    )
    roles = [role for role in item.get("Roles", {}).get("Role", []) if role.get("Status") == "Active"]
    every = item.get("Roles", {}).get("Role", [])
    # An inactive organisation's primary role is inactive too; it stays its primary role.
    record["primary_role"] = _text(next((role["id"] for role in every if role.get("primaryRole")), None))
    record["other_roles"] = _joined(role["id"] for role in roles if not role.get("primaryRole"))
    relations = [rel for rel in item.get("Rels", {}).get("Rel", []) if rel.get("Status") == "Active"]
    for kind, column in RELATIONSHIP_COLUMNS.items():
        record[column] = _joined(_target(rel) for rel in relations if rel.get("id") == kind)
    successions = item.get("Succs", {}).get("Succ", [])
    for kind, column in (("Predecessor", "predecessors"), ("Successor", "successors")):
        record[column] = _joined(_target(one) for one in successions if one.get("Type") == kind)
    return record


def from_fhir(item: dict[str, Any]) -> Record:
    """A FHIR R4 Organization; its active flag becomes ORD's status."""
    identifiers = [
        one.get("value") for one in item.get("identifier", []) if "ods-organization-code" in one["system"]
    ]
    status = "Active" if item.get("active") else "Inactive"
    record = _empty(next(iter(identifiers), None) or item.get("id"), item.get("name"), status)
    record["postcode"] = _text(
        next((a["postalCode"] for a in item.get("address", []) if "postalCode" in a), None)
    )
    others: list[str] = []
    for extension in item.get("extension", []):
        url = str(extension.get("url"))
        if url.endswith(_PERIOD_EXTENSION):
            record.update(_periods([_fhir_period(extension)]))
        elif url.endswith(_ROLE_EXTENSION):
            code, primary, active = _fhir_role(extension)
            if primary:
                record["primary_role"] = code
            elif active:
                others.append(code)
        else:
            changed = [
                part["valueDateTime"] for part in extension.get("extension", []) if "valueDateTime" in part
            ]
            kinds = [
                part["valueCoding"]["code"]
                for part in extension.get("extension", [])
                if "valueCoding" in part
            ]
            if kinds == ["LastChangeDate"] and changed:
                record["last_change_date"] = _text(changed[0])
    record["other_roles"] = _joined(others)
    return record


def _empty(code: object, name: object, status: object) -> Record:
    if not isinstance(code, str) or not code or not isinstance(name, str) or not isinstance(status, str):
        raise MalformedRecordError
    record: Record = dict.fromkeys(ORGANISATION_COLUMNS)
    record.update(code=code, name=name, status=status)
    return record


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None


def _joined(values: Iterable[str]) -> str | None:
    return SEPARATOR.join(sorted(set(values))) or None


def _target(relation: dict[str, Any]) -> str:
    return str(relation["Target"]["OrgId"]["extension"])


def _periods(dates: Iterable[tuple[str, Any, Any]]) -> Record:
    """Open and close dates of the two kinds ODS keeps: Operational and Legal."""
    columns = {"Operational": ("open_date", "close_date"), "Legal": ("legal_open_date", "legal_close_date")}
    found: Record = {}
    for kind, start, end in dates:
        if kind in columns:
            opened, closed = columns[kind]
            found[opened], found[closed] = _text(start), _text(end)
    return found


def _fhir_period(extension: dict[str, Any]) -> tuple[str, Any, Any]:
    parts = {part["url"]: part for part in extension.get("extension", [])}
    period = parts.get("period", {}).get("valuePeriod", {})
    return parts["dateType"]["valueCoding"]["code"], period.get("start"), period.get("end")


def _fhir_role(extension: dict[str, Any]) -> tuple[str, bool, bool]:
    """Code of a role, whether it is the primary one, whether it is active."""
    parts = {part["url"]: part for part in extension.get("extension", [])}
    code = str(parts["roleCode"]["valueCodeableConcept"]["coding"][0]["code"])
    primary = bool(parts.get("primaryRole", {}).get("valueBoolean", False))
    return code, primary, bool(parts.get("active", {}).get("valueBoolean", True))
