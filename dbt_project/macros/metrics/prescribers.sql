{#- Whether a person of the register was annotated on the last day of a month; `register` is the alias of
    int_register_current, `month` the first day of the month. An annotation removed and restored counts again. -#}
{% macro annotated_on_last_day(register, month) -%}
(
    {{ register }}.annotated_on < {{ add_months(month, 1) }}
    and (
        {{ register }}.annotation_removed_on is null
        or {{ register }}.annotation_removed_on >= {{ add_months(month, 1) }}
        or {{ register }}.annotation_restored_on < {{ add_months(month, 1) }}
    )
)
{%- endmacro %}
