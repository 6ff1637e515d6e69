"""Dirt of whole tables: headers, rows that are no data, rows that are twice there."""

from __future__ import annotations

from pathlib import Path

from dirt_kind import Place, dirt
from dirt_people import EVENT_COLUMNS, SPEND_COLUMNS, event, events, lines, money, posts, spend

HEADERS = "Headers and columns"
ROWS = "Rows that are no data, or twice there"


def renamed(place: Place, names: dict[str, str], *cells: dict[str, str]) -> Path:
    """A provider return with other names in its header."""
    header, *rows = events(place, *(cells or ({}, {}))).splitlines()
    header = ",".join(names.get(name, name) for name in header.split(","))
    return place.write("return.csv", "\n".join([header, *rows]) + "\n")


@dirt(
    HEADERS,
    "A required column under another name",
    "refused",
    "missing_columns",
    "FILE: found no column for 'Event date' (nearest: 'Date of event')",
)
def required_column_renamed(place: Place) -> Path:
    return renamed(place, {"Event date": "Date of event"})


@dirt(
    HEADERS,
    "An optional column under another name",
    "accepted",
    "accepted",
    "columns not in the contract and not taken: 'Reason text' (did you mean 'Reason'?)",
)
def optional_column_renamed(place: Place) -> Path:
    return renamed(place, {"Reason": "Reason text"})


@dirt(
    HEADERS, "A required column missing", "refused", "missing_columns", "FILE: found no column for 'Strand'"
)
def required_column_missing(place: Place) -> Path:
    row = event(place, 0)
    del row["Strand"]
    return place.write("return.csv", "\n".join(lines([row])))


@dirt(HEADERS, "Optional columns missing", "accepted", "accepted", "1 row taken")
def optional_columns_missing(place: Place) -> Path:
    row = event(place, 0)
    for name in ("Reason", "Module", "Attempt", "Supervisor type"):
        del row[name]
    return place.write("return.csv", "\n".join(lines([row])))


@dirt(
    HEADERS,
    "Columns nobody asked for",
    "accepted",
    "accepted",
    "columns not in the contract and not taken: 'Home address', 'Remarks'",
)
def extra_columns(place: Place) -> Path:
    rows = [
        {**event(place, number), "Home address": "Quillmarker Street", "Remarks": "x"} for number in range(2)
    ]
    return place.write("return.csv", "\n".join(lines(rows)))


@dirt(
    HEADERS,
    "A wanted column twice",
    "refused",
    "repeated_columns",
    "FILE: found more than one column named 'Event date'; expected each column once",
)
def column_twice(place: Place) -> Path:
    return renamed(place, {"Course code": "Event date"})


@dirt(
    HEADERS,
    "A required column without a name",
    "refused",
    "missing_columns",
    "FILE: found no column for 'Event date'",
)
def required_column_nameless(place: Place) -> Path:
    return renamed(place, {"Event date": ""})


@dirt(
    HEADERS,
    "A filled optional column without a name",
    "accepted",
    "accepted",
    "1 column with values and without a name (right of 'Practice code') not taken",
)
def optional_column_nameless(place: Place) -> Path:
    return renamed(place, {"PCN code": ""}, {"PCN code": "U12345"}, {})


@dirt(
    HEADERS,
    "No header",
    "refused",
    "unknown_header",
    "FILE: found a first line of 22 fields that are not the column names of feed 'provider_return'",
)
def no_header(place: Place) -> Path:
    return place.write("return.csv", "\n".join(events(place, {}, {}).splitlines()[1:]))


@dirt(
    HEADERS,
    "A title line above the header",
    "refused",
    "unknown_header",
    "FILE: found a first line of 1 field that is not a column name of feed 'provider_return'",
)
def title_above(place: Place) -> Path:
    return place.write("return.csv", "Return of Quillmarker University\n" + events(place, {}, {}))


@dirt(
    HEADERS,
    "A header over two rows",
    "refused",
    "unknown_header",
    "FILE: found a first line of 22 fields that are not the column names of feed 'provider_return'",
)
def header_over_two_rows(place: Place) -> Path:
    groups = ["Return", "", "", "Learner", *[""] * 18]
    return place.write("return.csv", ",".join(groups) + "\n" + events(place, {}))


@dirt(
    HEADERS,
    "Rows and columns exchanged",
    "refused",
    "unknown_header",
    "FILE: found a first line of 3 fields that are not the column names",
)
def transposed(place: Place) -> Path:
    rows = [event(place, number) for number in range(2)]
    text = "\n".join(",".join((name, rows[0][name], rows[1][name])) for name in EVENT_COLUMNS)
    return place.write("return.csv", text)


@dirt(
    ROWS,
    "A totals row",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found a total, a footnote or another remark; expected rows of data only, nothing below the table",
    feed="spend",
)
def totals_row(place: Place) -> Path:
    return place.write("spend.csv", spend(place, {}) + "Total,,,,,1000.00,9.50\n")


@dirt(
    ROWS,
    "A subtotal between the rows",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found a total, a footnote or another remark",
    feed="spend",
)
def subtotal_between(place: Place) -> Path:
    rows = lines([money(place, number) for number in range(2)])
    return place.write("spend.csv", "\n".join([*rows[:2], "Sub-total Tuition,,,,,1000.00,9.50", rows[2]]))


@dirt(
    ROWS,
    "A totals row in which every required cell is filled",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found a total, a footnote or another remark",
    feed="spend",
)
def totals_row_like_data(place: Place) -> Path:
    return place.write("spend.csv", spend(place, {}) + "Total,2025-05-01,All strands,2024-04,,1000.00,9.50\n")


@dirt(
    ROWS,
    "Footnotes under the table",
    "accepted_with_quarantine",
    "rows_set_aside",
    "2 times from line 3: found a total, a footnote or another remark",
    feed="spend",
)
def footnotes(place: Place) -> Path:
    notes = "Source: finance team,,,,,,\n* provisional,,,,,,\n"
    return place.write("spend.csv", spend(place, {}) + notes)


@dirt(
    ROWS,
    "Footnotes without the delimiters of a row",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found 1 field; expected 7 fields",
    feed="spend",
)
def bare_footnote(place: Place) -> Path:
    return place.write("spend.csv", spend(place, {}) + "Source: finance team\n")


@dirt(
    ROWS,
    "The header again between the rows",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found the header line again; expected rows of data only",
    feed="spend",
)
def header_again(place: Place) -> Path:
    rows = lines([money(place, number) for number in range(2)])
    return place.write("spend.csv", "\n".join([*rows[:2], ",".join(SPEND_COLUMNS), rows[2]]))


@dirt(
    ROWS,
    "The same row twice",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 4: found line 2 again; expected each of them once",
)
def same_row_twice(place: Place) -> Path:
    header, first, second = events(place, {}, {}).splitlines()
    return place.write("return.csv", "\n".join([header, first, second, first]))


@dirt(
    ROWS,
    "Two rows of one key that contradict each other",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found the same Submitter code, Period, PCN code, Staff record ID, Role as line 2 with other values",
    feed="deployment_return",
)
def contradictory_rows(place: Place) -> Path:
    same = {"Staff record ID": "SRM88100Y"}
    return place.write("posts.csv", posts(place, {**same, "FTE": "0.5"}, {**same, "FTE": "1.0"}))


@dirt(
    ROWS,
    "A return that holds itself twice",
    "accepted_with_quarantine",
    "rows_set_aside",
    "2 rows taken, 2 set aside: 2 times from line 4: found line 2 again",
)
def return_in_itself(place: Place) -> Path:
    header, *rows = events(place, {}, {}).splitlines()
    return place.write("return.csv", "\n".join([header, *rows, *rows]))


CENSUS_COLUMNS = (
    "CENSUS_YEAR,CENSUS_MONTH,PCN_CODE,STAFF_GROUP,STAFF_ROLE,DETAILED_STAFF_ROLE,FTE,UNIQUE_IDENTIFIER"
)


def census(place: Place, copies: int = 1, month: int = 11) -> str:
    """A workforce census of two roles; the full-time equivalents tell the files of one month apart."""
    fte = f"0.{place.code[1:]}"
    rows = [f"2025,{month},U1234{number},DPC,R,Pharmacist,{fte},{number}" for number in range(2)]
    return "\n".join([CENSUS_COLUMNS, *rows * copies]) + "\n"


@dirt(
    ROWS,
    "A census that holds itself five times",
    "accepted",
    "accepted",
    "every row stands there 5 times: the repeated copies are not taken",
    feed="pcn_workforce",
)
def five_loads(place: Place) -> Path:
    return place.write("census.csv", census(place, copies=5))


@dirt(
    ROWS,
    "A file name with another month than the rows",
    "accepted",
    "accepted",
    "the file name says 2025-03, the rows' own date says 2025-11: taken from the rows",
    feed="pcn_workforce",
)
def wrong_month_in_the_name(place: Place) -> Path:
    return place.write("PCN Workforce March 2025.csv", census(place))


@dirt(
    ROWS,
    "A column that declares another month than the rows",
    "accepted",
    "accepted",
    "column '_period' says 2025-03, the rows' own date says 2025-11: taken as 2025-11 (2 rows)",
    feed="pcn_workforce",
)
def wrong_month_in_a_column(place: Place) -> Path:
    header, *rows = census(place).splitlines()
    return place.write("census.csv", "\n".join([f"{header},_period", *(f"{row},2025-03" for row in rows)]))


@dirt(
    HEADERS,
    "A file of another feed",
    "refused",
    "wrong_feed",
    "FILE: found a file of feed 'spend' (Programme spend); expected one of feed 'provider_return'; "
    "move it to folder 'spend'",
)
def wrong_feed(place: Place) -> Path:
    return place.write("return.csv", spend(place, {}))


@dirt(
    HEADERS,
    "A file that fits no feed",
    "refused",
    "unknown_file",
    "FILE: found a file that fits no feed",
    feed=None,
)
def no_feed(place: Place) -> Path:
    return place.write("apples.csv", "apples,pears\n1,2\n")


@dirt(
    HEADERS,
    "A file in a folder that is no feed's",
    "refused",
    "unknown_folder",
    "FILE: found folder 'provider_returns', which is no feed; expected the folder 'provider_return'",
    feed="provider_returns",
    alone=False,
)
def no_such_folder(place: Place) -> Path:
    return place.write("return.csv", events(place, {}))
