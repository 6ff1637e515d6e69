"""Times, attrition and retention: the units come from SQL, the estimates from evaluation/."""


def model(dbt, session):
    dbt.config(materialized="table")
    from evaluation.estimates import time_figures, typed_projection

    meta = dbt.config.get("meta")
    units = dbt.ref("int_estimate_unit").df()
    return session.from_df(time_figures(units, meta["metrics"])).project(typed_projection())
