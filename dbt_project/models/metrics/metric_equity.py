"""Gaps between places and between groups of people: the counts come from SQL, the estimates from evaluation/."""


def model(dbt, session):
    dbt.config(materialized="table")
    from evaluation.estimates import typed_projection
    from evaluation.gaps import Facts, gap_figures

    facts = Facts(
        prescribers=dbt.ref("metric_prescribers").df(),
        learners=dbt.ref("metric_learners").filter("dimension is null").df(),
        networks=dbt.ref("int_pcn_attribute").df(),
        starters=dbt.ref("int_starter_period").df(),
        register=dbt.ref("int_register_group").df(),
    )
    meta = dbt.config.get("meta")
    return session.from_df(gap_figures(facts, meta["metrics"])).project(typed_projection())
