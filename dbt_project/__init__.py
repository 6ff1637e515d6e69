"""The dbt project: SQL models, feed contracts and the metric registry, with one typed reader for the last two."""
