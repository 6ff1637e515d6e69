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

TIME_CURVE = "median_days_to_qualify"  # the measure whose curve over time is drawn for regions, too

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
SECTOR_PATHS = "sector_pathways"

# Changes of these since the release before are drawn, part by part.
CHANGES_DRAWN = (NEW_PRESCRIBERS, COVERAGE, MONEY, *STRAND_LEAD.values(), "pcn_pharmacists_fte")
DEPRIVATION = "deprivation_gap_rii"
EQUITY_BY_YEAR = (DEPRIVATION, "deprivation_gap_sii", "rural_urban_gap")
EQUITY_BY_GROUP = ("region_gap", "sector_gap", "representation", "completion_gap")
EQUITY = (*EQUITY_BY_YEAR, *EQUITY_BY_GROUP)
UNIT_COSTS = (
    "cost_per_qualified_prescriber",
    "cost_per_deployed_prescriber",
    "cost_per_retained_prescriber",
    "spend_on_withdrawn",
)

PRESCRIBERS_IN_POST = "prescribers_in_post"
# Learners who have no supervisor near them: published for boards, not for networks, whose counts are small.
WITHOUT_SUPERVISOR = "learners_without_local_dpp"
# Counts of people in networks, held against the limits of chance where the release publishes them.
NETWORK_FUNNELS = (PRESCRIBERS_IN_POST, "pcn_pharmacists_headcount")
# The course of these is drawn for every board of a region.
REGION_PANELS = (COVERAGE, WORKFORCE_RATE)
# The columns of the network table on a board's page.
NETWORK_COLUMNS = (
    (NEW_PRESCRIBERS, "New prescribers"),
    (PRESCRIBERS_IN_POST, "Prescribers in post"),
    ("pcn_pharmacists_fte", "Pharmacists, FTE"),
    ("pcn_pharmacy_technicians_fte", "Technicians, FTE"),
    (WORKFORCE_RATE, "Pharmacists per 100,000 patients"),
)
# Pages of the board pack, by how their paths start, and the longest table that is printed in it.
BOARD_PACK = (
    "index.html",
    "strands/",
    "workforce.html",
    "equity.html",
    "value-for-money.html",
    "changes.html",
)
BOARD_PACK_ROWS = 20
SECTORS_CHARTED = ("community_pharmacy", "general_practice", "pcn", "hospital")
