"""How people are compared and from which probability a link counts: every weight and threshold of linkage, once.

Where the weights come from: :func:`evaluation.linkage.estimate` on 30,000 records against a register of 85,000
generated people whose names repeat as surnames and forenames do (``tests/identity/planted_people.py``, skewed; u from
1e8 random pairs), rounded. Raised by hand, because the planted slips never do it and life does: m of another forename
(0.0003), of another date of birth (0.004) and of a number that is not even close (0). The weights are fixed rather
than trained at every run: a handful of records trains nothing, and a link must not change because other records came.
On the first real returns, estimate again and compare (:meth:`orchestration.identity.IdentityStore.estimate`).
"""

from __future__ import annotations

from evaluation.linkage import ELSE, Field, Level, Model

CERTAIN = 0.95
"""A link counts from this probability. Planted national data: precision at least 0.9995 in every variant."""

LIKELY = 0.5
"""Above it a pair is handed on as doubtful; no two such pairs exclude one another (evaluation.linkage.one_to_one)."""

REVIEW_FROM = 0.1
"""From this probability a pair that is not certain waits for a reviewer."""

UNCERTAIN_SHARE = 0.02
UNCERTAIN_KEYS = 25
"""From this share and number of doubtful keys among the linked ones, figures are shown with the band they move in."""

_SWAPPED_DAY = (
    "left(date_of_birth_l, 4) = left(date_of_birth_r, 4) "
    "and substr(date_of_birth_l, 6, 2) = right(date_of_birth_r, 2) "
    "and right(date_of_birth_l, 2) = substr(date_of_birth_r, 6, 2)"
)

PEOPLE = Model(
    fields=(
        Field(
            "surname",
            (
                Level("same", "surname_l = surname_r", 0.93, 0.002, by_frequency=True),
                Level("close", "jaro_winkler_similarity(surname_l, surname_r) >= 0.9", 0.035, 0.0003),
                Level(
                    "part",  # one name of a double-barrelled one
                    "least(len(surname_l), len(surname_r)) >= 4 "
                    "and (contains(surname_l, surname_r) or contains(surname_r, surname_l))",
                    0.005,
                    0.00002,
                ),
                Level("different", ELSE, 0.03, 0.9977),
            ),
        ),
        Field(
            "forename",
            (
                Level("same", "forename_l = forename_r", 0.95, 0.004, by_frequency=True),
                Level(
                    "initial",
                    "least(len(forename_l), len(forename_r)) = 1 "
                    "and left(forename_l, 1) = left(forename_r, 1)",
                    0.02,
                    0.0014,
                ),
                Level("close", "jaro_winkler_similarity(forename_l, forename_r) >= 0.88", 0.02, 0.001),
                Level("different", ELSE, 0.01, 0.9936),
            ),
        ),
        Field(
            "date_of_birth",
            (
                Level("same", "date_of_birth_l = date_of_birth_r", 0.98, 0.000073),
                Level(
                    "close",
                    f"damerau_levenshtein(date_of_birth_l, date_of_birth_r) <= 1 or ({_SWAPPED_DAY})",
                    0.01,
                    0.0018,
                ),
                Level("different", ELSE, 0.01, 0.9981),
            ),
        ),
        Field(
            "gphc_number",  # never the same: a record whose number is on the register is not compared
            (
                Level("close", "damerau_levenshtein(gphc_number_l, gphc_number_r) <= 1", 0.95, 0.000046),
                Level("different", ELSE, 0.05, 0.999954),
            ),
        ),
    ),
    blocking=(
        "l.date_of_birth = r.date_of_birth",
        "l.surname = r.surname and left(l.forename, 1) = left(r.forename, 1)",
        "l.forename = r.forename and left(l.date_of_birth, 4) = left(r.date_of_birth, 4)",
        "l.forename = r.forename and left(l.surname, 3) = left(r.surname, 3)",
        "l.forename = r.forename and left(l.gphc_number, 4) = left(r.gphc_number, 4)",
        "l.forename = r.forename and right(l.gphc_number, 4) = right(r.gphc_number, 4)",
    ),
    share_on_register=0.9,
    floor=-10.0,
    imagined_entries=500.0,
    least_entries=20_000,
)

TRAINING = ("l.surname = r.surname and l.forename = r.forename", "l.date_of_birth = r.date_of_birth")
"""Blocking of the sessions that estimate m: each leaves the other's fields free."""
