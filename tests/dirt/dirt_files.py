"""Dirt of files as such: what else is sent as a data file, compressed files, Parquet, names, links and rights."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from dirt_kind import Place, dirt
from dirt_people import EVENT_COLUMNS, event, events

FORMATS = "Other things sent as data"
PACKED = "Compressed files"
PARQUET = "Parquet"
NAMES = "Names, links and rights"

A_CSV = "expected a CSV file: plain text in UTF-8"


@dirt(
    FORMATS,
    "A web page that says an error occurred",
    "refused",
    "wrong_format",
    f"FILE: found a web page (HTML), perhaps an error page; {A_CSV}",
)
def web_page(place: Place) -> Path:
    return place.write("return.csv", "<!DOCTYPE html>\n<html><body>503 Quillmarker</body></html>")


@dirt(
    FORMATS,
    "The JSON answer of an interface",
    "refused",
    "wrong_format",
    f"FILE: found a JSON document, perhaps an error answer; {A_CSV}",
)
def json_answer(place: Place) -> Path:
    return place.write("return.csv", '{"error": "no access", "user": "Quillmarker"}')


@dirt(FORMATS, "An XML document", "refused", "wrong_format", f"FILE: found an XML document; {A_CSV}")
def xml_document(place: Place) -> Path:
    return place.write("return.csv", '<?xml version="1.0"?><learner surname="Quillmarker"/>')


@dirt(
    FORMATS, "A rich-text document", "refused", "wrong_format", f"FILE: found a rich-text document; {A_CSV}"
)
def rich_text(place: Place) -> Path:
    return place.write("return.csv", r"{\rtf1 Quillmarker}")


@dirt(FORMATS, "An SQLite database", "refused", "wrong_format", f"FILE: found an SQLite database; {A_CSV}")
def sqlite_database(place: Place) -> Path:
    return place.write("return.csv", b"SQLite format 3\x00" + bytes(100))


@dirt(FORMATS, "Random bytes", "refused", "nul_bytes", "FILE, line 1: found NUL bytes (binary data)")
def random_bytes(place: Place) -> Path:
    return place.write("return.csv", bytes((number * 7919 + 13) % 251 for number in range(4000)))


@dirt(PACKED, "A gzip file cut off in the middle", "refused", "damaged_file", "FILE: found", "gzip data")
def cut_off_gzip(place: Place) -> Path:
    packed = gzip.compress(events(place, *[{}] * 50).encode())
    return place.write("return.csv.gz", packed[: len(packed) // 2])


@dirt(
    PACKED,
    "A gzip file cut off past what is looked at first",
    "refused",
    "damaged_file",
    "FILE: found gzip data cut off before its end; expected a complete gzip file",
)
def cut_off_large_gzip(place: Place) -> Path:
    packed = gzip.compress(events(place, *[{}] * 20_000).encode())
    return place.write("return.csv.gz", packed[:-2000])


@dirt(
    PACKED,
    "A gzip file with a wrong checksum",
    "refused",
    "damaged_file",
    "FILE: found damaged",
    "expected a complete gzip file",
)
def damaged_gzip(place: Place) -> Path:
    packed = bytearray(gzip.compress(events(place, *[{}] * 50).encode()))
    packed[-6] ^= 0xFF
    return place.write("return.csv.gz", bytes(packed))


@dirt(
    PACKED,
    "A gzip file named .csv",
    "accepted",
    "accepted",
    "compressed with gzip although the name does not end in .gz",
)
def gzip_as_csv(place: Place) -> Path:
    return place.write("return.csv", gzip.compress(events(place, {}).encode(), mtime=0))


@dirt(
    PACKED, "A CSV file named .csv.gz", "accepted", "accepted", "not compressed although the name ends in .gz"
)
def csv_as_gzip(place: Place) -> Path:
    return place.write("return.csv.gz", events(place, {}))


@dirt(
    PACKED,
    "A workbook inside gzip",
    "refused",
    "wrong_format",
    "FILE: found another compressed or binary file inside gzip; expected a CSV file inside gzip",
)
def workbook_in_gzip(place: Place) -> Path:
    return place.write("return.csv.gz", gzip.compress(b"PK\x03\x04" + place.code.encode()))


@dirt(
    PACKED,
    "A gzip bomb",
    "refused",
    "too_large",
    "bytes that unpack to more than 200 times as many; expected a file of data",
)
def gzip_bomb(place: Place) -> Path:
    head = events(place, {})
    packer = io.BytesIO()
    with gzip.GzipFile(fileobj=packer, mode="wb", compresslevel=9, mtime=0) as stream:
        stream.write(head.encode())
        block = ("," * 21 + "\n").encode() * 50_000
        for _ in range(200):
            stream.write(block)
    return place.write("return.csv.gz", packer.getvalue())


@dirt(PACKED, "Another kind of compression (bzip2)", "refused", "wrong_format", "FILE: found a bzip2 archive")
def bzip2(place: Place) -> Path:
    return place.write("return.csv", b"BZh91AY&SY" + place.code.encode())


def table(place: Place, rows: int = 2) -> pa.Table:
    """A provider return as Arrow text."""
    made = [event(place, number) for number in range(rows)]
    return pa.table(
        {name: pa.array([row[name] or None for row in made], pa.string()) for name in EVENT_COLUMNS}
    )


def parquet(place: Place, rows: pa.Table, name: str = "return.parquet") -> Path:
    """Write a table."""
    sink = io.BytesIO()
    pq.write_table(rows, sink)
    return place.write(name, sink.getvalue())


def column(rows: pa.Table, name: str, array: pa.Array) -> pa.Table:
    """The table with one column replaced."""
    return rows.set_column(rows.column_names.index(name), name, array)


@dirt(
    PARQUET,
    "Days counted from 1970 where dates are promised",
    "refused",
    "no_good_row",
    "column 'Event date', 2 times from line 1: found a value like '99999'; expected a date such as 2025-11-30",
)
def parquet_day_numbers(place: Place) -> Path:
    return parquet(place, column(table(place), "Event date", pa.array([20362, 20363], pa.int32())))


@dirt(
    PARQUET,
    "A column of lists",
    "refused",
    "unsupported_type",
    "FILE: found column 'Reason' with values that are no text (type list<",
    "expected text, numbers, dates or booleans",
)
def parquet_lists(place: Place) -> Path:
    lists = pa.array([["Quillmarker"], []], pa.list_(pa.field("item", pa.string())))
    return parquet(place, column(table(place), "Reason", lists))


@dirt(
    PARQUET,
    "Bytes that are no text",
    "refused",
    "unsupported_type",
    "FILE: found column 'Reason' with values that are no text",
)
def parquet_bytes(place: Place) -> Path:
    return parquet(place, column(table(place), "Reason", pa.array([b"\xff\xfe", b"x"], pa.binary())))


@dirt(
    PARQUET,
    "Text that is not UTF-8",
    "refused",
    "unsupported_type",
    "FILE: found column 'Reason' with values that are no text",
)
def parquet_broken_text(place: Place) -> Path:
    broken = pa.array([b"\xff\xfe", b"x"], pa.binary()).view(pa.string())
    return parquet(place, column(table(place), "Reason", broken))


@dirt(
    PARQUET,
    "A damaged footer",
    "refused",
    "damaged_file",
    "FILE: found damaged or cut-off Parquet data; expected a complete Parquet file",
)
def parquet_footer(place: Place) -> Path:
    path = parquet(place, table(place))
    content = bytearray(path.read_bytes())
    footer = int.from_bytes(content[-8:-4], "little")
    content[-8 - footer : -8 - footer + 40] = b"\xff" * 40
    return place.write("return.parquet", bytes(content))


@dirt(
    PARQUET,
    "Cut off in the middle",
    "refused",
    "damaged_file",
    "FILE: found damaged or cut-off Parquet data; expected a complete Parquet file",
)
def parquet_cut_off(place: Place) -> Path:
    content = parquet(place, table(place)).read_bytes()
    return place.write("return.parquet", content[: len(content) // 2])


@dirt(
    PARQUET,
    "A wanted column twice",
    "refused",
    "repeated_columns",
    "FILE: found more than one column named 'Event'; expected each column once",
)
def parquet_column_twice(place: Place) -> Path:
    rows = table(place)
    return parquet(place, rows.append_column("Event", rows.column("Event")))


@dirt(PARQUET, "No rows", "refused", "no_rows", "FILE: found a header and no rows below it")
def parquet_no_rows(place: Place) -> Path:
    return parquet(place, table(place, 1).slice(0, 0), f"{place.code}.parquet")


@dirt(PARQUET, "Every value null", "refused", "no_good_row", "found no value; expected a value")
def parquet_all_null(place: Place) -> Path:
    rows = table(place)
    nulls = pa.table({name: pa.nulls(2, pa.string()) for name in rows.column_names})
    return parquet(place, nulls)


@dirt(
    PARQUET,
    "One long text repeated in a few bytes",
    "refused",
    "too_large",
    "MB of text in its cells; expected at most",
)
def parquet_text_bomb(place: Place) -> Path:
    rows = table(place, 1)
    copies = 100_000
    repeated = pa.table(
        {
            name: pa.DictionaryArray.from_arrays(
                pa.array([0] * copies, pa.int32()), pa.array(["LMK77" * 10_000 if name == "Reason" else "x"])
            )
            for name in rows.column_names
        }
    )
    return parquet(place, repeated)


@dirt(
    NAMES,
    "A line break in the name",
    "accepted",
    "accepted",
    "provider_return/newline_in_name/return\\n2025.csv: 1 row taken",
)
def newline_in_name(place: Place) -> Path:
    return place.write("return\n2025.csv", events(place, {}))


@dirt(NAMES, "A terminal sequence in the name", "accepted", "accepted", "red\\x1b[31m.csv: 1 row taken")
def escape_in_name(place: Place) -> Path:
    return place.write("red\x1b[31m.csv", events(place, {}))


@dirt(NAMES, "A name that is not UTF-8", "accepted", "accepted", "caf\\xe9.csv: 1 row taken", alone=True)
def bytes_in_name(place: Place) -> Path:
    return place.write("caf\udce9.csv", events(place, {}))


@dirt(
    NAMES,
    "A name that turns the direction of reading",
    "accepted",
    "accepted",
    "return\\u202efdp.csv: 1 row taken",
)
def turned_name(place: Place) -> Path:
    return place.write("return\u202efdp.csv", events(place, {}))


@dirt(NAMES, "A name in other scripts", "accepted", "accepted", "Zwrot – Łódź 名.csv: 1 row taken")
def other_scripts(place: Place) -> Path:
    return place.write("Zwrot – Łódź 名.csv", events(place, {}))


@dirt(
    NAMES,
    "A name that looks like a path or a pattern",
    "accepted",
    "accepted",
    "x..%2f..%2f*[a]{b}$(c);'--.csv: 1 row taken",
)
def path_in_name(place: Place) -> Path:
    return place.write("x..%2f..%2f*[a]{b}$(c);'--.csv", events(place, {}))


@dirt(NAMES, "A name of 250 characters", "accepted", "accepted", "1 row taken")
def long_name(place: Place) -> Path:
    return place.write("x" * 246 + ".csv", events(place, {}))


@dirt(NAMES, "A name without an ending", "accepted", "accepted", "1 row taken")
def no_ending(place: Place) -> Path:
    return place.write("RETURN", events(place, {}))


@dirt(
    NAMES,
    "A link to a file outside the landing folder",
    "refused",
    "link",
    "FILE: found a link; expected the file itself",
    alone=False,
)
def link_to_file(place: Place) -> Path:
    outside = place.folder.parents[3] / "outside.csv"
    outside.write_text(events(place, {}))
    link = place.folder / "return.csv"
    link.symlink_to(outside)
    return link


@dirt(
    NAMES,
    "A link to a folder, here to the landing folder itself",
    "refused",
    "link",
    "FILE: found a link; expected the file itself",
    alone=False,
)
def link_to_folder(place: Place) -> Path:
    link = place.folder / "all"
    link.symlink_to(place.folder.parents[1], target_is_directory=True)
    return link


@dirt(
    NAMES,
    "A link that leads nowhere",
    "refused",
    "link",
    "FILE: found a link; expected the file itself",
    alone=False,
)
def link_to_nowhere(place: Place) -> Path:
    link = place.folder / "return.csv"
    link.symlink_to(place.folder / "gone.csv")
    return link


@dirt(
    NAMES,
    "A folder with the name of a file: what lies in it is taken",
    "accepted",
    "accepted",
    "provider_return/folder_like_file/return.csv/part.csv: 1 row taken",
)
def folder_like_file(place: Place) -> Path:
    return place.write("return.csv/part.csv", events(place, {}))
