"""Feeds in the layouts that NHS England and ODS publish."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from orchestration.synthetic.calendar import CENSUSES, CUT_OFF, EXTRACTS
from orchestration.synthetic.files import Cell, write_text, write_workbook
from orchestration.synthetic.staff_roles import CARE, PHARMACY_ROLES
from orchestration.synthetic.world import World

PARQUET_CENSUS_YEAR = 2024  # the censuses of this year are carried as Parquet, as some carriers do
_FORMER_WORKBOOK = date(2022, 4, 27)  # the last vintage whose headers still say CCG
_LATER_WORKBOOK = date(2023, 1, 26)

_NETWORK_HEADER = [
    "PCN Code",
    "PCN Name",
    "Current Sub ICB Loc Code",
    "Sub ICB Location",
    "Open Date",
    "Close Date",
    "Address Line 1",
    "Address Line 2",
    "Address Line 3",
    "Address Line 4",
    "Address Line 5",
    "Postcode",
]
_PARTNER_HEADER = [
    "Partner\nOrganisation\nCode",
    "Partner\nName",
    "Practice\nParent\nSub ICB Loc Code",
    "Practice\nParent\nSub ICB Loc Name",
    "PCN Code",
    "PCN Name",
    "PCN Parent\nSub ICB Loc Code",
    "PCN Parent\nSub ICB Loc Name",
    "Practice to PCN\nRelationship\nStart Date",
    "Practice to PCN\nRelationship\nEnd Date",
    "Practice Sub ICB Loc and PCN Sub ICB Loc Match ",
]


def copy_csv(world: World, select: str, path: Path, *, options: str = "header") -> None:
    """Write a query's rows as a comma separated file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    world.run(f"copy ({select}) to '{path}' (format csv, {options})")


def write_public(world: World, landing: Path) -> None:
    """practice_map, registered_patients, ods_practice, ods_pcn_membership, deprivation and pcn_workforce."""
    _practice_feeds(world, landing)
    _ods(world, landing)
    _deprivation(world, landing / "deprivation")
    for census in CENSUSES:
        write_census(world, landing / "pcn_workforce", census)


def _practice_feeds(world: World, landing: Path) -> None:
    for day in EXTRACTS:
        mapped = f"""
            select 'GP_PRAC_PAT_LIST' as "PUBLICATION", strftime(date '{day}', '%d%b%Y') as "EXTRACT_DATE",
                practice_code as "PRACTICE_CODE", practice_name as "PRACTICE_NAME",
                practice.postcode as "PRACTICE_POSTCODE", coalesce(pcn_code, 'U') as "PCN_CODE",
                coalesce(pcn_name, 'Unknown') as "PCN_NAME",
                ons_sub_icb_code as "ONS_SUB_ICB_LOCATION_CODE", area_place.sub_icb_code as "SUB_ICB_LOCATION_CODE",
                sub_icb_name as "SUB_ICB_LOCATION_NAME", ons_icb_code as "ONS_ICB_CODE", icb_code as "ICB_CODE",
                regexp_replace(icb_name, ' ICB$', ' Integrated Care Board') as "ICB_NAME",
                ons_region_code as "ONS_COMM_REGION_CODE", region_code as "COMM_REGION_CODE",
                region_name as "COMM_REGION_NAME",
                choose(['SUPPLIER A', 'SUPPLIER B', 'SUPPLIER C'], practice_id, 'practice.supplier') as "SUPPLIER_NAME"
            from practice_list inner join practice using (practice_id)
            left join membership on practice.practice_id = membership.practice_id
                and date '{day}' >= membership.valid_from
                and date '{day}' <= coalesce(membership.valid_to, date '9999-12-31')
            left join pcn using (pcn_id)
            inner join area_place on practice.area_key = area_place.area_key
                and date '{day}' >= area_place.valid_from and date '{day}' <= area_place.valid_to
            where extract_date = date '{day}' order by practice_code
        """
        copy_csv(world, mapped, landing / "practice_map" / f"gp-reg-pat-prac-map_{day:%Y-%m}.csv")
        lists = f"""
            select 'GP_PRAC_PAT_LIST' as "PUBLICATION", extract_date as "EXTRACT_DATE", 'GP' as "TYPE",
                area_place.sub_icb_code as "SUB_ICB_LOCATION_CODE", ons_sub_icb_code as "ONS_SUB_ICB_LOCATION_CODE",
                practice_code as "CODE", postcode as "POSTCODE", 'ALL' as "SEX", 'ALL' as "AGE",
                patients as "NUMBER_OF_PATIENTS"
            from practice_list inner join practice using (practice_id)
            inner join area_place on practice.area_key = area_place.area_key
                and date '{day}' >= area_place.valid_from and date '{day}' <= area_place.valid_to
            where extract_date = date '{day}' order by practice_code
        """
        copy_csv(world, lists, landing / "registered_patients" / f"gp-reg-pat-prac-all_{day:%Y-%m}.csv")


def _network_rows(day: date) -> str:
    return f"""
        select pcn_code, pcn_name, area_place.sub_icb_code, upper(sub_icb_name), strftime(open_date, '%Y%m%d'),
            case when close_date < date '{day}' then strftime(close_date, '%Y%m%d') end,
            null, null, null, null, null, postcode
        from pcn inner join area_place on pcn.area_key = area_place.area_key
            and date '{day}' >= area_place.valid_from and date '{day}' <= area_place.valid_to
        where open_date <= date '{day}' order by pcn_code
    """


def _partner_rows(day: date) -> str:
    """Eleven columns; an end that lies after `day` is not known yet."""
    return f"""
        select practice_code, practice_name, own.sub_icb_code, upper(own.sub_icb_name) as practice_area,
            pcn_code, pcn_name,
            network.sub_icb_code as network_area_code, upper(network.sub_icb_name) as network_area,
            strftime(membership.valid_from, '%Y%m%d') as starts,
            case when membership.valid_to < date '{day}' then strftime(membership.valid_to, '%Y%m%d') end as ends,
            own.sub_icb_code = network.sub_icb_code as is_match
        from membership
        inner join practice using (practice_id)
        inner join pcn using (pcn_id)
        inner join (select * from area_place where date '{day}' between valid_from and valid_to) as own
            on practice.area_key = own.area_key
        inner join (select * from area_place where date '{day}' between valid_from and valid_to) as network
            on pcn.area_key = network.area_key
        where membership.valid_from <= date '{day}' order by practice_code, membership.valid_from
    """


def _ods(world: World, landing: Path) -> None:
    folder = landing / "ods_pcn_membership"
    for day in (_FORMER_WORKBOOK, _LATER_WORKBOOK):
        networks, partners = list(_NETWORK_HEADER), list(_PARTNER_HEADER)
        if day == _FORMER_WORKBOOK:
            networks[2:4] = [
                "Current Clinical \nCommissioning \nGroup Code",
                "Clinical\nCommissioning\nGroup Name",
            ]
            partners = [title.replace("Sub ICB Loc", "CCG") for title in partners]
        write_workbook(
            folder / f"ePCN_{day}.xlsx",
            [
                ("PCNDetails", networks, _cells(world, _network_rows(day))),
                ("PCN Core Partner Details", partners, _cells(world, _partner_rows(day))),
            ],
        )
    spells = _partner_rows(CUT_OFF)
    body = world.rows(f"""
        select string_agg('"' || concat_ws('","', practice_code, practice_name, sub_icb_code, practice_area, pcn_code,
            pcn_name, network_area_code, network_area, starts, coalesce(ends, ''), upper(is_match::varchar)) || '"',
            chr(10) order by practice_code, starts)
        from ({spells})
    """)[0][0]
    write_text(folder / f"raw_epcncorepartnerdetails_{CUT_OFF}.csv", None, str(body))
    listed = f"""
        select pcn_code as "PCN_Code", pcn_name as "PCN_Name", area_place.sub_icb_code as "ICB_Code",
            upper(sub_icb_name) as "ICB_Name", strftime(open_date, '%Y%m%d') as "Open_Date",
            strftime(close_date, '%Y%m%d') as "Close_Date", postcode as "Postcode",
            upper(place_word(pcn_id, 'pcn.town')) as "Town"
        from pcn inner join area_place on pcn.area_key = area_place.area_key
            and date '{CUT_OFF}' between area_place.valid_from and area_place.valid_to order by pcn_code
    """
    copy_csv(world, listed, folder / f"ods_pcn_{CUT_OFF}.csv")
    _epraccur(world, landing / "ods_practice" / f"epraccur_{CUT_OFF:%Y-%m}.csv")


def _cells(world: World, select: str) -> list[tuple[Cell, ...]]:
    return [
        tuple(str(value).upper() if isinstance(value, bool) else value for value in row)  # type: ignore[misc]
        for row in world.rows(select)
    ]


def _epraccur(world: World, path: Path) -> None:
    """27 header-less fields, every one quoted."""
    select = f"""
        select practice_code, practice_name, region_code, icb_code, postcode,
            coalesce(strftime(practice.close_date, '%Y%m%d'), '') as closed,
            case when practice.close_date is null then 'A' else 'C' end as status,
            area_place.sub_icb_code as commissioner,
            upper(place_word(practice_id, 'practice.street')) || ' ROAD' as street,
            upper(place_word(practice_id, 'practice.town')) as town
        from practice inner join area_place on practice.area_key = area_place.area_key
            and date '{CUT_OFF}' between area_place.valid_from and area_place.valid_to
    """
    body = world.rows(f"""
        select string_agg('"' || concat_ws('","', practice_code, practice_name, region_code, icb_code, 'THE SURGERY',
            street, town, '', '', postcode, '19740401', closed, status, 'B', commissioner, '20200401', closed, '',
            '', '', '', '0', '', commissioner, '', '4', '') || '"', chr(10) order by practice_code)
        from ({select})
    """)[0][0]
    write_text(path, None, str(body))


def _deprivation(world: World, folder: Path) -> None:
    world.run("""
        create table practice_imd as
        select practice_id, round(imd_score, 3)::decimal(9, 3) as imd_score,
            ntile(10) over (order by imd_score desc, practice_id) as imd_decile from practice
    """)
    copy_csv(
        world,
        """
        select practice_code, practice_name, postcode, sub_icb_code as subicb_code, practice_imd.imd_score, imd_decile
        from practice inner join practice_imd using (practice_id) order by practice_code
    """,
        folder / "practice_imd_2025-10-30.csv",
    )
    copy_csv(
        world,
        f"""
        with weighted as (
            select membership.pcn_id, sum(practice_imd.imd_score * practice_list.patients) as total,
                sum(practice_list.patients) as patients
            from practice_list inner join practice_imd using (practice_id)
            inner join membership on practice_list.practice_id = membership.practice_id
                and extract_date between membership.valid_from and coalesce(membership.valid_to, date '9999-12-31')
            where extract_date = date '{EXTRACTS[-1]}' group by membership.pcn_id
        ),
        scored as (select pcn_id, (total / patients)::decimal(9, 3) as imd_score from weighted)
        select pcn_code, pcn_name, postcode, sub_icb_code as subicb_code, imd_score,
            ntile(10) over (order by imd_score desc, pcn_id) as imd_decile
        from scored inner join pcn using (pcn_id) order by pcn_code
    """,
        folder / "pcn_imd_2025-10-30.csv",
    )


def census_name(census: date) -> str:
    """File name of a census, as published."""
    suffix = "parquet" if census.year == PARQUET_CENSUS_YEAR else "csv"
    return f"Primary Care Networks - {census:%B %Y} Individual Level.{suffix}"


def census_rows(census: date) -> str:
    """SQL of one census: pharmacy posts of the deployment return, contracted pharmacy slots, all other staff."""
    pharmacy = ", ".join(
        f"('{role}', '{group}', '{detailed}')" for role, (group, detailed, _, _) in PHARMACY_ROLES.items()
    )
    salt = f"'census.{census:%Y%m}'"
    last = (census.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return f"""
        with names as (select * from (values {pharmacy}) as v(role, staff_role, detailed_staff_role)),
        posts as (
            select pcn_id, '{CARE}' as staff_group, staff_role, detailed_staff_role, fte::decimal(18, 6) as fte,
                1000000000 + person_id as holder
            from deployment inner join names using (role) where period = date '{census}'
            union all
            select slot_place.pcn_id, '{CARE}', staff_role, detailed_staff_role,
                (whole(slot.slot_id, 'slot.hours', 3, 15) * 2.5 / 37.5)::decimal(18, 6), null
            from slot inner join names using (role) inner join slot_place on slot.slot_id = slot_place.slot_id
                and slot_place.valid_from <= date '{census}' and slot_place.valid_to >= date '{last}'
            where is_contracted and opens <= date '{census}'
            union all
            select case when pcn.close_date < date '{last}' then pcn.heir_id else pcn.pcn_id end, staff_group,
                staff_role, detailed_staff_role, other_slot.fte, case when not is_contracted then slot_id end
            from other_slot inner join pcn on other_slot.base_pcn_id = pcn.pcn_id where opens <= date '{census}'
        ),
        shown as (
            select posts.*, case when holder is not null then
                100000 + dense_rank() over (order by u(holder, {salt}), holder) end as identifier
            from posts inner join reporting on posts.pcn_id = reporting.pcn_id and reporting.period = date '{census}'
        )
        select case when identifier is null then 'NWRS contracted services' else 'NWRS Staff' end as "Data_source",
            {census.year} as "CENSUS_YEAR", {census.month} as "CENSUS_MONTH", pcn_code as "PCN_CODE",
            pcn_name as "PCN_NAME", area_place.sub_icb_code as "SUB_ICB_CODE", sub_icb_name as "SUB_ICB_NAME",
            icb_code as "ICB_CODE", icb_name as "ICB_NAME", region_code as "COMM_REGION_CODE",
            region_name as "COMM_REGION_NAME", staff_group as "STAFF_GROUP", staff_role as "STAFF_ROLE",
            detailed_staff_role as "DETAILED_STAFF_ROLE", fte as "FTE", identifier as "UNIQUE_IDENTIFIER"
        from shown inner join pcn using (pcn_id)
        inner join area_place using (area_key)
        where date '{census}' between area_place.valid_from and area_place.valid_to
        order by identifier nulls last, pcn_code, staff_role, detailed_staff_role, fte
    """


def write_census(world: World, folder: Path, census: date) -> None:
    """Write one census of the PCN Workforce file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / census_name(census)
    if path.suffix == ".parquet":
        world.run(f"copy ({census_rows(census)}) to '{path}' (format parquet)")
    else:
        copy_csv(world, census_rows(census), path)
