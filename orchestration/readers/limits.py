"""Size limits of what a reader will open. A supplier's file is far below each; a hostile one is not."""

MAX_COLUMNS = 4_000
"""Columns in any source. The widest public workforce file has about 900."""

MAX_DECOMPRESSED_BYTES = 8 * 1024**3
"""Bytes a compressed text file may grow to."""

MAX_WORKBOOK_BYTES = 512 * 1024**2
"""Bytes a workbook may hold once unzipped; a sheet of 1 M rows and 10 columns is about 350 MB."""

MAX_SHEET_CELLS = 20_000_000
"""Cells in the rectangle from A1 to the last filled cell: the parser allocates all of it."""

MAX_PARQUET_CELLS = 1_000_000_000
"""Rows times columns declared by a Parquet file."""

MAX_FIELD_CHARACTERS = 131_072
"""Characters in one cell of a text file; the limit of Python's csv module."""

MAX_LINE_BYTES = 16 * 1024**2
"""Bytes of one line of a text file."""

MAX_UNPACKED_RATIO = 200
"""Times its size to which a gzip file may unpack; tables of text reach ten to thirty, repetitive ones a hundred."""

MAX_TEXT_BYTES = 1024**3
"""Bytes of text in the cells of a Parquet file, which may say a long text many times in a few bytes."""

MAX_RECORD_LINES = 1_000
"""Lines one quoted record may span before the quote counts as left open."""

PEEK_ROWS = 5
"""Rows shown by a peek."""

PEEK_BYTES = 1_048_576
"""Bytes of a text file looked at by a peek."""
