"""How numbers, intervals, periods and names are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from dashboards.values import Place, Value
from evaluation import p_values

_DECIMALS = {"people": 0, "count": 0, "fte": 0, "percent": 1, "rate": 1, "days": 0, "gbp": 0, "ratio": 2}
_SMALL_FTE = 100
_SMALL_RATE = 1  # below it one decimal makes different places look alike
_MILLION = 1_000_000
_UNIT_WORDS = {
    "people": "people",
    "count": "",
    "fte": "full-time equivalents",
    "percent": "%",
    "rate": "",
    "days": "days",
    "gbp": "£",
    "ratio": "",
    "difference": "percentage points",
}


@dataclass(frozen=True)
class NumberRule:
    """How numbers of one unit are written; below ``small_below`` with ``small_decimals`` instead."""

    decimals: int
    prefix: str = ""
    suffix: str = ""
    small_below: float = 0.0
    small_decimals: int = 0


def number_rule(unit: str) -> NumberRule:
    """The rule by which :func:`plain`, and the script of the Explore page, write numbers of a unit."""
    small = {"fte": (_SMALL_FTE, 1), "rate": (_SMALL_RATE, 2)}.get(unit, (0.0, 0))
    prefix, suffix = "£" if unit == "gbp" else "", "%" if unit == "percent" else ""
    return NumberRule(_DECIMALS.get(unit, 1), prefix, suffix, *small)


def plain(value: float, unit: str) -> str:
    """A number as a table shows it: ``1,234``, ``63.4%``, ``£1,234,567``, ``12.5``."""
    rule = number_rule(unit)
    decimals = rule.small_decimals if abs(value) < rule.small_below else rule.decimals
    return f"{rule.prefix}{value:,.{decimals}f}{rule.suffix}"


def spreadsheet_format(unit: str) -> str:
    """The number format with which a spreadsheet shows what :func:`plain` writes; a percentage keeps its unit aside."""
    decimals = _DECIMALS.get(unit, 1)
    usual = _spreadsheet_digits(decimals)
    if unit == "fte":
        return f"[<{_SMALL_FTE}]{_spreadsheet_digits(1)};{usual}"
    if unit == "rate":
        return f"[<{_SMALL_RATE}]{_spreadsheet_digits(2)};{usual}"
    return f'"£"{usual}' if unit == "gbp" else usual


def _spreadsheet_digits(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def spoken(value: float, unit: str) -> str:
    """A number as a sentence says it: millions of pounds are shortened, days are named."""
    if unit == "gbp" and abs(value) >= _MILLION:
        return f"£{value / _MILLION:,.1f} million"
    if unit == "days":
        return f"{plain(value, unit)} days"
    return plain(value, unit)


def short(value: float, unit: str) -> str:
    """A number as a card or a chart label has room for it: ``£15.0m``, else as spoken."""
    return f"£{value / _MILLION:,.1f}m" if unit == "gbp" and abs(value) >= _MILLION else spoken(value, unit)


def cell(value: Value | None) -> str:
    """A table cell: the number, with its mark where it has one, or the symbol alone."""
    if value is None:
        return "[x]"
    if value.value is None:
        return f"[{value.symbol}]"
    number = plain(value.value, value.unit)
    return f"{number} [{value.symbol}]" if value.symbol else number


def interval(value: Value | None) -> str:
    """``60.1% to 66.2%``; empty where no interval is published."""
    if value is None or value.lower is None or value.upper is None:
        return ""
    return f"{plain(value.lower, value.unit)} to {plain(value.upper, value.unit)}"


def parts(value: Value | None) -> str:
    """``1,234 of 1,950`` behind a percentage; empty where the parts are not published."""
    if value is None or value.unit != "percent" or value.numerator is None or value.denominator is None:
        return ""
    return f"{value.numerator:,.0f} of {value.denominator:,.0f}"


def p_value(value: float) -> str:
    """``0.148``; ``< 0.001`` where it is."""
    return p_values.number(value)


def period(start: date, grain: str) -> str:
    """A period in words: ``October 2026``, ``April to June 2026``, ``2025/26``, ``since April 2021``."""
    if grain == "year":
        return f"{start.year}/{(start.year + 1) % 100:02d}"
    if grain == "quarter":
        last = date(start.year, start.month + 2, 1)
        return f"{start:%B} to {last:%B} {start.year}"
    return f"since {start:%B %Y}" if grain == "all" else f"{start:%B %Y}"


def period_of(value: Value) -> str:
    """The period of a value in words."""
    return period(value.period_start, value.grain)


def in_period(value: Value) -> str:
    """The period as the end of a sentence: ``in 2025/26``, ``since April 2021``."""
    words = period_of(value)
    return words if value.grain == "all" else f"in {words}"


def day(value: date | None) -> str:
    """``22 November 2026``, or a dash where there is no date."""
    return f"{value.day} {value:%B %Y}" if value else "not set"


def unit_words(unit: str) -> str:
    """The unit as an axis names it."""
    return _UNIT_WORDS.get(unit, unit)


def short_name(place: Place) -> str:
    """The everyday name of a place: ``Devon`` for ``NHS Devon Integrated Care Board``."""
    name = re.sub(r"\s+(Integrated Care Board|ICB)\b.*$", "", place.name.strip(), flags=re.IGNORECASE)
    name = re.sub(r"^NHS\s+", "", name, flags=re.IGNORECASE)
    return _capitals(name) if name.isupper() else name


def _capitals(name: str) -> str:
    """Registers print names in capitals; ``ST MARY'S AND EAST PCN`` reads ``St Mary's and East PCN``."""
    words = [word if word == "PCN" else word.capitalize() for word in re.split(r"([^A-Z']+)", name)]
    return re.sub(r"(?<=\s)(And|Of|The|In)(?=\s)", lambda match: match.group().lower(), "".join(words))


def slug(text: str) -> str:
    """A name for files and anchors: lower case, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
