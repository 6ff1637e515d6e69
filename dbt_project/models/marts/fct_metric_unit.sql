{{ config(materialized='view') }}
-- The units behind every figure: who or what was counted in each part of a metric, where and when, in both
-- geographies. Pseudonymous, evaluators only.
{{ units() }}
