{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- Layers are schemas of the same name in every build: staging, intermediate, metrics, marts. -#}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
