"""Times, attrition and retention: the units come from SQL, the estimates from evaluation/."""


def model(dbt, session):
    dbt.config(materialized="table")
    from evaluation.estimates import FIGURE_COLUMNS, time_figures

    meta = dbt.config.get("meta")
    units = dbt.ref("int_estimate_unit").df()
    figures = session.from_df(time_figures(units, meta["metrics"]))
    numbers = FIGURE_COLUMNS[FIGURE_COLUMNS.index("numerator") :]
    texts = [name for name in FIGURE_COLUMNS if name not in numbers and name != "period_start"]
    return figures.project(
        ", ".join(
            [
                *(f"cast({name} as varchar) as {name}" for name in texts),
                "cast(period_start as date) as period_start",
                *(f"nullif(cast({name} as double), 'nan'::double) as {name}" for name in numbers),
            ]
        )
    )
