"""Gaps between places and between groups of people: the counts come from SQL, the estimates from evaluation/."""


def model(dbt, session):
    dbt.config(materialized="table")
    from evaluation.estimates import typed_projection
    from evaluation.gaps import RATE_METRIC, SHARE_METRIC, Facts, gap_figures

    facts = Facts(
        # the rows wanted and no others: a nation's whole theme does not fit as a frame
        prescribers=dbt.ref("metric_prescribers").filter(f"metric_id = '{RATE_METRIC}'").df(),
        learners=dbt.ref("metric_learners")
        .filter(f"metric_id = '{SHARE_METRIC}' and org_level = 'england' and dimension is null")
        .df(),
        networks=dbt.ref("int_pcn_attribute").df(),
        starters=dbt.ref("int_starter_period").df(),
        register=dbt.ref("int_register_group").df(),
    )
    meta = dbt.config.get("meta")
    return session.from_df(gap_figures(facts, meta["metrics"])).project(typed_projection())
