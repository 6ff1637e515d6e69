-- Weighted patients of every organisation at every extract, in both geographies. These lists do not say where a
-- practice lies, so one that no map knows counts for England alone, or for its network where that is known.
{{ patients_by_place(
    'select extract_date, practice_code, cast(null as varchar) as sub_icb_code, weighted_patients as patients from '
    ~ ref('stg_weighted_patients__list_size')
) }}
