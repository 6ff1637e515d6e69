"""Registrants: pharmacists and pharmacy technicians whose names are made of syllables and belong to nobody."""

from __future__ import annotations

from orchestration.synthetic.calendar import CUT_OFF
from orchestration.synthetic.world import World, sql_list

PHARMACISTS = 60_000
TECHNICIANS = 25_000
TRAINEES = 60  # pharmacy technicians in training are on no register

_ONSETS = ["B", "Br", "D", "Dr", "F", "G", "Gr", "H", "K", "Kl", "L", "M", "N", "P"]
_MORE_ONSETS = ["Qu", "R", "S", "Sk", "T", "Tr", "V", "Vr", "W", "Y", "Z"]
_CORES = ["a", "ae", "e", "i", "o", "oa", "u", "ua", "é", "ö"]
_JOINTS = ["bl", "dr", "fn", "gl", "kt", "ld", "mb", "nd", "pr", "rv", "sht", "tz", "vr", "zl"]
_ENDS = ["ak", "ell", "eth", "im", "ix", "od", "orr", "ul", "und", "yx"]

# share of pharmacists and of technicians in each sector
_SECTORS = [
    ("community_pharmacy", 0.52, 0.45),
    ("general_practice", 0.16, 0.10),
    ("pcn", 0.12, 0.15),
    ("hospital", 0.16, 0.27),
    ("other", 0.04, 0.03),
]


def build_people(world: World) -> None:
    """Table person: one row per registrant or trainee, with register facts other than the annotation."""
    pharmacists, technicians = world.scaled(PHARMACISTS), world.scaled(TECHNICIANS)
    total = pharmacists + technicians + world.scaled(TRAINEES, 3)
    lists = [sql_list(parts) for parts in (_ONSETS + _MORE_ONSETS, _CORES, _JOINTS, _ENDS)]
    onsets, cores, joints, ends = lists
    world.run(f"""
        create macro made_name(i, k) as
            choose({onsets}, i, k || '.1') || choose({cores}, i, k || '.2') || choose({joints}, i, k || '.3')
            || choose({cores}, i, k || '.4') || choose({ends}, i, k || '.5');
    """)
    world.run("""
        create macro ascii_name(t) as lower(replace(replace(replace(t, 'é', 'e'), 'ö', 'o'), '-', ''));
    """)
    world.run(f"""
        create table person as
        with drawn as (
            select range as person_id,
                case when range <= {pharmacists} then 'pharmacist' else 'pharmacy_technician' end as profession,
                range > {pharmacists + technicians} as is_trainee,
                {_sector_case("range")} as sector,
                u(range, 'person.country') as country_draw, u(range, 'person.era') as era
            from range(1, {total} + 1)
        ),
        dated as (
            select *,
                case when era < 0.004 and profession = 'pharmacist' and person_id > 1 or person_id = 1
                    then date '2026-06-01' + whole(person_id, 'person.reg', 0, 27)
                when era < 0.15 then date '2021-01-04' + whole(person_id, 'person.reg', 0, 1900)
                else date '1985-07-01' + whole(person_id, 'person.reg', 0, 12960) end as registered_on
            from drawn
        ),
        removed as (
            select *, case when u(person_id, 'person.removed') < 0.03 and not is_trainee and era >= 0.15
                then date '2019-06-01' + whole(person_id, 'person.removed_on', 0, 2560) end as removed_on
            from dated
        )
        select person_id, profession, is_trainee, sector,
            case when is_trainee then null
                when profession = 'pharmacist' then (2000000 + (person_id * 48271 + {world.seed % 999983}) % 999983)
                else (5000000 + (person_id * 48271 + {world.seed % 999983}) % 999983) end::varchar as gphc_number,
            made_name(person_id, 'person.surname')
                || case when u(person_id, 'person.double') < 0.06 then '-' || made_name(person_id, 'person.second')
                else '' end as surname,
            made_name(person_id, 'person.forename') as forename,
            registered_on - whole(person_id, 'person.age', 8400, 12000) as date_of_birth,
            case when is_trainee then null else registered_on end as registered_on,
            removed_on,
            case when u(person_id, 'person.restored') < 0.25
                and removed_on + whole(person_id, 'person.restored_on', 90, 400) <= date '{CUT_OFF}'
                then removed_on + whole(person_id, 'person.restored_on', 90, 400) end as restored_on,
            case when is_trainee or country_draw < 0.84 then 'England' when country_draw < 0.93 then 'Scotland'
                when country_draw < 0.98 then 'Wales' else 'Other' end as country
        from removed order by person_id;
    """)
    world.run("alter table person add column email varchar")
    world.run("""
        update person set email =
            ascii_name(forename) || '.' || ascii_name(surname) || person_id || '@demonstration.example'
    """)
    _homes(world)


def _sector_case(person: str) -> str:
    """SQL drawing a sector; the shares differ by profession."""
    pharmacist, technician, arms = 0.0, 0.0, ""
    draw = f"u({person}, 'person.sector')"
    for sector, of_pharmacists, of_technicians in _SECTORS[:-1]:
        pharmacist, technician = pharmacist + of_pharmacists, technician + of_technicians
        arms += (
            f" when {draw} < case profession when 'pharmacist' then {pharmacist:.2f}"
            f" else {technician:.2f} end then '{sector}'"
        )
    return f"case{arms} else '{_SECTORS[-1][0]}' end"


def _homes(world: World) -> None:
    """Each person in England works near one practice that is never closed; a tenth of community staff are locums."""
    world.run("""
        create table home as
        with open_practices as (
            select practice_id, row_number() over (order by practice_id) - 1 as n
            from practice where close_date is null and not has_no_network
        ),
        residents as (
            select person_id, sector, pick(person_id, 'home.practice', (select count(*) from open_practices)) as n
            from person where country = 'England'
        )
        select person_id, practice_id,
            sector = 'community_pharmacy' and u(person_id, 'home.locum') < 0.1 as is_locum
        from residents inner join open_practices using (n)
        order by person_id;
    """)
