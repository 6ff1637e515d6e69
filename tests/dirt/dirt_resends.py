"""Dirt that shows only against what came before: duplicates, corrections, sizes. The check of a file cannot see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dirt_kind import Place, dirt
from dirt_people import events, posts

RESENT = "Sent again"
SIZE = "Sizes against the submitter's history"

MONTHS = ("2025-06", "2025-07", "2025-08", "2025-09", "2025-10")
ORDINARY = 30  # rows of an ordinary return


def earlier(name: str, rows: int, **cells: str) -> Callable[[Place], Path]:
    """A maker of a provider return that came before; ``cells`` with underscores for spaces."""
    given = {column.replace("_", " "): text for column, text in cells.items()}

    def make(place: Place) -> Path:
        return place.write(name, events(place, *[given] * rows))

    return make


def earlier_networks(name: str, rows: int) -> Callable[[Place], Path]:
    """A maker of a list of networks that came before."""

    def make(place: Place) -> Path:
        return place.write(name, networks(rows))

    return make


def earlier_posts(month: str, rows: int) -> Callable[[Place], Path]:
    """A maker of a deployment return that came before."""

    def make(place: Place) -> Path:
        return place.write(
            f"{month}.csv", posts(place, *[{"Period": month, "Return date": f"{month}-28"}] * rows)
        )

    return make


HISTORY = tuple(
    earlier(
        f"{month}.csv",
        ORDINARY + number,
        Return_month=month,
        Return_date=f"{month}-28",
        Event_date=f"{month}-01",
    )
    for number, month in enumerate(MONTHS)
)
ORIGINAL = (earlier("first.csv", ORDINARY),)
LATER = {"Return date": "2025-12-20"}


@dirt(
    RESENT,
    "The same bytes under another name",
    "duplicate",
    "duplicate",
    "FILE: found the same bytes as provider_return/same_bytes/first.csv, already taken for feed "
    "'provider_return'; expected a file not sent before: not taken again",
    before=ORIGINAL,
    alone=False,
)
def same_bytes(place: Place) -> Path:
    return ORIGINAL[0](Place(place.folder / "again", place.code))


@dirt(
    RESENT,
    "The same bytes in the folder of another feed",
    "duplicate",
    "duplicate",
    "FILE: found the same bytes as provider_return/same_bytes_elsewhere/first.csv, already taken",
    before=ORIGINAL,
    alone=False,
)
def same_bytes_elsewhere(place: Place) -> Path:
    # "spend" is taken after provider returns
    return ORIGINAL[0](place.elsewhere("spend"))


@dirt(
    RESENT,
    "A corrected return of the same month: it supersedes",
    "accepted",
    "accepted",
    "30 rows taken",
    before=ORIGINAL,
    alone=False,
)
def corrected(place: Place) -> Path:
    return place.write("second.csv", events(place, *[LATER] * ORDINARY))


@dirt(
    RESENT,
    "A part of a return sent again: it would supersede the whole",
    "accepted",
    "accepted",
    "1 return replaces one of many more rows (3 rows, 30 before): if only the changes were sent, "
    "send the whole return again",
    before=ORIGINAL,
    alone=False,
)
def partial(place: Place) -> Path:
    return place.write("second.csv", events(place, *[LATER] * 3))


@dirt(
    RESENT,
    "An older statement that comes after a newer one: it does not stand",
    "accepted",
    "accepted",
    "1 return is older than the one that stands and does not replace it",
    before=ORIGINAL,
    alone=False,
)
def superseded(place: Place) -> Path:
    return place.write("second.csv", events(place, *[{"Return date": "2025-12-01"}] * ORDINARY))


@dirt(
    SIZE,
    "A return of half the rows of any before",
    "accepted",
    "accepted",
    "1 return is much smaller than those before (12 rows; 30 to 34 in 5 earlier ones)",
    before=HISTORY,
    alone=False,
)
def halved(place: Place) -> Path:
    return place.write("2025-11.csv", events(place, *[{}] * 12))


@dirt(
    SIZE,
    "A return of twice the rows of any before",
    "accepted",
    "accepted",
    "1 return is much larger than those before (80 rows; 30 to 34 in 5 earlier ones)",
    before=HISTORY,
    alone=False,
)
def doubled(place: Place) -> Path:
    return place.write("2025-11.csv", events(place, *[{}] * 80))


@dirt(
    SIZE,
    "A return of a third more rows than any before: nothing to remark",
    "accepted",
    "accepted",
    "45 rows taken",
    before=HISTORY,
    alone=False,
)
def grown(place: Place) -> Path:
    return place.write("2025-11.csv", events(place, *[{}] * 45))


@dirt(
    SIZE,
    "A vintage of the list of networks that lost most of them",
    "accepted",
    "accepted",
    "the file is much smaller than those before (20 rows; 60 to 62 in 3 earlier ones)",
    feed="ods_pcn_membership",
    alone=False,
    before=tuple(earlier_networks(f"pcns_2099-0{number + 1}-01.csv", 60 + number) for number in range(3)),
)
def vintage_halved(place: Place) -> Path:
    return place.write("pcns_2099-09-01.csv", networks(20))


def networks(rows: int) -> str:
    """A list of networks."""
    lines = [f"U{80000 + number},NETWORK {number},16C,A SUB-ICB,20190701,,AB1 2CD" for number in range(rows)]
    return "\n".join(["PCN_Code,PCN_Name,ICB_Code,ICB_Name,Open_Date,Close_Date,Postcode", *lines]) + "\n"


@dirt(
    SIZE,
    "A deployment return that doubles because two months were sent as one",
    "accepted",
    "accepted",
    "1 return is much larger than those before (90 rows; 40 to 41 in 2 earlier ones)",
    feed="deployment_return",
    alone=False,
    before=tuple(earlier_posts(month, rows) for month, rows in (("2025-08", 40), ("2025-09", 41))),
)
def two_months_as_one(place: Place) -> Path:
    return place.write("2025-11.csv", posts(place, *[{}] * 90))
