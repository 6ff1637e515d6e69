-- Regions, boards, sub-ICB locations and networks that ever were, one row each, with the newest name and place.
with

build as (

    select vintage
    from {{ source('build', 'build_info') }}

),

-- changes of boards in force, but for a board that published files call by another code
changes as (

    select seeded.*
    from {{ ref('icb_change') }} as seeded
    inner join build on seeded.effective_on <= build.vintage
    where seeded.to_icb_code in (select icb_code from {{ ref('int_icb_change') }} where side = 'after')

),

names as (

    select
        'pcn' as org_level,
        pcn_code as org_code,
        pcn_name as org_name,
        extract_date as seen_on
    from {{ ref('stg_practice_map__practice') }}
    union all
    select
        'sub_icb' as org_level,
        sub_icb_code as org_code,
        sub_icb_name as org_name,
        extract_date as seen_on
    from {{ ref('stg_practice_map__practice') }}
    union all
    select
        'icb' as org_level,
        icb_code as org_code,
        icb_name as org_name,
        extract_date as seen_on
    from {{ ref('stg_practice_map__practice') }}
    union all
    select
        'region' as org_level,
        region_code as org_code,
        region_name as org_name,
        extract_date as seen_on
    from {{ ref('stg_practice_map__practice') }}
    union all
    select
        'pcn' as org_level,
        pcn_code as org_code,
        pcn_name as org_name,
        census_month as seen_on
    from {{ ref('stg_pcn_workforce__role') }}
    union all
    select
        'sub_icb' as org_level,
        sub_icb_code as org_code,
        sub_icb_name as org_name,
        census_month as seen_on
    from {{ ref('stg_pcn_workforce__role') }}
    union all
    select
        'icb' as org_level,
        icb_code as org_code,
        icb_name as org_name,
        census_month as seen_on
    from {{ ref('stg_pcn_workforce__role') }}
    union all
    select
        'region' as org_level,
        region_code as org_code,
        region_name as org_name,
        census_month as seen_on
    from {{ ref('stg_pcn_workforce__role') }}
    union all
    select
        'pcn' as org_level,
        pcn_code as org_code,
        pcn_name as org_name,
        cast('1900-01-02' as date) as seen_on
    from {{ ref('stg_ods_pcn_membership__pcn') }}
    union all
    select
        'pcn' as org_level,
        pcn_code as org_code,
        pcn_name as org_name,
        cast('1900-01-01' as date) as seen_on
    from {{ ref('stg_ods_pcn_membership__spell') }}
    union all
    select
        'icb' as org_level,
        changes.to_icb_code as org_code,
        changes.to_icb_name as org_name,
        changes.effective_on as seen_on
    from changes
    union all
    select
        'sub_icb' as org_level,
        changes.to_sub_icb_code as org_code,
        changes.to_sub_icb_name as org_name,
        changes.effective_on as seen_on
    from changes

),

distinct_names as (

    select
        org_level,
        org_code,
        org_name,
        max(seen_on) as last_seen_on,
        min(seen_on) as first_seen_on
    from names
    where org_code is not null
    group by org_level, org_code, org_name

),

ranked as (

    select
        org_level,
        org_code,
        org_name,
        last_seen_on,
        row_number() over (
            partition by org_level, org_code
            order by case when org_name is null then 1 else 0 end, last_seen_on desc, org_name
        ) as preference
    from distinct_names

),

organisations as (

    select
        org_level,
        org_code,
        coalesce(org_name, org_code) as org_name
    from ranked
    where preference = 1

    union all

    select
        'england' as org_level,
        'ENG' as org_code,
        'England' as org_name

),

memberships as (

    select
        pcn_code,
        min(valid_from) as valid_from,
        max(coalesce(valid_to, cast('9999-12-31' as date))) as valid_to
    from {{ ref('int_practice_membership') }}
    group by pcn_code

),

places as (

    select
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code
    from {{ ref('int_pcn_geography') }}
    where valid_to = cast('9999-12-31' as date)

),

boards as (

    select
        icb_code,
        current_icb_code,
        region_code
    from {{ ref('int_icb_current') }}

),

board_regions as (

    select *
    from {{ ref('int_icb_region') }}

),

parents as (

    select *
    from {{ ref('int_sub_icb_parent') }}

),

successors as (

    select *
    from {{ ref('int_pcn_successor') }}

),

-- boards and locations that a change created, and those it ended
created as (

    select
        'icb' as org_level,
        to_icb_code as org_code,
        min(effective_on) as valid_from
    from changes
    where is_new_icb
    group by to_icb_code

    union all

    select
        'sub_icb' as org_level,
        to_sub_icb_code as org_code,
        min(effective_on) as valid_from
    from changes
    where part_code is null and to_sub_icb_code <> sub_icb_code
    group by to_sub_icb_code

),

ended as (

    select
        'icb' as org_level,
        shown_icb_code as org_code,
        min({{ add_days('effective_on', -1) }}) as valid_to
    from {{ ref('int_icb_change') }}
    where side = 'after'
    group by shown_icb_code

    union all

    select
        'sub_icb' as org_level,
        shown_sub_icb_code as org_code,
        min({{ add_days('effective_on', -1) }}) as valid_to
    from {{ ref('int_icb_change') }}
    where side = 'after' and part_code is null and shown_sub_icb_code <> sub_icb_code
    group by shown_sub_icb_code

)

select
    organisations.org_level,
    organisations.org_code,
    organisations.org_name,
    case organisations.org_level
        when 'pcn' then places.sub_icb_code
        when 'sub_icb' then organisations.org_code
    end as sub_icb_code,
    case organisations.org_level
        when 'pcn' then places.icb_code
        when 'sub_icb' then parents.icb_code
        when 'icb' then organisations.org_code
    end as icb_code,
    case organisations.org_level
        when 'pcn' then places.region_code
        when 'sub_icb' then parents.region_code
        when 'icb' then coalesce(board_regions.region_code, boards.region_code)
        when 'region' then organisations.org_code
    end as region_code,
    cast(coalesce(memberships.valid_from, created.valid_from) as date) as valid_from,
    case
        when memberships.valid_to < cast('9999-12-31' as date) then cast(memberships.valid_to as date)
        else cast(ended.valid_to as date)
    end as valid_to,
    case
        when organisations.org_level = 'pcn'
            then coalesce(memberships.valid_from <= build.vintage and memberships.valid_to >= build.vintage, true)
        when organisations.org_level = 'icb'
            then coalesce(boards.current_icb_code = organisations.org_code, true)
        else ended.org_code is null
    end as is_current,
    case
        when organisations.org_level = 'pcn' then successors.successor_code
        when organisations.org_level = 'icb' and boards.current_icb_code <> organisations.org_code
            then boards.current_icb_code
        when organisations.org_level = 'sub_icb' and ended.org_code is not null then parents.current_sub_icb_code
    end as successor_code
from organisations
cross join build
left join memberships on organisations.org_level = 'pcn' and organisations.org_code = memberships.pcn_code
left join places on organisations.org_level = 'pcn' and organisations.org_code = places.pcn_code
left join parents on organisations.org_level = 'sub_icb' and organisations.org_code = parents.sub_icb_code
left join boards on organisations.org_level = 'icb' and organisations.org_code = boards.icb_code
left join board_regions on organisations.org_level = 'icb' and organisations.org_code = board_regions.icb_code
left join successors on organisations.org_level = 'pcn' and organisations.org_code = successors.pcn_code
left join created
    on organisations.org_level = created.org_level and organisations.org_code = created.org_code
left join ended on organisations.org_level = ended.org_level and organisations.org_code = ended.org_code
