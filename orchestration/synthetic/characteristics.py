"""Sex, ethnic group and age band of registrants, drawn once per person, and one known gap between age bands.

The shares are in the region of what the professional register publishes; they are demonstration input, not fact.
"""

from __future__ import annotations

from orchestration.synthetic.calendar import CUT_OFF
from orchestration.synthetic.world import World

NOT_STATED = 0.03
# share of pharmacists and of technicians, among those who state it
_SEXES = [("female", 0.62, 0.88), ("male", 0.375, 0.115), ("other", 0.005, 0.005)]
_ETHNIC_GROUPS = [
    ("white", 0.46, 0.80),
    ("asian", 0.37, 0.10),
    ("black", 0.10, 0.05),
    ("mixed", 0.03, 0.02),
    ("other", 0.04, 0.03),
]
# (first age of the band, its name), oldest first
_BANDS = [(60, "60_and_over"), (50, "50_59"), (40, "40_49"), (30, "30_39"), (0, "under_30")]

USUAL_WITHDRAWAL = 0.08  # share of started prescribing learners who withdraw
GAP_BAND = "60_and_over"
GAP_WITHDRAWAL = 0.20  # the same in this band: the one gap planted on purpose


def build_characteristics(world: World) -> None:
    """Table characteristic (one row per person) and planted_gap (what was made to differ, and by how much)."""
    bands = " ".join(f"when age >= {first} then '{name}'" for first, name in _BANDS)
    world.run(f"""
        create table characteristic as
        with aged as (
            select person_id, profession,
                date_diff('year', date_of_birth, date '{CUT_OFF}') - (
                    strftime(date_of_birth, '%m%d') > '{CUT_OFF:%m%d}')::integer as age
            from person
        )
        select person_id, {_drawn("sex", _SEXES)} as sex, {_drawn("ethnic_group", _ETHNIC_GROUPS)} as ethnic_group,
            case {bands} end as age_band
        from aged order by person_id
    """)
    world.run(f"""
        create table planted_gap as
        select 'age_band' as characteristic, '{GAP_BAND}' as category, 'independent_prescribing' as strand,
            {GAP_WITHDRAWAL}::double as withdrawn_share, {USUAL_WITHDRAWAL}::double as withdrawn_share_of_others
    """)


def _drawn(name: str, shares: list[tuple[str, float, float]]) -> str:
    """SQL drawing a value; the shares differ by profession, and a few people state nothing."""
    pharmacists, technicians, arms = 0.0, 0.0, ""
    draw = f"u(person_id, 'characteristic.{name}')"
    for value, of_pharmacists, of_technicians in shares[:-1]:
        pharmacists, technicians = pharmacists + of_pharmacists, technicians + of_technicians
        arms += (
            f" when {draw} < case profession when 'pharmacist' then {pharmacists:.4f}"
            f" else {technicians:.4f} end then '{value}'"
        )
    silent = f"u(person_id, 'characteristic.{name}.silent') < {NOT_STATED}"
    return f"case when {silent} then 'not_stated'{arms} else '{shares[-1][0]}' end"
