-- For everyone who entered a strand's first stage: how far they got within the horizon. Reaching a later stage
-- counts as having reached those before it, so a funnel never rises. Unit: person in a strand, one row a stage;
-- is_reached on the row of stage k says whether stage k + 1 was reached.
with

reached as (

    select *
    from {{ ref('int_funnel_stage') }}

),

entries as (

    select *
    from reached
    where stage_number = 1

),

build as (

    select vintage
    from {{ source('build', 'build_info') }}

),

furthest as (

    select
        entries.person_key,
        entries.strand,
        max(reached.stage_number) as stage_number
    from entries
    inner join reached
        on
            entries.person_key = reached.person_key
            and entries.strand = reached.strand
            and (
                reached.stage_number = 1
                or (
                    reached.event_date >= entries.event_date
                    and reached.event_date
                    <= {{ add_days('entries.event_date', metric_horizon_days('funnel_conversion')) }}
                )
            )
    group by entries.person_key, entries.strand

),

stages as (

    {% for strand in var('programme')['strands'] -%}
        {%- set outer = loop -%}
        {%- for stage in strand.stages[:-1] %}
            select
                '{{ strand.id }}' as strand, '{{ stage }}' as stage,
                {{ loop.index }} as stage_number, {{ strand.stages | length }} as stage_count
            {{ 'union all' if not (outer.last and loop.last) }}
        {%- endfor -%}
    {%- endfor %}

)

select
    entries.person_key || '|' || entries.strand as unit_key,
    entries.event_date,
    entries.strand,
    entries.sector,
    stages.stage as category,
    entries.pcn_code,
    entries.sub_icb_code,
    entries.icb_code,
    entries.region_code,
    {{ add_days('entries.event_date', metric_horizon_days('funnel_conversion')) }} <= build.vintage as is_mature,
    furthest.stage_number > stages.stage_number as is_reached,
    furthest.stage_number = stages.stage_count as is_completed,
    stages.stage_number
from entries
cross join build
inner join furthest on entries.person_key = furthest.person_key and entries.strand = furthest.strand
inner join stages on entries.strand = stages.strand and furthest.stage_number >= stages.stage_number
