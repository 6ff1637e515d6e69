"""Which feed and layout a file is, from its header; header-less files from their first field and width.

Headers are compared folded (case, spaces, line breaks, punctuation), by name, never by position. What a header
line holds may be data when the header was forgotten, so cells are quoted only where the line is plainly a header.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dbt_project.registry import Feed, Layout
from dbt_project.registry.feeds import header_key
from orchestration.ingest.labels import header_label, human_label, required_columns, spellings
from orchestration.ingest.outcome import Refusal
from orchestration.readers import Peek, SheetPeek

_SIMILAR = 0.6  # ratio from which a header counts as a misspelling of another
_PLAINLY_A_HEADER = 2  # names understood from which a first line is a header, not somebody's data
_SMALL_WORDS = frozenset({"a", "the", "of", "in", "for", "s"})
_LISTED = 8  # headers named in a message


@dataclass(frozen=True)
class Binding:
    """How the columns of one header fill a promised table. Positions count from 0."""

    columns: Mapping[str, int]  # promised column -> position
    milestones: Mapping[int, str] = field(default_factory=dict[int, str])  # wide layouts: position -> value
    extra: tuple[str, ...] = ()  # headers nobody promised
    missing: tuple[str, ...] = ()  # required columns no header fills
    repeated: tuple[str, ...] = ()  # wanted headers that stand there twice

    @property
    def complete(self) -> bool:
        """Whether every required column has exactly one source."""
        return not self.missing and not self.repeated

    @property
    def score(self) -> int:
        """Headers understood."""
        return len(self.columns) + len(self.milestones)


@dataclass(frozen=True)
class SheetMatch:
    """One sheet (None for files without sheets) and the layout it is in."""

    layout: Layout
    sheet: str | None
    has_header: bool
    header_row: int = 0  # filled rows above the header (titles), workbooks only
    score: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recognition:
    """A file's feed and what is to be read from it."""

    feed: Feed
    matches: tuple[SheetMatch, ...]
    notes: tuple[str, ...] = ()

    @property
    def score(self) -> int:
        """Headers understood, over all sheets."""
        return sum(match.score for match in self.matches)


def bind(feed: Feed, layout: Layout, header: Sequence[str]) -> Binding:
    """Assign headers to promised columns: the layout's spellings first, then names, then aliases."""
    keys = [header_key(name) for name in header]
    places: dict[str, int] = {}
    for position, key in enumerate(keys):
        places.setdefault(key, position)
    counts = Counter(key for key in keys if key)
    columns: dict[str, int] = {}
    used: dict[int, str] = {}
    milestones = _milestones(layout, places, used)
    given = _given_names(layout, bool(milestones))
    wanted = [column for column in feed.table(layout.table).columns if column.name not in given]
    accepted = {column.name: spellings(layout, column) for column in wanted}
    for rank in range(3):
        for column in wanted:
            if column.name in columns:
                continue
            for key in accepted[column.name][rank]:
                position = places.get(key)
                if position is not None and position not in used:
                    columns[column.name] = position
                    used[position] = key
                    break
    missing = [column.name for column in wanted if column.required and column.name not in columns]
    if layout.unpivot is not None and not milestones:
        missing.append(layout.unpivot.value_column)
    known = set(used.values()) | _ignored_keys(feed, layout)
    repeated = tuple(
        header[places[key]] for key, count in counts.items() if count > 1 and key in used.values()
    )
    extra = tuple(
        name for name, key in zip(header, keys, strict=True) if key not in known and (key or name.strip())
    )
    return Binding(columns, milestones, extra, tuple(missing), repeated)


def bind_positions(layout: Layout) -> Binding:
    """The binding of a header-less layout."""
    return Binding({name: position for position, name in enumerate(layout.positions) if name})


def recognise(feeds: Iterable[Feed], wanted: Feed | None, peek: Peek, name: str) -> Recognition:
    """The feed and layouts of a file. ``wanted`` is the feed whose folder it lies in (None: any).

    Raises :class:`Refusal` naming what was found, what was expected, and the feed it looks like instead.
    """
    every = tuple(feeds)
    if wanted is not None:
        own = _match_feed(wanted, peek)
        if own is not None:
            return own
    others = [
        found for feed in every if feed is not wanted and (found := _match_feed(feed, peek)) is not None
    ]
    others.sort(key=lambda found: -found.score)
    if wanted is None:
        if not others:
            raise _unknown(every, peek, name)
        if len(others) > 1 and others[0].score == others[1].score:
            either = " or ".join(f"'{found.feed.id}'" for found in others[:2])
            raise Refusal("ambiguous", name, f"a file that could be {either}", "it in the folder of its feed")
        return others[0]
    if others:
        other = others[0].feed
        found = f"a file of feed '{other.id}' ({other.title})"
        raise Refusal("wrong_feed", name, found, f"one of feed '{wanted.id}'; move it to folder '{other.id}'")
    raise _mismatch(wanted, peek, name)


def _match_feed(feed: Feed, peek: Peek) -> Recognition | None:
    """The sheets of a file that this feed takes, or None when a promised sheet is missing or does not fit."""
    layouts = [layout for layout in feed.layouts if _accepts(layout, peek)]
    matches: list[SheetMatch] = []
    unread: list[str] = []
    for index, sheet in enumerate(peek.sheets):
        named = [layout for layout in layouts if sheet.name is None or _is_named(layout, sheet.name)]
        unnamed = [layout for layout in layouts if sheet.name is not None and not layout.sheets]
        match = _best(feed, [*named, *(unnamed if index == 0 else [])], sheet)
        if match is not None:
            matches.append(match)
        elif named and sheet.name is not None:
            return None  # a promised sheet that does not fit must not pass in silence
        elif sheet.name is not None:
            unread.append(sheet.name)
    if not matches and peek.format == "excel":
        matches = _match_by_header_alone(feed, layouts, peek.sheets)
        unread = [sheet.name or "" for sheet in peek.sheets if sheet.name not in {m.sheet for m in matches}]
    if not matches:
        return None
    notes = (f"sheets not taken: {_quoted(unread)}",) if unread else ()
    return Recognition(feed, tuple(matches), notes)


def _match_by_header_alone(
    feed: Feed, layouts: list[Layout], sheets: Sequence[SheetPeek]
) -> list[SheetMatch]:
    for sheet in sheets:
        match = _best(feed, layouts, sheet)
        if match is not None:
            promised = _quoted(match.layout.sheets) if match.layout.sheets else "the first sheet"
            note = f"sheet '{sheet.name}' taken for {promised} because its header fits"
            return [
                SheetMatch(match.layout, sheet.name, match.has_header, match.header_row, match.score, (note,))
            ]
    return []


def _best(feed: Feed, layouts: Iterable[Layout], sheet: SheetPeek) -> SheetMatch | None:
    found = [match for layout in layouts if (match := _fit(feed, layout, sheet)) is not None]
    return max(found, key=lambda match: match.score, default=None)


def _fit(feed: Feed, layout: Layout, sheet: SheetPeek) -> SheetMatch | None:
    """How a sheet fits a layout: by header (of titles above it too, in a workbook), else by first field."""
    rows = sheet.first_rows
    for index, row in enumerate(rows if sheet.name is not None else rows[:1]):
        binding = bind(feed, layout, row)
        if not binding.missing:
            notes = (f"{index} row(s) above the header not taken",) if index else ()
            return SheetMatch(layout, sheet.name, True, index, binding.score, notes)
    if layout.positions and layout.first_value and rows:
        fields = [row for row in rows if len(row) == len(layout.positions)]
        first = sum(re.search(layout.first_value, row[0].strip()) is not None for row in fields)
        if first * 2 > len(rows):  # most of the first rows: one broken line does not hide the layout
            return SheetMatch(layout, sheet.name, False, score=len(bind_positions(layout).columns))
    return None


def _accepts(layout: Layout, peek: Peek) -> bool:
    """Whether a layout takes this format; what came from a database or an interface lands as Parquet."""
    landed = peek.format == "parquet" and {"postgres", "rest"} & set(layout.format)
    return peek.format in layout.format or bool(landed)


def _is_named(layout: Layout, sheet: str) -> bool:
    return _folded(sheet) in {_folded(name) for name in layout.sheets}


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()


def _milestones(layout: Layout, places: Mapping[str, int], used: dict[int, str]) -> dict[int, str]:
    if layout.unpivot is None:
        return {}
    found: dict[int, str] = {}
    for name, value in layout.unpivot.columns.items():
        key = header_key(name)
        if key in places:
            found[places[key]] = value
            used[places[key]] = key
    return found


def _given_names(layout: Layout, has_milestones: bool) -> set[str]:
    """Promised columns the layout fills without a header of their own."""
    given = set(layout.constants)
    if layout.unpivot is not None and has_milestones:
        given |= {layout.unpivot.name_column, layout.unpivot.value_column}
    elif layout.unpivot is not None:
        given |= {layout.unpivot.name_column}
    return given


def _ignored_keys(feed: Feed, layout: Layout) -> set[str]:
    names = [*layout.ignored, *(feed.period.declared_columns if feed.period else ())]
    return {header_key(name) for name in (*names, *filter(None, [layout.load_id]))}


def _mismatch(feed: Feed, peek: Peek, name: str) -> Refusal:
    """Why a file is none of this feed's layouts, told for the layout it comes nearest to."""
    if peek.format == "excel" and not any(sheet.first_rows for sheet in peek.sheets):
        raise Refusal("empty_file", name, "a workbook without a filled cell", "a header row and rows")
    layouts = [layout for layout in feed.layouts if _accepts(layout, peek)]
    if not layouts:
        formats = sorted({kind for layout in feed.layouts for kind in layout.format})
        return Refusal("wrong_format", name, f"a file of kind {peek.format}", f"one of: {', '.join(formats)}")
    pairs = [
        (bind(feed, layout, header), layout, sheet, header)
        for sheet in peek.sheets
        for header in sheet.first_rows[:1]
        for layout in layouts
        if sheet.name is None or not layout.sheets or _is_named(layout, sheet.name)
    ]
    if not pairs:
        found = f"the sheets {_quoted([sheet.name or '' for sheet in peek.sheets])}"
        wanted = " or ".join(f"'{sheet}'" for layout in layouts for sheet in layout.sheets)
        return Refusal("wrong_sheet", name, found, f"a sheet named {wanted}")
    binding, layout, sheet, header = max(pairs, key=lambda pair: pair[0].score)
    where = name if sheet.name is None else f"{name}, sheet '{sheet.name}'"
    if binding.score < _PLAINLY_A_HEADER:
        return _no_header(feed, layout, where, header)
    unused = [cell for cell in binding.extra if cell.strip()]
    found = f"no column for {_suggested(feed, layout, binding.missing, unused)}"
    if unused:
        found += f"; columns not understood: {_quoted(unused)}"
    return Refusal(
        "missing_columns",
        where,
        found,
        f"the columns {_quoted(_expected_headers(feed, layout), limit=30)}",
    )


def _no_header(feed: Feed, layout: Layout, where: str, header: Sequence[str]) -> Refusal:
    """The first line is no header we know; it may be somebody's data, so it is not quoted."""
    found = f"a first line of {len(header)} fields that are not the column names of feed '{feed.id}'"
    if len(header) == 1:
        found = f"a first line of 1 field that is not a column name of feed '{feed.id}'"
    expected = f"a header line with {_quoted(_expected_headers(feed, layout), limit=30)}"
    headerless = [each for each in feed.layouts if each.positions]
    if headerless:
        expected = f"{len(headerless[0].positions)} fields without a header ({headerless[0].title})"
        if any(each.header for each in feed.layouts):
            expected += f", or {_quoted(_expected_headers(feed, layout), limit=30)}"
    return Refusal("unknown_header", where, found, expected)


def _unknown(feeds: Iterable[Feed], peek: Peek, name: str) -> Refusal:
    best: tuple[int, Feed | None] = (_PLAINLY_A_HEADER - 1, None)
    for feed in feeds:
        for layout in feed.layouts:
            for sheet in peek.sheets:
                for header in sheet.first_rows[:1]:
                    score = bind(feed, layout, header).score
                    best = max(best, (score, feed), key=lambda pair: pair[0])
    nearest = best[1]
    expected = "a file of one of the feeds; put it into the folder of its feed to be told what is missing"
    if nearest is None:
        return Refusal("unknown_file", name, "a file that fits no feed", expected)
    found = f"a file that fits no feed (nearest: '{nearest.id}')"
    return Refusal("unknown_file", name, found, expected)


def repeated_columns(where: str, binding: Binding) -> Refusal:
    """The refusal of a header that names a wanted column twice."""
    return Refusal(
        "repeated_columns",
        where,
        f"more than one column named {_quoted(binding.repeated)}",
        "each column once",
    )


def extra_note(feed: Feed, layout: Layout, binding: Binding) -> str | None:
    """A remark on columns nobody promised, with what they may have been meant to be."""
    named = [name.strip() for name in binding.extra if name.strip()]
    if not named:
        return None
    unfilled = {
        key: human_label(column.name)
        for column in feed.table(layout.table).columns
        if column.name not in binding.columns and column.name not in layout.constants
        for group in spellings(layout, column)
        for key in group
    }
    guesses = [
        f"'{name}' (did you mean '{unfilled[near[0]]}'?)"
        if (near := difflib.get_close_matches(header_key(name), list(unfilled), 1, _SIMILAR))
        else f"'{name}'"
        for name in named[:_LISTED]
    ]
    more = f" and {len(named) - _LISTED} more" if len(named) > _LISTED else ""
    return f"columns not in the contract and not taken: {', '.join(guesses)}{more}"


def _suggested(feed: Feed, layout: Layout, missing: Sequence[str], unused: Sequence[str]) -> str:
    by_key = {header_key(name): name for name in unused}
    parts: list[str] = []
    for name in missing:
        column = feed.table(layout.table).column(name)
        accepted = [key for group in spellings(layout, column) for key in group]
        near = [
            by_key[hit]
            for key in accepted
            for hit in difflib.get_close_matches(key, list(by_key), 1, _SIMILAR)
        ]
        words = {frozenset(_words(text)) for text in (header_label(layout, column), *column.aliases)}
        near = near or [name for name in unused if frozenset(_words(name)) in words]
        label = header_label(layout, column)
        parts.append(f"'{label}' (nearest: '{near[0].strip()}')" if near else f"'{label}'")
    return ", ".join(parts)


def _words(name: str) -> set[str]:
    """The words of a header that carry meaning: "Date of event" is "Event date"."""
    return set(re.findall("[a-z0-9]+", name.lower())) - _SMALL_WORDS


def _expected_headers(feed: Feed, layout: Layout) -> list[str]:
    given = _given_names(layout, has_milestones=True)
    columns = [
        header_label(layout, column)
        for column in required_columns(feed.table(layout.table))
        if column.name not in given
    ]
    if layout.unpivot is not None:
        columns.extend(layout.unpivot.columns)
    return columns


def _quoted(names: Iterable[str], limit: int = _LISTED) -> str:
    listed = [f"'{' '.join(name.split())}'" for name in names]
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + more
