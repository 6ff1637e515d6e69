-- When each network, as it is now, first had a prescriber whom the programme trained. Networks that never had one are
-- not listed.
select
    pcn_code,
    min(first_in_post) as first_funded_prescriber,
    count(*) as funded_prescribers
from {{ ref('int_network_funded_prescriber') }}
group by pcn_code
