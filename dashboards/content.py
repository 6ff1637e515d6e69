"""Which published metrics stand on which page: the editorial choice, in one place.

A metric that the registry does not hold is left out; one without published values is shown as missing.
"""

from __future__ import annotations

NEW_PRESCRIBERS = "new_independent_prescribers"
MONEY = "spend_against_ceiling"
COVERAGE = "pcn_coverage"
PATHWAY = "funnel_conversion"

# The number that says most about a strand.
STRAND_LEAD = {
    "portfolio_recognition": "portfolios_recognised",
    "independent_prescribing": NEW_PRESCRIBERS,
    "technician_accreditation": "technicians_accredited",
    "clinical_examination": "clinical_examination_trained",
    "supervisors": "supervisors_trained",
}
# Metrics that belong to a strand though the registry does not break them down by strand.
STRAND_OTHERS = {
    "portfolio_recognition": ("portfolio_days_to_decide",),
    "independent_prescribing": ("new_independent_prescribers_per_10k", COVERAGE),
    "technician_accreditation": ("courses_accredited",),
    "clinical_examination": ("clinical_examination_module_passes",),
    "supervisors": (),
}
# Charted by region and board, most telling first: shares and rates compare places, counts only sizes.
COMPARED = {
    "portfolio_recognition": ("portfolios_recognised",),
    "independent_prescribing": ("new_independent_prescribers_per_10k", COVERAGE),
    "technician_accreditation": ("completion_18_months", "technicians_accredited"),
    "clinical_examination": ("completion_18_months", "clinical_examination_trained"),
    "supervisors": ("supervisors_trained",),
}

WORKFORCE_FTE = (
    ("pcn_pharmacists_fte", "Pharmacists"),
    ("pcn_advanced_pharmacists_fte", "Advanced pharmacists"),
    ("pcn_pharmacy_technicians_fte", "Pharmacy technicians"),
    ("pcn_trainee_technicians_fte", "Trainee technicians"),
)
WORKFORCE_HEADCOUNT = (
    ("pcn_pharmacists_headcount", "Pharmacists"),
    ("pcn_advanced_pharmacists_headcount", "Advanced pharmacists"),
    ("pcn_pharmacy_technicians_headcount", "Pharmacy technicians"),
    ("pcn_trainee_technicians_headcount", "Trainee technicians"),
)
WORKFORCE_RATE = "pcn_pharmacists_fte_per_100k"

# The columns of the network table on a board's page.
NETWORK_COLUMNS = (
    (NEW_PRESCRIBERS, "New prescribers"),
    ("pcn_pharmacists_fte", "Pharmacists, FTE"),
    ("pcn_pharmacy_technicians_fte", "Technicians, FTE"),
    (WORKFORCE_RATE, "Pharmacists per 100,000 patients"),
)
SECTORS_CHARTED = ("community_pharmacy", "general_practice", "pcn", "hospital")
