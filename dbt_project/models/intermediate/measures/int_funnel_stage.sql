-- The first day on which a person reached each stage of a strand. Stages of programme.yml; recognition in full or
-- in part is one stage. Unit: person in a strand and stage.
with

events as (

    select
        person_key,
        strand,
        case
            when event_type in ('portfolio_recognised_full', 'portfolio_recognised_part') then 'portfolio_recognised'
            else event_type
        end as stage,
        event_date,
        event_id,
        sector,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code
    from {{ ref('int_event') }}

),

stages as (

    {% for strand in var('programme')['strands'] -%}
        {%- set outer = loop -%}
        {%- for stage in strand.stages %}
            select '{{ strand.id }}' as strand, '{{ stage }}' as stage, {{ loop.index }} as stage_number
            {{ 'union all' if not (outer.last and loop.last) }}
        {%- endfor -%}
    {%- endfor %}

),

ranked as (

    select
        events.person_key,
        events.strand,
        events.stage,
        stages.stage_number,
        events.event_date,
        events.sector,
        events.pcn_code,
        events.sub_icb_code,
        events.icb_code,
        events.region_code,
        row_number() over (
            partition by events.person_key, events.strand, events.stage
            order by events.event_date, events.event_id
        ) as occurrence
    from events
    inner join stages on events.strand = stages.strand and events.stage = stages.stage

)

select
    person_key,
    strand,
    stage,
    stage_number,
    event_date,
    sector,
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code
from ranked
where occurrence = 1
