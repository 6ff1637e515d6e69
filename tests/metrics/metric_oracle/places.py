"""Where things happened, in two geographies: as it was on the day, and as it is at the cut-off (rule R5).

As it was: the network of the day, in the board and region the network lay in on that day. As it is: the network
that one became, in the board and region of today. A network that was divided is followed to where most of its
practices went; an open network is itself, even for a practice that has left it since (rule R4).
"""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from orchestration.synthetic import Truth

FOREVER = pd.Timestamp("2262-01-01")
Placed = dict[str, pd.DataFrame]  # geography -> rows with columns england, region, icb, sub_icb, pcn


def frame(table: object) -> pd.DataFrame:
    """A table of the truth as a DataFrame with real timestamps; an open end of a spell is far in the future."""
    found: pd.DataFrame = table.to_pandas()  # type: ignore[attr-defined]
    for name in found.columns:
        if name.endswith(("_on", "_date", "_from", "_to")) or name == "period":
            found[name] = pd.to_datetime(found[name].where(found[name].astype(str) < "2262-01-01"))
    return found


class Places:
    """Spells of networks, boards and practices, and the two ways to place a row."""

    def __init__(self, truth: Truth, cut_off: pd.Timestamp) -> None:
        self.cut_off = cut_off
        self.pcns = frame(truth.pcns)
        self.spells = frame(truth.pcn_geography).assign(valid_to=lambda f: f.valid_to.fillna(FOREVER))
        self.heirs = frame(truth.board_heirs)
        self.practice_spells = frame(truth.practice_geography).assign(
            valid_to=lambda f: f.valid_to.fillna(FOREVER)
        )
        self.memberships = frame(truth.memberships).assign(valid_to=lambda f: f.valid_to.fillna(FOREVER))

    @cached_property
    def successors(self) -> dict[str, str]:
        """Every closed network and the open one it became: where most of its practices went next."""
        after = self.memberships.merge(self.memberships, on="practice_code", suffixes=("", "_next"))
        after = after[after.valid_from_next == after.valid_to + pd.Timedelta(days=1)]
        closed = self.pcns[self.pcns.close_date <= self.cut_off].pcn_code
        moved = after[after.pcn_code.isin(closed)].groupby(["pcn_code", "pcn_code_next"]).size()
        ranked = (
            moved.rename("practices")
            .reset_index()
            .sort_values(["practices", "pcn_code_next"], ascending=[0, 1])
        )
        step = dict(ranked.drop_duplicates("pcn_code")[["pcn_code", "pcn_code_next"]].itertuples(index=False))
        return {code: self._last(code, step) for code in step}

    @staticmethod
    def _last(code: str, step: dict[str, str]) -> str:
        while code in step:
            code = step[code]
        return code

    @cached_property
    def board_successors(self) -> dict[str, str]:
        """Every abolished board and the one that serves most of its practices now: some were divided."""
        return dict(self.heirs[["old_icb_code", "new_icb_code"]].itertuples(index=False))

    @cached_property
    def merger_day(self) -> pd.Timestamp:
        """The day on which boards were abolished and new ones took over."""
        return self.heirs.changed_on.max()

    @cached_property
    def board_regions(self) -> dict[str, str]:
        """The region of every board there ever was; boards have not changed region."""
        return dict(self.spells[["icb_code", "region_code"]].drop_duplicates().itertuples(index=False))

    def network_of(self, practices: pd.Series, days: pd.Series) -> pd.Series:
        """The network each practice belongs to on each day; missing where it belongs to none."""
        asked = pd.DataFrame({"row": practices.index, "practice_code": practices.values, "day": days.values})
        found = asked.merge(self.memberships, on="practice_code")
        found = found[(found.valid_from <= found.day) & (found.day <= found.valid_to)]
        return found.set_index("row").pcn_code.reindex(practices.index)

    def worked_in(self, rows: pd.DataFrame, *, network: str, practice: str, day: str) -> pd.Series:
        """The network of people by what is stated of them: as stated, while that network was open.

        Of one that had closed, or where none is stated, the practice's network of the day; else as stated.
        """
        closes = rows[network].map(self.pcns.set_index("pcn_code").close_date)
        still_open = rows[network].where(~(closes < rows[day]))
        return still_open.fillna(self.network_of(rows[practice], rows[day])).fillna(rows[network])

    def now(self, networks: pd.Series) -> pd.Series:
        """The networks of today that networks of any time became."""
        return networks.map(lambda code: self.successors.get(code, code), na_action="ignore")

    def place(self, rows: pd.DataFrame, *, network: str, day: str) -> Placed:
        """`rows` in both geographies, with columns england, region, icb, sub_icb and pcn (missing if unattributed)."""
        today = pd.Series(self.cut_off, index=rows.index)
        return {
            "as_was": self._areas(rows, rows[network], rows[day]),
            "as_now": self._areas(rows, self.now(rows[network]), today),
        }

    def _areas(self, rows: pd.DataFrame, networks: pd.Series, days: pd.Series) -> pd.DataFrame:
        asked = pd.DataFrame({"row": rows.index, "pcn_code": networks.values, "on": days.values})
        found = asked.merge(self.spells, on="pcn_code")
        found = found[(found.valid_from <= found.on) & (found.on <= found.valid_to)].set_index("row")
        codes = found[["region_code", "icb_code", "sub_icb_code", "pcn_code"]].reindex(rows.index)
        codes.columns = pd.Index(["region", "icb", "sub_icb", "pcn"])
        return pd.concat([rows, codes], axis="columns").assign(england="ENG")

    def place_boards(self, rows: pd.DataFrame, board: str) -> Placed:
        """`rows` of a `day` that name a board by its first code, and no network, in both geographies."""
        today = rows[board].map(lambda code: self.board_successors.get(code, code), na_action="ignore")
        then = rows[board].where(rows.day < self.merger_day, today)
        return {
            name: rows.assign(england="ENG", region=codes.map(self.board_regions), icb=codes)
            for name, codes in (("as_was", then), ("as_now", today))
        }
