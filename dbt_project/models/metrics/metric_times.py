"""Times, attrition and retention: the units come from SQL, the estimates from evaluation/."""


def model(dbt, session):
    dbt.config(materialized="table")
    import pandas as pd

    from evaluation.estimates import FIGURE_COLUMNS, time_figures, typed_projection

    meta = dbt.config.get("meta")
    units = dbt.ref("int_estimate_unit")
    parts = [pd.DataFrame(columns=list(FIGURE_COLUMNS))]
    for metric in meta["metrics"]:
        # one metric at a time, and texts as categories: a nation's units would not fit otherwise
        rows = units.filter(f"metric_id = '{metric['id']}'").to_arrow_table()
        frame = rows.to_pandas(strings_to_categorical=True, date_as_object=False)
        parts.append(time_figures(frame, metric))
    figures = pd.concat([part for part in parts if not part.empty] or parts[:1], ignore_index=True)
    return session.from_df(figures).project(typed_projection())
