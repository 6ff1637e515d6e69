"""Random histories of a small programme: drawn by Hypothesis, told as a truth, landed as files.

`drawn` says what can happen, `tables` tells it as the clean tables the oracle reads, `landed` writes what providers,
the register and the networks would have sent, each on its day.
"""
