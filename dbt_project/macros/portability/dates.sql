{#- Differences between engines live in this folder and nowhere else (see docs in the README, "Engines"). -#}

{% macro add_months(day, months) %}{{ return(adapter.dispatch('add_months', 'phip')(day, months)) }}{% endmacro %}
{% macro default__add_months(day, months) %}cast({{ day }} + interval '{{ months }} month' as date){% endmacro %}
{% macro spark__add_months(day, months) %}add_months({{ day }}, {{ months }}){% endmacro %}

{% macro add_days(day, days) %}{{ return(adapter.dispatch('add_days', 'phip')(day, days)) }}{% endmacro %}
{% macro default__add_days(day, days) %}cast({{ day }} + cast({{ days }} as integer) as date){% endmacro %}
{% macro spark__add_days(day, days) %}date_add({{ day }}, cast({{ days }} as int)){% endmacro %}

{% macro days_between(first_day, last_day) %}{{ return(adapter.dispatch('days_between', 'phip')(first_day, last_day)) }}{% endmacro %}
{% macro default__days_between(first_day, last_day) %}date_diff('day', {{ first_day }}, {{ last_day }}){% endmacro %}
{% macro spark__days_between(first_day, last_day) %}datediff({{ last_day }}, {{ first_day }}){% endmacro %}

{% macro month_start(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}
{% macro quarter_start(day) %}cast(date_trunc('quarter', {{ day }}) as date){% endmacro %}

{#- Financial years start on 1 April: shift back three months, truncate to the calendar year, shift forward. -#}
{% macro financial_year_start(day) %}{{ add_months("cast(date_trunc('year', " ~ add_months(day, -3) ~ ") as date)", 3) }}{% endmacro %}

{% macro month_series(first_day, last_day) %}{{ return(adapter.dispatch('month_series', 'phip')(first_day, last_day)) }}{% endmacro %}
{% macro default__month_series(first_day, last_day) %}
    select cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval '1 month')) as date) as month_start
{% endmacro %}
{% macro spark__month_series(first_day, last_day) %}
    select explode(sequence({{ first_day }}, {{ last_day }}, interval 1 month)) as month_start
{% endmacro %}

{% macro make_month(year_number, month_number) %}{{ return(adapter.dispatch('make_month', 'phip')(year_number, month_number)) }}{% endmacro %}
{% macro default__make_month(year_number, month_number) %}make_date({{ year_number }}, {{ month_number }}, 1){% endmacro %}
