-- What networks are compared by: deprivation score (newest index) and rural or urban. A network that neither file
-- knows has neither.
with

scores as (

    select
        org_code as pcn_code,
        imd_score,
        row_number() over (partition by org_code order by imd_year desc, vintage_date desc) as recency
    from {{ ref('stg_deprivation__score') }}
    where org_type = 'pcn' and imd_score is not null

),

known as (

    select
        pcn_code,
        imd_score,
        cast(null as varchar) as classification
    from scores
    where recency = 1

    union all

    select
        pcn_code,
        cast(null as double) as imd_score,
        classification
    from {{ ref('stg_rural_urban__network') }}

)

select
    pcn_code,
    max(imd_score) as imd_score,
    max(classification) as classification
from known
group by pcn_code
