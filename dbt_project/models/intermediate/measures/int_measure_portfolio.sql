-- Portfolios decided: recognised in full, in part, or refused; the first decision stands. Unit: enrolment.
with

decisions as (

    select
        *,
        row_number() over (partition by enrolment_id order by event_date, event_id) as occurrence
    from {{ ref('int_event') }}
    where event_type in ('portfolio_recognised_full', 'portfolio_recognised_part', 'portfolio_refused')

),

submissions as (

    select
        enrolment_id,
        min(event_date) as submitted_on
    from {{ ref('int_event') }}
    where event_type = 'portfolio_submitted'
    group by enrolment_id

)

select
    decisions.enrolment_id as unit_key,
    decisions.event_date,
    decisions.strand,
    decisions.sector,
    decisions.event_type as category,
    decisions.pcn_code,
    decisions.sub_icb_code,
    decisions.icb_code,
    decisions.region_code,
    decisions.event_type <> 'portfolio_refused' as is_reached,
    case
        when submissions.submitted_on <= decisions.event_date
            then {{ days_between('submissions.submitted_on', 'decisions.event_date') }}
    end as days_to_decide
from decisions
left join submissions on decisions.enrolment_id = submissions.enrolment_id
where decisions.occurrence = 1
