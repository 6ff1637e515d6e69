"""Which function answers for which metric; every metric of the registry must be here."""

from __future__ import annotations

from metric_oracle import (
    costs,
    equity,
    learners,
    money_and_places,
    pathways,
    prescribers,
    progress,
    records,
    retention,
    supervision,
    workforce,
)
from metric_oracle.compare import Oracle

WITHOUT_INPUT = ("revision_size",)  # needs earlier vintages, which a first build has not

FIGURES: dict[str, Oracle] = {
    "new_independent_prescribers": learners.new_prescribers,
    "new_independent_prescribers_per_10k": workforce.prescribers_per_list,
    "new_independent_prescribers_per_100k_weighted": workforce.prescribers_per_weighted_list,
    "new_prescribers_by_route": learners.new_prescribers_by_route,
    "places_filled": money_and_places.places_filled,
    "application_to_offer": progress.offers,
    "unmet_demand": progress.unmet,
    "funnel_conversion": learners.funnel,
    "completion_18_months": learners.completion,
    "attrition": progress.attrition,
    "sector_pathways": pathways.followed,
    "deferral_prevalence": progress.deferral,
    "first_attempt_pass": progress.first_sittings,
    "median_days_to_qualify": progress.days_to_qualify,
    "median_days_qualified_to_annotated": progress.days_to_annotation,
    "median_days_annotated_to_deployed": progress.days_to_deployment,
    "annotated_already_deployed": progress.already_deployed,
    "stuck_after_passing": progress.stuck,
    "retention_12_months_same_pcn": retention.same_network,
    "retention_12_months_primary_care": retention.primary_care,
    "pcn_coverage": workforce.coverage,
    "prescriber_fte_per_10k": prescribers.fte_per_list,
    "prescribers_in_post": prescribers.stock,
    "net_prescriber_gain": prescribers.net_gain,
    "active_prescribing": prescribers.active,
    "premises_with_active_prescriber": prescribers.premises,
    "learners_per_dpp": supervision.learners_per_supervisor,
    "learners_without_local_dpp": supervision.without_local_supervisor,
    "supervisor_activation": supervision.activation,
    "supervisors_trained": learners.supervisors,
    "technicians_accredited": learners.technicians,
    "courses_accredited": money_and_places.courses,
    "clinical_examination_trained": learners.clinical,
    "clinical_examination_module_passes": learners.modules,
    "portfolios_recognised": learners.portfolios,
    "portfolio_days_to_decide": learners.portfolio_days,
    "spend_against_ceiling": money_and_places.spend,
    "cost_per_qualified_prescriber": costs.per_qualified,
    "cost_per_deployed_prescriber": costs.per_deployed,
    "cost_per_retained_prescriber": costs.per_retained,
    "spend_on_withdrawn": costs.on_withdrawn,
    "deprivation_gap_sii": equity.slope_index,
    "deprivation_gap_rii": equity.relative_index,
    "rural_urban_gap": equity.rural_urban,
    "region_gap": equity.region_gap,
    "sector_gap": equity.sector_gap,
    "representation": equity.representation,
    "completion_gap": equity.completion_gap,
    "linkage_rate": records.linkage,
    "return_punctuality": records.punctuality,
    "revision_size": records.no_earlier_vintage,
    "pcn_pharmacists_fte_per_100k": workforce.fte_per_list,
    **{
        f"{stem}_{measure}": workforce.workforce
        for stem in workforce.ROLES
        for measure in ("fte", "headcount")
    },
}

BREAKDOWNS: dict[str, Oracle] = {
    "new_prescribers_by_route": learners.routes,
    "funnel_conversion": learners.funnel_stages,
    "sector_pathways": pathways.from_each_sector,
    "supervisors_trained": learners.supervisors_by_kind,
    "clinical_examination_module_passes": learners.modules_by_module,
    "region_gap": equity.regions,
    "sector_gap": equity.sectors,
    "representation": equity.represented_groups,
    "completion_gap": equity.completion_gaps,
    "linkage_rate": records.linkage_by_provider,
    "return_punctuality": records.punctuality_by_provider,
}
