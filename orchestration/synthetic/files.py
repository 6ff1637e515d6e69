"""Files on disk: comma or semicolon text written line by line, and small workbooks with fixed bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

Cell = str | int | float | date | None

_STAMP = (2026, 6, 30, 0, 0, 0)  # workbooks carry times; a fixed one keeps the bytes the same
_EPOCH = date(1899, 12, 30).toordinal()  # day 0 of a workbook's calendar
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/styles.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>{sheets}</Types>'
)
_SHEET_TYPE = (
    '<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
)
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_STYLES = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<styleSheet xmlns="{_MAIN}">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def write_text(path: Path, header: str | None, body: str, *, encoding: str = "utf-8") -> None:
    """Write lines (joined by line feeds, no trailing one in `body`) under an optional header line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(part for part in (header, body) if part) + "\n"
    path.write_bytes(text.encode(encoding))


def write_workbook(path: Path, sheets: Sequence[tuple[str, Sequence[str], Iterable[Sequence[Cell]]]]) -> None:
    """Write sheets of (name, header, rows) as an .xlsx whose bytes depend on the values alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
        for n, (name, _, _) in zip(numbers, sheets, strict=True)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    styles_link = f'<Relationship Id="rId{len(sheets) + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    parts = {
        "[Content_Types].xml": _TYPES.format(sheets="".join(_SHEET_TYPE.format(number=n) for n in numbers)),
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" '
        f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}{styles_link}</Relationships>',
        "xl/styles.xml": _STYLES,
    }
    for n, (_, header, rows) in zip(numbers, sheets, strict=True):
        parts[f"xl/worksheets/sheet{n}.xml"] = _sheet_xml(header, rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, _STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text)


def _sheet_xml(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    letters = [_letters(index) for index in range(len(header))]
    lines = [_row_xml(1, letters, header)]
    lines += [_row_xml(number, letters, row) for number, row in enumerate(rows, start=2)]
    body = "".join(lines)
    opening = f'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="{_MAIN}">'
    return f"{opening}<sheetData>{body}</sheetData></worksheet>"


def _row_xml(number: int, letters: Sequence[str], row: Sequence[Cell]) -> str:
    cells: list[str] = []
    for letter, value in zip(letters, row, strict=True):
        if value is None or value == "":
            continue
        place = f'<c r="{letter}{number}"'
        if isinstance(value, date):
            cells.append(f'{place} s="1"><v>{value.toordinal() - _EPOCH}</v></c>')
        elif isinstance(value, str):
            cells.append(f'{place} t="inlineStr"><is><t xml:space="preserve">{_text(value)}</t></is></c>')
        else:
            cells.append(f"{place}><v>{value}</v></c>")
    return f'<row r="{number}">{"".join(cells)}</row>'


def _text(value: str) -> str:
    return escape(value) if "&" in value or "<" in value or ">" in value else value


def _letters(index: int) -> str:
    found = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        found = chr(65 + rest) + found
    return found
