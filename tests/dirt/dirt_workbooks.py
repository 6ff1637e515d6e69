"""Dirt of workbooks: what is hidden, merged, uncomputed, encrypted, of another kind, or too large."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

from dirt_kind import Place, dirt
from dirt_ole import container, xls
from dirt_people import EVENT_COLUMNS, Cells, event
from openpyxl import Workbook
from openpyxl.styles import PatternFill
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

SHEETS = "Sheets and cells of a workbook"
CONTAINERS = "Containers and formats"

Rows = Sequence[Sequence[object]]
EXCEL = "expected an Excel workbook (.xlsx)"
SHEET = "xl/worksheets/sheet1.xml"
ROWS_END = b"</sheetData>"


def rows_of(place: Place, *cells: Cells) -> list[list[object]]:
    """Header and rows of a provider return for a sheet."""
    rows = [list(event(place, number, each).values()) for number, each in enumerate(cells)]
    return [list(EVENT_COLUMNS), *([cell or None for cell in row] for row in rows)]


def book(*sheets: tuple[str, Rows]) -> Workbook:
    """A workbook of these sheets."""
    made = Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets:
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return made


def first_sheet(made: Workbook) -> Worksheet:
    """The first sheet."""
    return made.worksheets[0]


def saved(made: Workbook) -> bytes:
    """The bytes of a workbook."""
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def edited(content: bytes, member: str, edit: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one part of its container changed."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as sink,
    ):
        for name in source.namelist():
            part = source.read(name)
            sink.writestr(name, edit(part) if name == member else part)
    return target.getvalue()


def with_shared_text(content: bytes, text: bytes, doctype: bytes = b"") -> bytes:
    """A workbook with one text that cells of type "s" point to."""
    spreadsheet = b"application/vnd.openxmlformats-officedocument.spreadsheetml"
    relation = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    types = (
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s.sharedStrings+xml"/></Types>'
        % spreadsheet
    )
    link = b'<Relationship Id="rId99" Type="%s" Target="sharedStrings.xml"/></Relationships>' % relation
    content = edited(content, "[Content_Types].xml", lambda part: part.replace(b"</Types>", types))
    content = edited(
        content, "xl/_rels/workbook.xml.rels", lambda part: part.replace(b"</Relationships>", link)
    )
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        strings = b'<?xml version="1.0"?>%s<sst xmlns="%s"><si>%s</si></sst>' % (doctype, main, text)
        archive.writestr("xl/sharedStrings.xml", strings)
    return stream.getvalue()


def simple(place: Place, *cells: Cells) -> bytes:
    """A good provider return as a workbook."""
    return saved(book(("Return", rows_of(place, *cells))))


def put(place: Place, made: Workbook, name: str = "return.xlsx") -> Path:
    """Write a workbook."""
    return place.write(name, saved(made))


@dirt(SHEETS, "Titles above the header", "accepted", "accepted", "2 row(s) above the header not taken")
def titles_above(place: Place) -> Path:
    titles = [["Return to the programme"], ["in confidence"]]
    return put(place, book(("Return", [*titles, *rows_of(place, {}, {})])))


@dirt(
    SHEETS,
    "Cells merged down a column: all but the first are empty",
    "accepted_with_quarantine",
    "rows_set_aside",
    "1 row taken, 1 set aside",
    "cells merged over several rows: only the first of them holds the value (1 such block)",
)
def merged_down(place: Place) -> Path:
    made = book(("Return", rows_of(place, {}, {})))
    first_sheet(made).merge_cells("K2:K3")
    return put(place, made)


@dirt(
    SHEETS,
    "Hidden rows: they are data",
    "accepted",
    "accepted",
    "3 rows taken",
    "2 hidden rows of the workbook are read like all others",
)
def hidden_rows(place: Place) -> Path:
    made = book(("Return", rows_of(place, {}, {}, {})))
    for number in (3, 4):
        first_sheet(made).row_dimensions[number].hidden = True
    return put(place, made)


@dirt(
    SHEETS, "Hidden columns: they are data", "accepted", "accepted", "1 row taken", raw={"pcn_code": "U12345"}
)
def hidden_columns(place: Place) -> Path:
    made = book(("Return", rows_of(place, {"PCN code": "U12345"})))
    first_sheet(made).column_dimensions["S"].hidden = True
    return put(place, made)


@dirt(SHEETS, "The data in a hidden sheet", "accepted", "accepted", "sheet 'Return' is hidden")
def hidden_sheet(place: Place) -> Path:
    made = book(("Cover", [["Return to the programme"]]), ("Return", rows_of(place, {})))
    made.worksheets[1].sheet_state = "hidden"
    return put(place, made)


@dirt(
    SHEETS,
    "The data in the second sheet",
    "accepted",
    "accepted",
    "sheet 'Return' taken for the first sheet because its header fits",
    "sheets not taken: 'Cover'",
)
def second_sheet(place: Place) -> Path:
    return put(place, book(("Cover", [["Return to the programme"]]), ("Return", rows_of(place, {}))))


@dirt(
    SHEETS,
    "Two sheets that both fit: the first is taken, the other told",
    "accepted",
    "accepted",
    "sheets not taken: 'Rest'",
)
def two_sheets_fit(place: Place) -> Path:
    return put(place, book(("Return", rows_of(place, {})), ("Rest", rows_of(place, {"Event": "Started"}))))


@dirt(
    SHEETS,
    "A workbook without a filled cell",
    "refused",
    "empty_file",
    "FILE: found a workbook without a filled cell; expected a header row and rows",
)
def empty_sheets(place: Place) -> Path:
    return put(place, book(("Return", []), (place.code, [])))


@dirt(
    SHEETS,
    "A header and no rows",
    "refused",
    "no_rows",
    "FILE, sheet 'Return': found a header and no rows below it; expected at least one row of data",
)
def sheet_of_header_only(place: Place) -> Path:
    return put(place, book(("Return", rows_of(place)), (place.code, [])))


@dirt(
    SHEETS,
    "Formulas without their results",
    "accepted_with_quarantine",
    "rows_set_aside",
    "1 row taken, 1 set aside",
    "1 formulas of the workbook have no stored result: read as empty (open and save it in Excel)",
)
def formulas_uncomputed(place: Place) -> Path:
    made = book(("Return", rows_of(place, {}, {})))
    first_sheet(made)["M3"] = "=M2+1"
    return put(place, made)


@dirt(
    SHEETS,
    "Cells that show an error (#REF!, #N/A)",
    "accepted_with_quarantine",
    "rows_set_aside",
    "1 row taken, 1 set aside",
    "2 cells of the workbook show an Excel error (#N/A, #REF!): read as empty",
)
def error_cells(place: Place) -> Path:
    made = book(("Return", rows_of(place, {}, {})))
    for cell, error in (("M3", "#REF!"), ("N3", "#N/A")):
        first_sheet(made)[cell] = error
        first_sheet(made)[cell].data_type = "e"
    return put(place, made)


@dirt(
    SHEETS,
    "A formula as text in a free text cell",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"course_code": "=1+1"},
)
def formula_as_text(place: Place) -> Path:
    made = book(("Return", rows_of(place, {})))
    first_sheet(made)["N2"] = "=1+1"
    first_sheet(made)["N2"].data_type = "s"
    return put(place, made)


@dirt(
    SHEETS,
    "The calendar that starts in 1904",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"event_date": date(2025, 10, 1)},
)
def calendar_of_1904(place: Place) -> Path:
    made = book(("Return", rows_of(place, {})))
    made.epoch = CALENDAR_MAC_1904
    first_sheet(made)["M2"] = datetime(2025, 10, 1)
    return put(place, made)


@dirt(
    SHEETS,
    "Dates shown as numbers: the cells have no date format",
    "accepted_with_quarantine",
    "rows_set_aside",
    "line 3, column 'Event date': found a value like '99999'; expected a date such as 2025-11-30",
)
def unformatted_dates(place: Place) -> Path:
    made = book(("Return", rows_of(place, {}, {})))
    first_sheet(made)["M3"] = 45931
    return put(place, made)


@dirt(
    SHEETS,
    "Registration numbers and months kept as numbers and dates",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"return_period": date(2025, 11, 1)},
)
def typed_cells(place: Place) -> Path:
    made = book(("Return", rows_of(place, {})))
    first_sheet(made)["E2"] = 2719833.0
    first_sheet(made)["B2"] = datetime(2025, 11, 1)
    return put(place, made)


@dirt(SHEETS, "A million formatted and empty cells", "accepted", "accepted", "1 row taken")
def formatted_million(place: Place) -> Path:
    plain = simple(place, {})
    empty = b"".join(
        b'<row r="%d">' % row
        + b"".join(b'<c r="%s%d" s="0"/>' % (letter, row) for letter in LETTERS)
        + b"</row>"
        for row in range(3, 50_003)
    )
    return place.write(
        "return.xlsx", edited(plain, SHEET, lambda part: part.replace(ROWS_END, empty + ROWS_END))
    )


LETTERS = [bytes([letter]) for letter in range(ord("A"), ord("T") + 1)]


@dirt(
    SHEETS,
    "A stray cell in the last row and column",
    "refused",
    "too_large",
    "found a sheet reaching to row 1,048,576 and column 3,000; expected at most 20,000,000 cells; "
    "clear stray cells far off",
)
def far_cell(place: Place) -> Path:
    stray = b'<row r="1048576"><c r="DKJ1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    return place.write(
        "return.xlsx", edited(simple(place, {}), SHEET, lambda part: part.replace(ROWS_END, stray))
    )


@dirt(
    SHEETS,
    "10,000 columns",
    "refused",
    "too_wide",
    "found cells in 10,000 columns; expected at most 4,000 columns",
)
def wide_sheet(place: Place) -> Path:
    made = book(("Return", rows_of(place, {})))
    first_sheet(made).cell(1, 10_000, "far")
    return put(place, made)


@dirt(
    SHEETS,
    "One long text behind 200,000 cells",
    "refused",
    "reader_crashed",
    "FILE: found ",
    "memory",
    "expected a file ",
)
def text_bomb(place: Place) -> Path:
    rows = b"".join(
        b'<row r="%d"><c r="N%d" t="s"><v>0</v></c></row>' % (row, row) for row in range(3, 200_003)
    )
    content = with_shared_text(simple(place, {}), b"<t>" + b"LMK77" * 6_000 + b"</t>")
    return place.write(
        "return.xlsx", edited(content, SHEET, lambda part: part.replace(ROWS_END, rows + ROWS_END))
    )


@dirt(
    CONTAINERS,
    "A zip bomb under the name of a workbook",
    "refused",
    "too_large",
    "FILE: found more than 512 MB once unpacked; expected a workbook of at most 512 MB unpacked",
)
def zip_bomb(place: Place) -> Path:
    return with_zeros(place, 600)


def with_zeros(place: Place, megabytes: int) -> Path:
    """A good workbook with a member of zeros."""
    path = place.write("return.xlsx", simple(place, {}))
    packed = zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1)
    with packed as archive, archive.open("xl/media/a.bin", "w") as part:
        for _ in range(megabytes):
            part.write(bytes(1024**2))
    return path


@dirt(
    CONTAINERS,
    "A zip bomb that declares a small size",
    "refused",
    "damaged_file",
    "FILE: found a workbook with damaged contents; expected a complete workbook",
)
def zip_bomb_that_lies(place: Place) -> Path:
    content = with_zeros(place, 20).read_bytes()
    true = (20 * 1024**2).to_bytes(4, "little")
    return place.write("return.xlsx", content.replace(true, (1024).to_bytes(4, "little")))


@dirt(CONTAINERS, "XML that expands itself (a billion laughs)", "refused", "damaged_file", "FILE: found")
def xml_entities(place: Place) -> Path:
    doctype = b'<!DOCTYPE lolz [<!ENTITY a "LMK77LMK77">'
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        doctype += f'<!ENTITY {name} "{f"&{before};" * 10}">'.encode()
    doctype += b"]>"

    row = b'<row r="3"><c r="N3" t="s"><v>0</v></c></row>'
    content = with_shared_text(simple(place, {}), b"<t>&i;</t>", doctype)
    return place.write(
        "return.xlsx", edited(content, SHEET, lambda part: part.replace(ROWS_END, row + ROWS_END))
    )


@dirt(
    CONTAINERS,
    "A workbook cut off in the middle",
    "refused",
    "damaged_file",
    "FILE: found a damaged or cut-off zip container (its directory is missing)",
)
def cut_off_workbook(place: Place) -> Path:
    whole = simple(place, {})
    return place.write("return.xlsx", whole[: len(whole) // 2])


@dirt(
    CONTAINERS,
    "A workbook with a damaged sheet",
    "refused",
    "damaged_file",
    "FILE: found a workbook with damaged contents; expected a complete workbook",
)
def damaged_workbook(place: Place) -> Path:
    whole = bytearray(simple(place, {}))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    middle = sheet.header_offset + 30 + len(sheet.filename) + sheet.compress_size // 2
    whole[middle] ^= 0xFF
    return place.write("return.xlsx", bytes(whole))


@dirt(
    CONTAINERS,
    "A workbook with a password",
    "refused",
    "encrypted",
    "FILE: found a workbook with a password; expected one without a password",
)
def password(place: Place) -> Path:
    streams = {
        "EncryptionInfo": b"\x04\x00\x04\x00\x40\x00\x00\x00<encryption/>",
        "EncryptedPackage": place.code.encode() * 900,
    }
    return place.write("return.xlsx", container(streams))


@dirt(
    CONTAINERS,
    "An old workbook (.xls) with a password",
    "refused",
    "damaged_file",
    "FILE: found an old workbook (.xls) that cannot be parsed, perhaps one with a password; "
    "expected a workbook saved as .xlsx, without a password",
)
def old_password(place: Place) -> Path:
    return place.write("return.xls", xls("Return", as_text(rows_of(place, {})), password=True))


@dirt(
    CONTAINERS,
    "An old workbook (.xls)",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"event_type": "enrolled"},
)
def old_workbook(place: Place) -> Path:
    return place.write("return.xls", xls("Return", as_text(rows_of(place, {}))))


@dirt(
    CONTAINERS,
    "An OpenDocument workbook",
    "accepted",
    "accepted",
    "1 row taken",
    raw={"event_type": "enrolled"},
)
def open_document(place: Place) -> Path:
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
            for text in row
        )
        + "</table:table-row>"
        for row in as_text(rows_of(place, {}))
    )
    namespace = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{namespace}:office:1.0" '
        f'xmlns:text="{namespace}:text:1.0" xmlns:table="{namespace}:table:1.0"><office:body>'
        f'<office:spreadsheet><table:table table:name="Return">{cells}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return place.write("return.ods", stream.getvalue())


def as_text(rows: Rows) -> list[list[str]]:
    """Cells as text, empty ones as ''."""
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


def zipped(**members: bytes) -> bytes:
    """A zip archive; dots in names as two underscores, slashes as three."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("___", "/").replace("__", "."), content)
    return stream.getvalue()


@dirt(
    CONTAINERS,
    "A binary workbook (.xlsb) renamed",
    "refused",
    "wrong_format",
    "FILE: found a binary Excel workbook (.xlsb); expected a workbook saved as .xlsx",
)
def binary_workbook(place: Place) -> Path:
    return place.write("return.xlsx", zipped(xl___workbook__bin=b"x"))


@dirt(
    CONTAINERS, "A Word document renamed", "refused", "wrong_format", f"FILE: found a Word document; {EXCEL}"
)
def word_document(place: Place) -> Path:
    return place.write("return.xlsx", zipped(word___document__xml=b"<w/>"))


@dirt(
    CONTAINERS,
    "A zip archive of CSV files",
    "refused",
    "wrong_format",
    "FILE: found a zip archive of 2 files",
)
def zip_of_csv(place: Place) -> Path:
    return place.write("returns.zip", zipped(a__csv=b"x", b__csv=b"y"))


@dirt(
    CONTAINERS,
    "A PDF document renamed to .xlsx",
    "refused",
    "wrong_format",
    f"FILE: found a PDF document; {EXCEL}",
)
def pdf_renamed(place: Place) -> Path:
    return place.write("return.xlsx", b"%PDF-1.7\n%Quillmarker")


@dirt(
    CONTAINERS,
    "A CSV file renamed to .xlsx",
    "refused",
    "wrong_format",
    f"FILE: found plain text under a name ending in .xlsx; {EXCEL}",
)
def csv_renamed(place: Place) -> Path:
    return place.write("return.xlsx", ",".join(EVENT_COLUMNS))


@dirt(
    CONTAINERS,
    "A workbook renamed to .csv",
    "refused",
    "wrong_format",
    "FILE: found an Excel workbook under a name ending in .csv; expected a CSV file: plain text in UTF-8",
)
def workbook_renamed(place: Place) -> Path:
    return place.write("return.csv", simple(place, {}))


@dirt(
    SHEETS,
    "A sheet coloured to its edges, with notes beside the table",
    "accepted",
    "accepted",
    "2 rows taken",
    "1 column with values and without a name (right of 'Supervisor type') not taken",
)
def notes_beside(place: Place) -> Path:
    made = book(("Return", rows_of(place, {}, {})))
    sheet = first_sheet(made)
    sheet["X3"] = "see the mail of Quillmarker"
    for row in range(1, 200):
        sheet.cell(row, 60).fill = PatternFill("solid", fgColor="FFFF0000")
    return put(place, made)
