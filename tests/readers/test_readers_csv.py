"""Delimited text: every kind of dirt has one expected outcome, and the two paths agree."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.readers import SourceTable, Unreadable, csv_exact, peek, read, text
from orchestration.readers import csv as csv_reader
from orchestration.readers.limits import MAX_COLUMNS, MAX_RECORD_LINES, PEEK_BYTES

Write = Callable[[str, bytes], Path]

SECRET = "Featherstonehaugh"  # stands for a cell's value: it must appear in no message


def cells(table: SourceTable) -> list[tuple[object, ...]]:
    """Rows as tuples: the line, then the cells."""
    return [
        (row["line"], *(row[f"c{index}"] for index in range(len(table.header))))
        for row in table.rows.to_pylist()
    ]


def rejected(table: SourceTable) -> list[tuple[object, ...]]:
    """Rejects as (line, found, expected)."""
    return [(row["line"], row["found"], row["expected"]) for row in table.rejects.to_pylist()]


def refused(path: Path) -> Unreadable:
    """The refusal of a file; neither it nor peek may quote a value."""
    with pytest.raises(Unreadable) as caught:
        read(path)
    assert SECRET not in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith(path.name)
    return caught.value


def refuse_fast(*_: object) -> None:
    """In place of the fast path: every file takes the exact one."""


def zip_of(member: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, "a,b\n1,2\n")
    return buffer.getvalue()


# --- what is no CSV at all ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code", "found"),
    [
        (b"", "empty_file", "an empty file (0 bytes)"),
        (b"\n\r\n\n", "empty_file", "only blank lines"),
        (b"\xef\xbb\xbf\n", "empty_file", "only blank lines"),
        (b"%PDF-1.7\n%\xe2\xe3", "wrong_format", "a PDF document"),
        (zip_of("returns.csv"), "wrong_format", "a zip archive of 1 files"),
        (
            zip_of("xl/workbook.xml"),
            "wrong_format",
            "an Excel workbook under a name ending in .csv",
        ),
        (zip_of("word/document.xml"), "wrong_format", "a Word document"),
        (
            zip_of("a.csv")[:40],
            "damaged_file",
            "a damaged or cut-off zip container (its directory is missing)",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "wrong_format",
            "an old-style Excel workbook",
        ),
        (b"PAR1xxxxPAR1", "wrong_format", "a Parquet file under a name ending in .csv"),
        (
            b"\r\n<!DOCTYPE html><html><body>503</body></html>",
            "wrong_format",
            "a web page (HTML)",
        ),
        (b"\xef\xbb\xbf<HTML>", "wrong_format", "a web page (HTML)"),
        (b"<?xml version='1.0'?><Workbook/>", "wrong_format", "an XML document"),
        (b'{"ErrorCode":404}', "wrong_format", "a JSON document"),
        ("a,b\n1,2\n".encode("utf-16"), "wrong_format", "text in UTF-16"),
        (b"a,b\n1,2\n3,\x00\n", "nul_bytes", "NUL bytes"),
        (
            b"a,b\n1,2\n\xff\xfe\x81,\x8d\n",
            "wrong_encoding",
            "neither UTF-8 (line 3) nor Windows-1252 (line 3)",
        ),
    ],
)
def test_what_is_no_csv_is_refused_in_one_clear_line(
    write: Write, content: bytes, code: str, found: str
) -> None:
    error = refused(write("return.csv", content))
    assert error.code == code
    assert found in error.found
    assert error.expected


def test_nul_bytes_name_their_line(write: Write) -> None:
    assert refused(write("return.csv", b"a,b\n1,2\n3,\x00\n")).line == 3


@pytest.mark.parametrize("name", ["return.xlsx", "return.xls", "return.parquet"])
def test_text_under_a_binary_name_is_refused(write: Write, name: str) -> None:
    assert (
        refused(write(name, b"a,b\n1,2\n")).found == f"plain text under a name ending in {Path(name).suffix}"
    )


def test_a_missing_file_is_a_refusal_too(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.csv").code == "not_found"


# --- gzip --------------------------------------------------------------------------------------------------

BODY = b"code,name\n" + b"".join(b"%d,name %d\n" % (number, number) for number in range(5000))


def test_gzip_is_read(write: Write) -> None:
    table = read(write("return.csv.gz", gzip.compress(BODY)))
    assert table.rows.num_rows == 5000
    assert cells(table)[-1] == (5001, "4999", "name 4999")
    assert table.notes == ()


def test_gzip_without_the_suffix_is_read_with_a_remark(write: Write) -> None:
    table = read(write("return.csv", gzip.compress(BODY)))
    assert table.rows.num_rows == 5000
    assert table.notes == ("compressed with gzip although the name does not end in .gz",)


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_truncated_gzip_is_refused_never_half_read(write: Write, kept: float) -> None:
    packed = gzip.compress(BODY)
    error = refused(write("return.csv.gz", packed[: int(len(packed) * kept)]))
    assert (error.code, error.found) == (
        "damaged_file",
        "gzip data cut off before its end",
    )


@pytest.mark.parametrize("at", [0.2, 0.5, 0.9])
def test_bit_flipped_gzip_is_refused(write: Write, at: float) -> None:
    packed = bytearray(gzip.compress(BODY))
    packed[int(len(packed) * at)] ^= 0x10
    assert refused(write("return.csv.gz", bytes(packed))).code == "damaged_file"


def test_a_workbook_inside_gzip_is_refused(write: Write) -> None:
    error = refused(write("return.csv.gz", gzip.compress(zip_of("xl/workbook.xml"))))
    assert error.code == "wrong_format"


# --- encodings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [True, False])
def test_a_byte_order_mark_is_no_part_of_the_first_cell(write: Write, header: bool) -> None:
    table = read(write("return.csv", b"\xef\xbb\xbfcode,name\nA,B\n"), header=header)
    first = table.header if header else cells(table)[0][1:]
    assert first == ("code", "name")
    assert table.notes == ()


def test_windows_1252_is_decoded_loudly(write: Write) -> None:
    table = read(write("return.csv", "code;name\n1;plain\n2;Zoë – O’Neil\n".encode("cp1252")))
    assert cells(table)[1] == (3, "2", "Zoë – O’Neil")
    assert table.notes == ("decoded as Windows-1252, UTF-8 expected (line 3 is the first that is not)",)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_chunk_borders_cut_neither_characters_nor_line_ends(
    write: Write, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(text, "_CHUNK_BYTES", size)
    table = read(write("return.csv", "a,b\r\né,€\r\n💉,x\r\n".encode()))
    assert cells(table) == [(2, "é", "€"), (3, "💉", "x")]
    assert table.notes == ()


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_first_line_that_is_not_utf8_is_the_same_for_any_chunk(
    write: Write, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(text, "_CHUNK_BYTES", size)
    with pytest.raises(Unreadable, match=r"UTF-8 \(line 2\) and others in Windows-1252 \(line 3\)"):
        read(write("return.csv", b"a,b\n\xc3\xa9,1\n\xe9,2\n"))


def test_utf8_cut_off_in_a_character_is_not_utf8(write: Write) -> None:
    table = read(write("return.csv", b"a,b\n1,\xc3"))
    assert cells(table) == [(2, "1", "Ã")]
    assert "Windows-1252" in table.notes[0]


# --- delimiters and headers --------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(write: Write, delimiter: str) -> None:
    path = write(
        "return.csv",
        f"code{delimiter}name{delimiter}fte\nA{delimiter}B{delimiter}1.0\n".encode(),
    )
    assert cells(read(path)) == [(2, "A", "B", "1.0")]
    assert peek(path).sheets[0].delimiter == delimiter


def test_delimiters_inside_quotes_do_not_count(write: Write) -> None:
    path = write("return.csv", b'"Name, first, last, other";code\nx;1\n')
    table = read(path)
    assert table.header == ("Name, first, last, other", "code")
    assert peek(path).sheets[0].first_rows == (
        ("Name, first, last, other", "code"),
        ("x", "1"),
    )


def test_a_wrong_delimiter_is_named(write: Write) -> None:
    with pytest.raises(Unreadable) as caught:
        read(write("return.csv", b"a,b\n1,2\n"), delimiter=";")
    assert caught.value.code == "wrong_delimiter"
    assert "separated by comma" in caught.value.found


def test_excels_sep_line_is_not_data(write: Write) -> None:
    path = write("return.csv", b"sep=;\r\na;b\r\n1;2\r\n")
    table = read(path)
    assert (table.header, cells(table)) == (("a", "b"), [(3, "1", "2")])
    assert "sep=" in table.notes[0]
    assert peek(path).sheets[0].first_rows[0] == ("a", "b")


def test_blank_lines_before_the_header_count_as_lines(write: Write) -> None:
    assert cells(read(write("return.csv", b"\n\na,b\n1,2\n"))) == [(4, "1", "2")]


def test_a_header_with_line_breaks_keeps_its_text(write: Write) -> None:
    table = read(write("return.csv", b'"PCN\nCode",name\nU1,x\n'))
    assert table.header == ("PCN\nCode", "name")
    assert cells(table) == [(3, "U1", "x")]


def test_a_header_alone_is_remarked(write: Write) -> None:
    table = read(write("return.csv", b"a,b\n"))
    assert (table.rows.num_rows, table.notes) == (0, ("no rows below the header",))


def test_too_many_columns_are_refused(write: Write) -> None:
    error = refused(write("return.csv", b",".join(b"c" for _ in range(MAX_COLUMNS + 1)) + b"\n"))
    assert error.code == "too_wide"


def test_a_header_less_file_is_numbered_and_its_broken_first_line_set_aside(
    write: Write,
) -> None:
    table = read(write("return.csv", b"A,1\nB,2,3\nC,4,5\n"), header=False)
    assert table.header == ("1", "2", "3")
    assert cells(table) == [(2, "B", "2", "3"), (3, "C", "4", "5")]
    assert rejected(table) == [(1, "2 fields", "3 fields")]


def test_spare_columns_vanish_but_named_empty_ones_stay(write: Write) -> None:
    table = read(write("return.csv", b"a,b,c,\n1,,3,\n"))
    assert table.header == ("a", "b", "c")
    assert cells(table) == [(2, "1", None, "3")]


# --- rows --------------------------------------------------------------------------------------------------


def test_too_many_and_too_few_fields_are_set_aside_with_their_lines(
    write: Write,
) -> None:
    table = read(write("return.csv", f"a,b,c\n1,2,3\n4,{SECRET}\n5,6,7,8\n9,10,11\n".encode()))
    assert cells(table) == [(2, "1", "2", "3"), (5, "9", "10", "11")]
    assert rejected(table) == [(3, "2 fields", "3 fields"), (4, "4 fields", "3 fields")]


@pytest.mark.parametrize("row", ["Smith, John,x,", "1,2,3,", '"1,1",2,3,'])
def test_a_surplus_empty_field_is_set_aside_not_dropped(write: Write, row: str) -> None:
    """DuckDB alone would drop it, and with it the sign that an unquoted comma has shifted the row."""
    table = read(write("return.csv", f'a,b,c\n"x,y",1,\n{row}\n4,5,6\n'.encode()))
    assert [line for line, *_ in cells(table)] == [2, 4]
    assert rejected(table) == [(3, "4 fields", "3 fields")]


def test_a_line_break_inside_quotes_keeps_the_line_numbers_true(write: Write) -> None:
    table = read(write("return.csv", b'a,b\n1,"one\ntwo\nthree"\n2,x\n'))
    assert cells(table) == [(2, "1", "one\ntwo\nthree"), (5, "2", "x")]


def test_blank_rows_are_ignored_and_still_counted(write: Write) -> None:
    table = read(write("return.csv", b"a,b\n1,2\n\n,\n  , \n3,4\n\n\n"))
    assert cells(table) == [(2, "1", "2"), (6, "3", "4")]
    assert table.rejects.num_rows == 0


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_endings(write: Write, end: str) -> None:
    table = read(write("return.csv", end.join(["a,b", "1,2", "3,4", ""]).encode()))
    assert cells(table) == [(2, "1", "2"), (3, "3", "4")]


def test_mixed_line_endings_are_read_and_remarked(write: Write) -> None:
    table = read(write("return.csv", b"a,b\r\n1,2\n3,4\r\n5,6"))
    assert cells(table) == [(2, "1", "2"), (3, "3", "4"), (4, "5", "6")]
    assert table.notes == ("line endings are mixed",)


def test_empty_and_quoted_empty_are_null_on_both_paths(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("return.csv", b'a,b,c\n"",,x\n')
    fast = read(path)
    monkeypatch.setattr(csv_reader, "read_fast", refuse_fast)
    assert cells(fast) == cells(read(path)) == [(2, None, None, "x")]


def test_quotes_inside_fields(write: Write) -> None:
    table = read(write("return.csv", b'a,b\n"say ""hi""",5" pipe\n'))
    assert cells(table) == [(2, 'say "hi"', '5" pipe')]


def test_a_quote_left_open_names_the_line_where_it_opened(write: Write) -> None:
    lines = ["a,b"] + [f"{number},x" for number in range(20)] + [f'7,"{SECRET}'] + ["8,y"] * 30
    error = refused(write("return.csv", "\n".join(lines).encode()))
    assert (error.code, error.line) == ("open_quote", 22)


def test_a_quote_left_open_after_a_line_break_names_its_own_line(write: Write) -> None:
    error = refused(write("return.csv", b'a,b\n"one\ntwo","open\nmore\n'))
    assert error.line == 3


def test_a_quote_open_over_too_many_lines_is_refused_before_the_end(
    write: Write,
) -> None:
    body = b'a,b\n1,"open\n' + b"2,x\n" * (MAX_RECORD_LINES * 3) + b'3,"\n'
    error = refused(write("return.csv", body))
    assert (error.code, error.line) == ("open_quote", 2)


def test_one_stray_quote_costs_one_row(write: Write) -> None:
    table = read(write("return.csv", b'a,b\n1,"open\n2,x\n3,y\n4,"closed"\n5,z\n'))
    assert [row[0] for row in cells(table)] == [3, 4, 5, 6]
    assert [row[0] for row in rejected(table)] == [2]


def test_text_after_a_closing_quote_is_set_aside(write: Write) -> None:
    table = read(write("return.csv", f'a,b\n1,"x"{SECRET}\n2,y\n'.encode()))
    assert cells(table) == [(3, "2", "y")]
    (line, found, _), *others = rejected(table)
    assert (line, others) == (2, [])
    assert SECRET not in str(found)


def test_a_huge_field_is_set_aside(write: Write) -> None:
    path = write("return.csv", b"a,b\n1,2\n\n" + b"x" * 200_000 + b",1\n3,4\n")
    table = read(path)
    assert [row[0] for row in cells(table)] == [2, 5]
    assert rejected(table)[0][:2] == (4, "a field of more than 131,072 characters")


@pytest.mark.parametrize("name", ["return[1].csv", "re*urn.csv", "it's a return?.csv"])
def test_names_that_look_like_patterns(write: Write, name: str) -> None:
    write("return1.csv", b"z\n")
    assert cells(read(write(name, b"a,b\n1,2\n"))) == [(2, "1", "2")]


def test_peek_shows_five_rows_and_survives_a_cut_character(write: Write) -> None:
    line = "é,1\n".encode()
    path = write("return.csv", b"a,b,\n" + line * (PEEK_BYTES // len(line) + 5))
    first = peek(path).sheets[0].first_rows
    assert len(first) == 5
    assert first[1] == ("é", "1")


# --- the two paths agree -----------------------------------------------------------------------------------

FIELD = st.text(alphabet='ab "\n\r,;é', max_size=5)


@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=8),
    raw=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_fast_and_exact_path_agree(
    tmp_path: Path, rows: list[tuple[str, str, str]], raw: bool, end: str
) -> None:
    """Whatever DuckDB accepts must be what Python's csv module reads, line numbers included."""
    quoted = [field if raw else '"' + field.replace('"', '""') + '"' for row in rows for field in row]
    lines = [",".join(quoted[start : start + 3]) for start in range(0, len(quoted), 3)]
    path = tmp_path / "return.csv"
    path.write_bytes(("p,q,r" + end + end.join(lines) + end).encode())

    def outcome() -> object:
        try:
            table = read(path)
        except Unreadable as error:
            return error.message
        return cells(table), rejected(table), table.notes

    fast = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "read_fast", refuse_fast)
        assert fast == outcome()


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_fast_path_is_taken_for_a_clean_file(
    write: Write, monkeypatch: pytest.MonkeyPatch, end: bytes
) -> None:
    def never(*_: object) -> tuple[pa.Table, pa.Table]:
        raise AssertionError("the exact path was taken")

    monkeypatch.setattr(csv_reader, "read_exact", never)
    table = read(write("return.csv", end.join([b"a,b", b'1,"x, y"', b"2,\xc3\xa9", b"", b""])))
    assert cells(table) == [(2, "1", "x, y"), (3, "2", "é")]


def test_batches_of_the_exact_path_join(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_exact, "_BATCH_ROWS", 3)
    table = read(
        write(
            "return.csv",
            b'a,b\n"x\ny",1\n' + b"".join(b"%d,z\n" % n for n in range(10)),
        )
    )
    assert [row[0] for row in cells(table)] == [2, *range(4, 14)]
