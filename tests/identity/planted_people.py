"""A register of generated people and learner records with planted slips, whose truth is known.

The people are those of the generator of demonstration data. Names made of syllables hardly ever repeat, so ``skewed``
draws them again from small stocks with a long tail: then many people share a name, as in life.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from orchestration.identity.store import name_sql
from orchestration.synthetic.geography import build_geography
from orchestration.synthetic.people import build_people
from orchestration.synthetic.world import World, open_world

NATIONAL_RECORDS = 30_000
OFF_REGISTER = 0.1  # of the records: people the register does not know
SURNAMES, FORENAMES = 12_000, 1_500  # stocks of the skewed names
PROVIDERS = 40

# Shares of records with each slip, drawn independently of one another.
NUMBER_MISSING, NUMBER_SWAPPED, NUMBER_MISTYPED = 0.5, 0.25, 0.15  # the rest lost a digit
SURNAME_CHANGED, SURNAME_JOINED, SURNAME_TYPO = 0.03, 0.01, 0.03
FORENAME_INITIAL, FORENAME_TYPO = 0.02, 0.02
BIRTH_MISSING, BIRTH_SWAPPED, BIRTH_TYPO = 0.02, 0.01, 0.01


@dataclass(frozen=True)
class Planted:
    """Both sides as text. ``register``: unique_id, surname, forename, date_of_birth, gphc_number; ``records``: the
    same, source (one record of a person each) and entry_id, the unique_id on the register or null."""

    register: pd.DataFrame
    records: pd.DataFrame


def planted(folder: Path, *, size: float, seed: int, skewed: bool, births: bool = True) -> Planted:
    """People and records at ``size`` of the nation; without ``births`` no record has a date of birth."""
    world = open_world(seed, size, 2, folder)
    try:
        build_geography(world)
        build_people(world)
        _draw_people(world, skewed=skewed)
        _plant(world, births=births)
        names = f"{name_sql('surname')} as surname, {name_sql('forename')} as forename"
        rest = "strftime(date_of_birth, '%Y-%m-%d') as date_of_birth, gphc_number"
        register = f"select gphc_number as unique_id, {names}, {rest} from entry order by 1"
        records = f"select unique_id, source, entry_id, {names}, {rest} from record order by 1"
        return Planted(world.con.execute(register).df(), world.con.execute(records).df())
    finally:
        world.con.close()


def _draw_people(world: World, *, skewed: bool) -> None:
    """Table drawn: the people of the generator and, above them, those the register does not know."""
    people = world.number("select count(*) from person where not is_trainee")
    stranger = round(world.scaled(NATIONAL_RECORDS) * OFF_REGISTER)
    names = {"surname": SURNAMES, "forename": FORENAMES}

    def drawn(field: str) -> str:
        if not skewed:
            return f"made_name(person_id, 'drawn.{field}')"
        # shares fall like 1 / (rank + 10): the commonest surname has 1.3 %, the commonest forename 1.9 %
        rank = f"floor(10 * (pow({names[field]} / 10 + 1, u(person_id, 'drawn.{field}')) - 1))::bigint"
        return f"made_name({rank}, 'stock.{field}')"

    world.run(f"""
        create table drawn as
        select range as person_id, range > {people} as is_stranger, {drawn("surname").replace("person_id", "range")}
            as surname, {drawn("forename").replace("person_id", "range")} as forename,
            coalesce(person.date_of_birth, date '1960-01-01' + pick(range, 'drawn.born', 15000)::integer)
            as date_of_birth, person.gphc_number
        from range(1, {people + stranger} + 1)
        left join person on person.person_id = range and not person.is_trainee;
        create table entry as select * from drawn where not is_stranger;
    """)


def _plant(world: World, *, births: bool) -> None:
    """Table record: who it is, at which source, and what is written of them."""
    total = world.scaled(NATIONAL_RECORDS)
    world.run(f"""
        create table chosen as
        with known as (
            select person_id from entry order by u(person_id, 'planted.chosen'), person_id
            limit {total - round(total * OFF_REGISTER)}
        )
        select person_id, row_number() over (order by u(person_id, 'planted.order'), person_id) as i
        from (select person_id from known union all select person_id from drawn where is_stranger);
        create macro swapped(t, n) as left(t, n - 1) || substr(t, n + 1, 1) || substr(t, n, 1) || substr(t, n + 2);
        create macro mistyped(t, n, i, k) as
            left(t, n - 1) || chr(97 + pick(i, k, 26)::integer) || substr(t, n + 1);
        create table record as
        with draws as (
            select chosen.i, drawn.*, u(i, 'slip.number') as number_draw, u(i, 'slip.surname') as surname_draw,
                u(i, 'slip.forename') as forename_draw, u(i, 'slip.birth') as birth_draw,
                coalesce(drawn.gphc_number, (2000000 + pick(i, 'slip.made', 999983))::varchar) as number,
                2 + pick(i, 'slip.digit', 5)::integer as digit,
                2 + pick(i, 'slip.letter', len(surname) - 2)::integer as surname_letter,
                2 + pick(i, 'slip.letter2', len(forename) - 2)::integer as forename_letter
            from chosen inner join drawn using (person_id)
        )
        select 'K' || lpad(i::varchar, 6, '0') as unique_id,
            'provider ' || pick(i, 'planted.provider', {PROVIDERS}) as source,
            case when not is_stranger then gphc_number end as entry_id,
            {_surname()} as surname, {_forename()} as forename, {_birth(births=births)} as date_of_birth,
            {_number()} as gphc_number
        from draws;
        update record set gphc_number = null
        where gphc_number in (select gphc_number from entry);
    """)


def _surname() -> str:
    changed, joined = SURNAME_CHANGED, SURNAME_CHANGED + SURNAME_JOINED
    other = "(select surname from drawn as other where other.person_id = 1 + pick(i, 'slip.other', 1000))"
    return (
        f"case when surname_draw < {changed} then {other} when surname_draw < {joined} then surname || '-' || {other} "
        f"when surname_draw < {joined + SURNAME_TYPO} then case when surname_draw < {joined + SURNAME_TYPO / 2} "
        "then swapped(surname, surname_letter) else mistyped(surname, surname_letter, i, 'slip.type') end "
        "else surname end"
    )


def _forename() -> str:
    return (
        f"case when forename_draw < {FORENAME_INITIAL} then left(forename, 1) "
        f"when forename_draw < {FORENAME_INITIAL + FORENAME_TYPO} "
        "then mistyped(forename, forename_letter, i, 'slip.type2') else forename end"
    )


def _birth(*, births: bool) -> str:
    if not births:
        return "null::date"
    missing, swapped = BIRTH_MISSING, BIRTH_MISSING + BIRTH_SWAPPED
    return (
        f"case when birth_draw < {missing} then null when birth_draw < {swapped} and day(date_of_birth) <= 12 "
        "then make_date(year(date_of_birth), day(date_of_birth), month(date_of_birth)) "
        f"when birth_draw between {swapped} and {swapped + BIRTH_TYPO} "
        "then make_date(year(date_of_birth), month(date_of_birth), 1 + (day(date_of_birth) + 9) % 28) "
        "else date_of_birth end"
    )


def _number() -> str:
    missing, swapped = NUMBER_MISSING, NUMBER_MISSING + NUMBER_SWAPPED
    return (
        f"case when number_draw < {missing} then null when number_draw < {swapped} then swapped(number, digit) "
        f"when number_draw < {swapped + NUMBER_MISTYPED} then left(number, digit - 1) || pick(i, 'slip.wrong', 10) || "
        "substr(number, digit + 1) else left(number, digit - 1) || substr(number, digit + 1) end"
    )
