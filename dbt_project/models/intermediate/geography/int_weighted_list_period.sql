-- The weighted list that stands for a period: the newest extract up to its middle day, else the first there is.
{{ list_at_mid_period(ref('int_weighted_list')) }}
