-- Registered patients of every organisation at every extract, in both geographies.
{{ patients_by_place(
    'select extract_date, practice_code, sub_icb_code, patients from ' ~ ref('stg_registered_patients__list_size')
) }}
