{#- Division: engines differ in what 7/2 and 1/0 are; doubles and nullif give one answer everywhere. -#}
{% macro ratio(numerator, denominator) %}(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)){% endmacro %}

{#- Median of doubles: interpolated between the two middle values in both engines. -#}
{% macro median_of(value) %}{{ return(adapter.dispatch('median_of', 'phip')(value)) }}{% endmacro %}
{% macro default__median_of(value) %}median(cast({{ value }} as double)){% endmacro %}
{% macro spark__median_of(value) %}percentile(cast({{ value }} as double), 0.5){% endmacro %}

{#- A short stable identifier of several text columns. Never hash a float: its text differs between engines. -#}
{% macro surrogate_key(columns) %}md5(
    {%- for column in columns -%}
        coalesce(cast({{ column }} as varchar), '~'){{ " || '|' || " if not loop.last }}
    {%- endfor -%}
){% endmacro %}

{#- Distinct texts of a group in alphabetical order, separated by commas; null where there is none. -#}
{% macro joined_text(value) %}{{ return(adapter.dispatch('joined_text', 'phip')(value)) }}{% endmacro %}
{% macro default__joined_text(value) %}string_agg(distinct {{ value }}, ', ' order by {{ value }}){% endmacro %}
{% macro spark__joined_text(value) %}nullif(array_join(array_sort(collect_set({{ value }})), ', '), ''){% endmacro %}
