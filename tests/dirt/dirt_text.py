"""Dirt of text files: encodings, delimiters, quotes, line ends, lengths."""

from __future__ import annotations

from pathlib import Path

from dirt_kind import Place, dirt
from dirt_people import EVENT_COLUMNS, event, events, lines, money, posts

ENCODING = "Encoding"
FIELDS = "Delimiters and quotes"
LINES = "Lines and lengths"

ACCENTED = {"Forename": "Zedmarker-Renée", "Course code": "Café"}
QUOTES = "expected quotes in pairs, a quote inside a quoted field doubled"


@dirt(
    ENCODING,
    "Windows-1252 where UTF-8 is expected",
    "accepted",
    "accepted",
    "decoded as Windows-1252, UTF-8 expected (line 2 is the first that is not)",
    raw={"course_code": "Café"},
)
def cp1252(place: Place) -> Path:
    return place.write("return.csv", events(place, ACCENTED, {}).encode("cp1252"))


@dirt(
    ENCODING,
    "Bytes that are neither UTF-8 nor Windows-1252",
    "refused",
    "wrong_encoding",
    "FILE, line 3: found bytes that are neither UTF-8 (line 3) nor Windows-1252 (line 3); expected text in UTF-8",
)
def no_known_encoding(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, ACCENTED).encode("cp1252").replace(b"\xe9", b"\x81"))


@dirt(
    ENCODING,
    "Some lines in UTF-8, others in Windows-1252 (two exports put together)",
    "refused",
    "wrong_encoding",
    "FILE, line 3: found some lines in UTF-8 (line 2) and others in Windows-1252 (line 3); expected text in UTF-8",
)
def mixed_encodings(place: Place) -> Path:
    first, second, third = events(place, ACCENTED, ACCENTED).splitlines(keepends=True)
    return place.write("return.csv", first.encode() + second.encode() + third.encode("cp1252"))


@dirt(
    ENCODING,
    "UTF-16, little-endian, with its mark (Excel's 'Unicode text')",
    "refused",
    "wrong_format",
    "FILE: found text in UTF-16; expected a CSV file: plain text in UTF-8",
)
def utf16_le(place: Place) -> Path:
    return place.write("return.csv", b"\xff\xfe" + events(place, {}, {}).encode("utf-16-le"))


@dirt(
    ENCODING,
    "UTF-16, big-endian, with its mark",
    "refused",
    "wrong_format",
    "FILE: found text in UTF-16; expected a CSV file: plain text in UTF-8",
)
def utf16_be(place: Place) -> Path:
    return place.write("return.csv", b"\xfe\xff" + events(place, {}, {}).encode("utf-16-be"))


@dirt(
    ENCODING,
    "UTF-16, little-endian, without a mark",
    "refused",
    "wrong_format",
    "FILE: found text in UTF-16; expected a CSV file: plain text in UTF-8",
)
def utf16_le_unmarked(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {}).encode("utf-16-le"))


@dirt(
    ENCODING,
    "UTF-16, big-endian, without a mark",
    "refused",
    "wrong_format",
    "FILE: found text in UTF-16; expected a CSV file: plain text in UTF-8",
)
def utf16_be_unmarked(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {}).encode("utf-16-be"))


@dirt(
    ENCODING,
    "UTF-32 with its mark",
    "refused",
    "wrong_format",
    "FILE: found text in UTF-32; expected a CSV file: plain text in UTF-8",
)
def utf32(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {}).encode("utf-32"))


@dirt(ENCODING, "UTF-8 with a byte order mark", "accepted", "accepted", "2 rows taken")
def utf8_mark(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, ACCENTED).encode("utf-8-sig"))


@dirt(
    ENCODING,
    "A byte order mark in the middle: two files put together",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 4: found the header line again; expected rows of data only",
)
def mark_in_the_middle(place: Place) -> Path:
    first, second = events(place, {}, {}), events(place, {"Learner ID": "LMK77999X"})
    return place.write("return.csv", first.encode("utf-8-sig") + second.encode("utf-8-sig"))


@dirt(
    ENCODING,
    "A NUL byte in a cell",
    "refused",
    "nul_bytes",
    "FILE, line 3: found NUL bytes (binary data); expected text in UTF-8",
)
def nul_byte(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {"Course code": "C\0"}))


@dirt(
    ENCODING,
    "A NUL byte past the first megabyte",
    "refused",
    "nul_bytes",
    "line 12002: found NUL bytes (binary data); expected text in UTF-8",
)
def nul_byte_far_down(place: Place) -> Path:
    return place.write("return.csv", events(place, *[{}] * 12_000, {"Course code": "C\0"}))


@dirt(
    ENCODING,
    "Control characters and terminal sequences in cells",
    "accepted",
    "accepted",
    "2 rows taken",
    raw={"course_code": "C[31m1"},
)
def control_characters(place: Place) -> Path:
    return place.write("return.csv", events(place, {"Course code": "C\x1b[31m1\x07"}, {}))


@dirt(FIELDS, "Semicolons where commas are promised", "accepted", "accepted", "2 rows taken")
def semicolons(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {}, delimiter=";"))


@dirt(FIELDS, "Tabs where commas are promised", "accepted", "accepted", "2 rows taken")
def tabs(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {}, delimiter="\t"))


@dirt(FIELDS, "Vertical bars where commas are promised", "accepted", "accepted", "2 rows taken")
def bars(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {}, delimiter="|"))


@dirt(
    FIELDS,
    "A header with commas over rows with semicolons",
    "refused",
    "no_good_row",
    "2 times from line 2: found 1 field; expected 22 fields",
)
def two_delimiters(place: Place) -> Path:
    rows = [event(place, number) for number in range(2)]
    return place.write("return.csv", "\n".join([",".join(EVENT_COLUMNS), *lines(rows, ";")[1:]]))


@dirt(
    FIELDS,
    "A comma inside a cell that is not quoted",
    "accepted_with_quarantine",
    "rows_set_aside",
    "1 row taken, 1 set aside",
    "line 3: found 23 fields; expected 22 fields",
)
def unquoted_comma(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {"Reason": "moved, abroad"}))


@dirt(
    FIELDS,
    "Rows with too few fields",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found 7 fields; expected 22 fields",
)
def short_rows(place: Place) -> Path:
    whole = events(place, {}, {}).splitlines()
    return place.write("return.csv", "\n".join([*whole[:2], ",".join(whole[2].split(",")[:7])]))


@dirt(
    FIELDS,
    "A quote left open to the end of the file",
    "refused",
    "open_quote",
    f"FILE, line 3: found a quote that is never closed; {QUOTES}",
)
def open_quote(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {"Reason": '"moved'}, {}))


@dirt(
    FIELDS,
    "A stray quote that swallows rows until the next quote",
    "accepted_with_quarantine",
    "rows_set_aside",
    "3 rows taken, 1 set aside",
    f"line 3: found a quote left open that runs into the next row; {QUOTES}",
)
def stray_quotes(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {"Reason": '"moved'}, {"Reason": 'ill"'}, {}))


@dirt(
    FIELDS,
    "Quotes inside a quoted cell that are not doubled",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3: found a quote left open, or not doubled inside a quoted field; {QUOTES}",
)
def quotes_not_doubled(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {"Reason": '"he said "ill" twice"'}))


@dirt(
    FIELDS,
    "Quotes escaped with a backslash",
    "accepted_with_quarantine",
    "rows_set_aside",
    f"line 3: found a quote left open, or not doubled inside a quoted field; {QUOTES}",
)
def backslash_quotes(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {"Reason": '"he said \\"ill\\" twice"'}))


@dirt(
    FIELDS,
    "Excel's own line 'sep=;' above the header",
    "accepted",
    "accepted",
    "the first line names the delimiter (sep=) and is not data",
)
def sep_line(place: Place) -> Path:
    return place.write("return.csv", "sep=;\r\n" + events(place, {}, {}, delimiter=";", end="\r\n"))


@dirt(
    LINES,
    "Some lines end with LF, others with CR LF",
    "accepted",
    "accepted",
    "2 rows taken",
    "line endings are mixed",
)
def mixed_line_ends(place: Place) -> Path:
    first, second, third = events(place, {}, {}).splitlines()
    return place.write("return.csv", f"{first}\r\n{second}\n{third}\r\n")


@dirt(LINES, "Lines end with CR alone", "accepted", "accepted", "2 rows taken", "lines end with CR alone")
def cr_only(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {}, end="\r"))


@dirt(LINES, "Line ends converted twice (CR CR LF)", "accepted", "accepted", "2 rows taken")
def cr_cr_lf(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {}, end="\r\r\n"))


@dirt(
    LINES,
    "Cut off in the middle of a row",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found 10 fields; expected 22 fields",
)
def cut_off(place: Place) -> Path:
    text = events(place, {}, {})
    return place.write("return.csv", text[: text.rindex("Pharmacist") + 4])


@dirt(LINES, "Empty rows between the rows", "accepted", "accepted", "2 rows taken")
def empty_rows_between(place: Place) -> Path:
    first, second, third = events(place, {}, {}).splitlines()
    return place.write("return.csv", f"{first}\n\n{second}\n{',' * 21}\n\n{third}\n\n")


@dirt(
    LINES,
    "One line of 40 MB",
    "refused",
    "line_too_long",
    "FILE, line 3: found a line of more than 16,777,216 bytes; expected lines of bearable length",
)
def huge_line(place: Place) -> Path:
    return place.write("return.csv", events(place, {}) + "LMK77," * 7_000_000)


@dirt(
    LINES,
    "A header line of 40 MB and nothing else",
    "refused",
    "line_too_long",
    "FILE, line 1: found a line of more than 1,048,576 bytes; expected lines of bearable length",
)
def huge_first_line(place: Place) -> Path:
    return place.write("return.csv", "LMK77x" * 7_000_000)


@dirt(
    LINES,
    "A cell of 200,000 characters",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found a field of more than 131,072 characters",
)
def huge_cell(place: Place) -> Path:
    return place.write("return.csv", events(place, {}, {"Reason": "LMK77" * 40_000}, {}))


@dirt(LINES, "10,000 columns", "refused", "too_wide", "found 10,022 columns; expected at most 4,000 columns")
def ten_thousand_columns(place: Place) -> Path:
    first, second = events(place, {}).splitlines()
    names = ",".join(f"extra {number}" for number in range(10_000))
    return place.write("return.csv", f"{first},{names}\n{second}{',' * 10_000}\n")


@dirt(LINES, "An empty file", "refused", "empty_file", "FILE: found an empty file (0 bytes)")
def no_bytes(place: Place) -> Path:
    return place.write("return.csv", b"")


@dirt(LINES, "Blank lines and nothing else", "refused", "empty_file", "FILE: found only blank lines")
def blank_lines_only(place: Place) -> Path:
    return place.write("return.csv", " \r\n" * 40)


@dirt(LINES, "A byte order mark and nothing else", "refused", "empty_file", "FILE: found only blank lines")
def mark_only(place: Place) -> Path:
    return place.write("return.csv", b"\xef\xbb\xbf")


@dirt(
    LINES,
    "A header and no rows",
    "refused",
    "no_rows",
    "FILE: found a header and no rows below it; expected at least one row of data",
)
def header_only(place: Place) -> Path:
    return place.write("return.csv", ",".join(EVENT_COLUMNS) + f"\n{',' * 21}\n")


@dirt(
    LINES,
    "Rows of nothing but 'NULL'",
    "refused",
    "no_good_row",
    "found 2 rows, none of which can be taken",
    "found no value; expected a value",
    feed="deployment_return",
)
def all_null(place: Place) -> Path:
    first = posts(place, {}).splitlines()[0]
    row = ",".join(["NULL"] * len(first.split(",")))
    return place.write("posts.csv", f"{first}\n{row}\n{row}\n")


@dirt(
    LINES,
    "A feed without people: text beyond the last promised column is told, not swallowed",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3: found 9 fields; expected 7 fields",
    feed="spend",
)
def spilled_fields(place: Place) -> Path:
    rows = lines([money(place, number) for number in range(2)])
    return place.write("spend.csv", "\n".join([*rows[:2], rows[2] + ",x,y"]) + "\n")


@dirt(
    FIELDS,
    "Semicolons with decimal commas",
    "refused",
    "no_good_row",
    "column 'Outturn GBP', 1 time from line 2: found '9,50'; expected a number such as 1234.5 "
    "(decimal point, no thousands separator)",
    feed="spend",
)
def decimal_commas(place: Place) -> Path:
    rows = lines([money(place, 0, {"Planned GBP": "10,00", "Outturn GBP": "9,50"})], ";")
    return place.write("spend.csv", "\r\n".join(rows))
