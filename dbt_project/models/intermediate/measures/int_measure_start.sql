-- First starts in each strand, by the event with which the strand starts. Unit: person in a strand.
with

starts as (

    select
        person_key || '|' || strand as unit_key,
        person_key,
        event_date,
        strand,
        sector,
        cast(null as varchar) as category,
        pcn_code,
        sub_icb_code,
        icb_code,
        region_code,
        row_number() over (partition by person_key, strand order by event_date, event_id) as occurrence
    from {{ ref('int_event') }}
    where
        {% for strand in var('programme')['strands'] -%}
            {{ 'or ' if not loop.first }}(strand = '{{ strand.id }}' and event_type = '{{ strand.start_event }}')
        {% endfor %}
)

select
    unit_key,
    person_key,
    event_date,
    strand,
    sector,
    category,
    pcn_code,
    sub_icb_code,
    icb_code,
    region_code
from starts
where occurrence = 1
