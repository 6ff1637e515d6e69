-- Where each network lay on each day some file showed it. One kind of file per network, best first, so that two
-- sources that draw a straddling network differently do not look like a transfer back and forth: what the workforce
-- file states of the network, else where most of its practices lie, else the lead location the register lists.
with

map_counts as (

    select
        extract_date as observed_on,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        count(*) as practices
    from {{ ref('stg_practice_map__practice') }}
    where pcn_code is not null
    group by extract_date, pcn_code, sub_icb_code, icb_code, region_code

),

map_ranked as (

    select
        observed_on,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        row_number() over (
            partition by observed_on, pcn_code
            order by practices desc, sub_icb_code, icb_code
        ) as preference
    from map_counts

),

workforce as (

    select distinct
        census_month as observed_on,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code
    from {{ ref('stg_pcn_workforce__role') }}

),

listed as (

    select
        coalesce(open_date, cast('2019-07-01' as date)) as observed_on,
        pcn_code,
        sub_icb_code
    from {{ ref('stg_ods_pcn_membership__pcn') }}

    union all

    select
        min(valid_from) as observed_on,
        pcn_code,
        max(pcn_sub_icb_code) as sub_icb_code
    from {{ ref('stg_ods_pcn_membership__spell') }}
    group by pcn_code

),

parents as (

    select *
    from {{ ref('int_sub_icb_parent') }}

),

everything as (

    select
        1 as preference,
        observed_on,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code
    from workforce

    union all

    select
        2 as preference,
        observed_on,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code
    from map_ranked
    where preference = 1

    union all

    select
        3 as preference,
        listed.observed_on,
        listed.pcn_code,
        listed.sub_icb_code,
        -- the list says the location, and since when; its board then is the one before the last change
        case
            when listed.observed_on < parents.changed_on then parents.former_icb_code
            else parents.icb_code
        end as icb_code,
        parents.region_code
    from listed
    left join parents on listed.sub_icb_code = parents.sub_icb_code

),

best as (

    select
        pcn_code,
        min(preference) as preference
    from everything
    group by pcn_code

)

select
    everything.observed_on,
    everything.pcn_code,
    min(everything.sub_icb_code) as sub_icb_code,
    min(everything.icb_code) as icb_code,
    min(everything.region_code) as region_code
from everything
inner join best on everything.pcn_code = best.pcn_code and everything.preference = best.preference
group by everything.observed_on, everything.pcn_code
