"""Which function answers for which metric; every metric of the registry must be here."""

from __future__ import annotations

from metric_oracle import learners, money_and_places, workforce
from metric_oracle.compare import Oracle

FIGURES: dict[str, Oracle] = {
    "new_independent_prescribers": learners.new_prescribers,
    "new_independent_prescribers_per_10k": workforce.prescribers_per_list,
    "places_filled": money_and_places.places_filled,
    "funnel_conversion": learners.funnel,
    "completion_18_months": learners.completion,
    "pcn_coverage": workforce.coverage,
    "supervisors_trained": learners.supervisors,
    "technicians_accredited": learners.technicians,
    "courses_accredited": money_and_places.courses,
    "clinical_examination_trained": learners.clinical,
    "clinical_examination_module_passes": learners.modules,
    "portfolios_recognised": learners.portfolios,
    "portfolio_days_to_decide": learners.portfolio_days,
    "spend_against_ceiling": money_and_places.spend,
    "pcn_pharmacists_fte_per_100k": workforce.fte_per_list,
    **{
        f"{stem}_{measure}": workforce.workforce
        for stem in workforce.ROLES
        for measure in ("fte", "headcount")
    },
}

BREAKDOWNS: dict[str, Oracle] = {
    "funnel_conversion": learners.funnel_stages,
    "supervisors_trained": learners.supervisors_by_kind,
    "clinical_examination_module_passes": learners.modules_by_module,
}
