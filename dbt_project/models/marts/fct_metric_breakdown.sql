{{ finished_figures(breakdown=true) }}

select
    bounded.metric_id,
    bounded.org_level,
    bounded.org_code,
    bounded.strand,
    bounded.sector,
    bounded.dimension,
    bounded.category,
    cast(bounded.period_start as date) as period_start,
    bounded.period_grain,
    bounded.geography,
    {{ figure_columns('bounded') }}
from bounded
