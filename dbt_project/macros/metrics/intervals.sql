{#- 95 % intervals in SQL. evaluation/intervals.py holds the same formulas; a test holds the two together.
    z is the 0.975 quantile of the standard normal distribution. -#}
{% macro z_95() %}1.959963984540054e0{% endmacro %}

{#- Wilson (1927) score interval of numerator / denominator, as a proportion. -#}
{% macro wilson_lower(numerator, denominator) -%}
    ((2 * {{ numerator }} + {{ z_95() }} * {{ z_95() }}
      - {{ z_95() }} * sqrt({{ z_95() }} * {{ z_95() }} + 4 * {{ numerator }} * (1 - {{ ratio(numerator, denominator) }})))
     / (2 * ({{ denominator }} + {{ z_95() }} * {{ z_95() }})))
{%- endmacro %}
{% macro wilson_upper(numerator, denominator) -%}
    ((2 * {{ numerator }} + {{ z_95() }} * {{ z_95() }}
      + {{ z_95() }} * sqrt({{ z_95() }} * {{ z_95() }} + 4 * {{ numerator }} * (1 - {{ ratio(numerator, denominator) }})))
     / (2 * ({{ denominator }} + {{ z_95() }} * {{ z_95() }})))
{%- endmacro %}

{#- Byar's approximation (Breslow and Day 1987) for counts of 10 or more; below that the exact limits of the seed. -#}
{% macro byar_lower(events) -%}
    ({{ events }} * power(1 - 1 / (9e0 * {{ events }}) - {{ z_95() }} / (3 * sqrt({{ events }})), 3))
{%- endmacro %}
{% macro byar_upper(events) -%}
    (({{ events }} + 1) * power(1 - 1 / (9e0 * ({{ events }} + 1)) + {{ z_95() }} / (3 * sqrt({{ events }} + 1)), 3))
{%- endmacro %}
