-- The list that stands for a month of a workforce return: the newest extract up to its first day, else the first
-- extract there is.
{{ list_of_each(
    'select distinct month_start from ' ~ ref('int_network_reporting'), ['month_start'], 'month_start',
    ref('int_list_size')
) }}
