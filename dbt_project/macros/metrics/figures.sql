{#- Themes of the registry: the models in models/metrics, with the measures each may count. One list: the themes, the
    marts over them and the units behind every figure read it. A new metric of a measure listed here is one entry. -#}
{% macro themes() %}
    {{ return({
        'metric_prescribers': ['int_measure_annotation', 'int_list_size_period', 'int_weighted_list_period'],
        'metric_places': ['int_measure_start', 'int_measure_place', 'int_measure_application'],
        'metric_learners': [
            'int_measure_funnel', 'int_measure_completion', 'int_measure_deployment_wait', 'int_measure_active_learner',
            'int_measure_sitting', 'int_measure_stuck', 'int_measure_pathway',
        ],
        'metric_times': [
            'int_measure_journey', 'int_measure_annotation_wait', 'int_measure_deployment_wait',
            'int_measure_retention', 'int_estimate_unit',
        ],
        'metric_supervision': [
            'int_measure_supervisor_trained', 'int_measure_supervisor_activation', 'int_measure_active_learner',
        ],
        'metric_skills': [
            'int_measure_technician_pass', 'int_measure_course', 'int_measure_clinical_examination',
            'int_measure_module_pass', 'int_measure_portfolio',
        ],
        'metric_money': ['stg_spend__month', 'int_outturn_year', 'int_measure_start_outcome'],
        'metric_equity': [
            'metric_prescribers', 'metric_learners', 'int_pcn_attribute', 'int_measure_background',
            'int_register_group', 'int_starter_period',
        ],
        'metric_workforce': [
            'int_measure_coverage', 'int_measure_workforce_post', 'int_workforce_census', 'int_network_reporting',
            'int_measure_prescriber_post', 'int_measure_prescriber_move', 'int_measure_active_prescriber',
            'int_measure_premises',
        ],
        'metric_records': ['int_measure_provider_record', 'int_measure_return_due', 'int_measure_revision'],
    }) }}
{% endmacro %}

{#- What a theme says of every figure, one row each; the columns of an estimator are empty for those that only count. -#}
{% macro figure_parts() -%}
metric_id, org_level, org_code, strand, sector, dimension, category, period_start, period_grain, geography,
    numerator, denominator, cohort_size, mature_size
{%- endmacro %}

{#- Every figure of the metrics whose entries stand beside the calling model. -#}
{% macro figures() %}
    {#- named here, so that dbt sees the dependencies while it parses -#}
    {%- do [ref('int_organisation_period'), ref('int_pcn_current'), ref('int_icb_current'),
            source('build', 'build_info')] -%}
    {%- set measures = {} -%}
    {%- for name in themes()[model.name] -%}{%- do measures.update({name: ref(name)}) -%}{%- endfor -%}
    {%- set metrics = model.config.meta.get('metrics', []) if execute else [] -%}
    {%- for metric in metrics %}
        select
            {{ figure_parts() }},
            {% if metric.get('interval') == 'estimator' -%}
            estimate, estimate_lower, estimate_upper
            {%- else -%}
            cast(null as double) as estimate, cast(null as double) as estimate_lower,
            cast(null as double) as estimate_upper
            {%- endif %}
        from ({{ counted(metric, measures) }}) as figures
        {{ 'union all' if not loop.last }}
    {%- else %}
        select
            cast(null as varchar) as metric_id, cast(null as varchar) as org_level,
            cast(null as varchar) as org_code, cast(null as varchar) as strand, cast(null as varchar) as sector,
            cast(null as varchar) as dimension, cast(null as varchar) as category,
            cast(null as date) as period_start, cast(null as varchar) as period_grain,
            cast(null as varchar) as geography, cast(null as double) as numerator,
            cast(null as double) as denominator, cast(null as double) as cohort_size,
            cast(null as double) as mature_size, cast(null as double) as estimate,
            cast(null as double) as estimate_lower, cast(null as double) as estimate_upper
        where false
    {%- endfor %}
{% endmacro %}

{#- One metric by its method. -#}
{% macro counted(metric, measures) %}
    {%- set upper = measure_of(metric, metric.numerator, measures) -%}
    {%- if metric.method == 'count' -%}
        {{ flow_counts(metric, upper) }}
    {%- elif metric.method == 'paths' -%}
        {{ paths(metric, upper) }}
    {%- elif metric.method == 'share' -%}
        {{ shares(metric, upper, mature=(metric.kind == 'cohort')) }}
        {%- for breakdown in metric.get('breakdowns', []) %}
        union all
        {{ shares(metric, upper, mature=(metric.kind == 'cohort'), breakdown=breakdown) }}
        {%- endfor -%}
    {%- elif metric.method == 'funnel' -%}
        {{ funnel(metric, upper) }}
    {%- elif metric.method == 'ratio' -%}
        {{ count_over_count(metric, upper, measure_of(metric, metric.denominator, measures)) }}
    {%- elif metric.method == 'per_list' -%}
        {{ count_per_list(metric, upper, measure_of(metric, metric.denominator, measures)) }}
    {%- elif metric.method == 'census' -%}
        {{ census(metric, upper) }}
    {%- elif metric.method == 'spend_to_date' -%}
        {{ spend_to_date(metric, upper) }}
    {%- elif metric.method == 'unit_cost' -%}
        {{ unit_cost(metric, upper, measure_of(metric, metric.denominator, measures)) }}
    {%- elif metric.method == 'spend_share' -%}
        {{ spend_share(metric, measure_of(metric, metric.denominator, measures), upper) }}
    {%- elif metric.method == 'stock_of_reporters' -%}
        {{ stock_of_reporters(metric, upper, measures['int_measure_coverage'], measures['int_network_reporting']) }}
    {%- elif metric.method == 'net_change' -%}
        {{ net_change(metric, upper, measures['int_measure_coverage'], measures['int_network_reporting']) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error("metric " ~ metric.id ~ ": no method " ~ metric.method ~ " in " ~ model.name) }}
    {%- endif -%}
{% endmacro %}

{% macro measure_of(metric, part, measures) %}
    {%- if part.model not in measures -%}
        {{ exceptions.raise_compiler_error(
            "metric " ~ metric.id ~ ": " ~ part.model ~ " is not among the measures of its theme; add it to themes()") }}
    {%- endif -%}
    {{ return(measures[part.model]) }}
{% endmacro %}

{% macro geographies() %}
    select 'as_was' as geography
    union all
    select 'as_now' as geography
{% endmacro %}
