-- The units of every metric that an estimator of evaluation/ answers, once in each cell they fall into: level, place,
-- strand, sector, period, geography. Outcome: 0 still followed, 1 the event asked for, 2 another that rules it out.
{{ estimate_units() }}
