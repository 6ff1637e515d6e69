"""What can happen in a random history: learners, posts, mergers, silent networks, late and corrected returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from hypothesis import strategies as st

START = date(2022, 4, 1)
END = date(2024, 12, 31)
MONTHS = 32  # of the deployment return, from START on
NETWORKS = 6
MERGERS = {1: 0, 5: 4}  # a network that may merge, and its neighbour
RETURNS = 10  # quarters a provider returns for
SUPERVISORS = 6
RETURN_LATEST = 84

SECTORS = ("community_pharmacy", "general_practice", "pcn", "unknown")
FATES = {
    "independent_prescribing": (
        "passed",
        "active",
        "withdrawn",
        "deferred",
        "deferred_and_back",
        "referred_then_passed",
        "failed_then_passed",
        "failed",
        "refused_no_room",
        "refused_not_eligible",
        "never_answered",
    ),
    "technician_accreditation": ("passed", "active", "withdrawn", "deferred_and_back", "failed_then_passed"),
    "clinical_examination": ("passed", "failed", "failed_then_passed", "active"),
}
STATED = ("network", "practice", "both", "neither")


@dataclass(frozen=True)
class Learner:
    """One person on one course."""

    strand: str
    entered: int  # days after START
    gaps: tuple[int, ...]  # days between one event and the next
    fate: str
    network: int
    stated: str  # what the provider says of the workplace
    sector: str
    provider: int
    supervisor: int | None
    returns_late: int  # of everything after the start
    annotated_after: int | None  # days after passing


@dataclass(frozen=True)
class Post:
    """A spell in a network."""

    person: int
    network: int
    first: int  # months after START
    months: int
    tenths: int  # FTE
    is_advanced: bool


@dataclass(frozen=True)
class Activity:
    """Months in which somebody prescribes, at a practice or at pharmacy premises of a network."""

    person: int
    network: int
    first: int
    months: int
    at_premises: bool


@dataclass(frozen=True)
class Annotation:
    """A prescriber by another route, or what became of an annotation."""

    person: int
    day: int  # days after START (before it, if negative)
    removed_after: int | None
    restored_after: int | None


@dataclass(frozen=True, repr=False)
class History:
    """Everything that happened."""

    learners: tuple[Learner, ...]
    posts: tuple[Post, ...]
    self_funded: tuple[Annotation, ...]
    activity: tuple[Activity, ...]
    mergers: dict[int, int]  # network -> month, after START, from which it is part of its neighbour
    silent: frozenset[tuple[int, int]]  # network and month without a return
    stops: dict[int, int]  # network -> month from which it never reports again
    lateness: tuple[int, ...]  # days, by return
    corrected: frozenset[int]  # returns first sent wrong, by number

    @property
    def people(self) -> int:
        """Learners first, then the self-funded, then supervisors."""
        return len(self.learners) + len(self.self_funded) + SUPERVISORS

    def unmerged(self) -> History:
        """The same with every network on its own to the end."""
        return replace(self, mergers={})


@st.composite
def _learners(draw: st.DrawFn) -> Learner:
    strand = draw(st.sampled_from([*FATES, "independent_prescribing", "independent_prescribing"]))
    return Learner(
        strand=strand,
        entered=draw(st.integers(0, 850)),
        gaps=tuple(draw(st.lists(st.integers(5, 120), min_size=6, max_size=6))),
        fate=draw(st.sampled_from(FATES[strand])),
        network=draw(st.integers(0, NETWORKS - 1)),
        stated=draw(st.sampled_from(STATED)),
        sector=draw(st.sampled_from(SECTORS)),
        provider=draw(st.integers(0, 1)),
        supervisor=draw(st.none() | st.integers(0, SUPERVISORS - 1)),
        returns_late=draw(st.integers(0, 2)),
        annotated_after=draw(st.none() | st.integers(0, 120)),
    )


@st.composite
def _annotations(draw: st.DrawFn) -> Annotation:
    return Annotation(
        person=0,
        day=draw(st.integers(-400, 700)),
        removed_after=draw(st.none() | st.none() | st.integers(30, 400)),
        restored_after=draw(st.none() | st.integers(30, 200)),
    )


@st.composite
def histories(
    draw: st.DrawFn, *, learners: int = 80, posts: int = 70, self_funded: int = 14, activity: int = 25
) -> History:
    """A history with as many learners, posts, self-funded prescribers and spells of prescribing."""
    people = learners + self_funded
    month = st.integers(0, MONTHS - 1)
    network = st.integers(0, NETWORKS - 1)
    post = st.builds(
        Post,
        person=st.integers(0, people - 1),
        network=network,
        first=month,
        months=st.integers(1, 30),
        tenths=st.sampled_from([1, 2, 5, 10]),
        is_advanced=st.booleans(),
    )
    active = st.builds(
        Activity,
        person=st.integers(0, people - 1),
        network=network,
        first=month,
        months=st.integers(1, 12),
        at_premises=st.booleans(),
    )
    return History(
        learners=tuple(draw(st.lists(_learners(), min_size=learners, max_size=learners))),
        posts=tuple(draw(st.lists(post, min_size=posts, max_size=posts))),
        self_funded=tuple(
            replace(one, person=learners + place)
            for place, one in enumerate(
                draw(st.lists(_annotations(), min_size=self_funded, max_size=self_funded))
            )
        ),
        activity=tuple(draw(st.lists(active, min_size=activity, max_size=activity))),
        mergers={one: draw(st.integers(6, 28)) for one in MERGERS if draw(st.booleans())},
        silent=draw(st.frozensets(st.tuples(network, month), max_size=12)),
        stops=draw(st.dictionaries(network, st.integers(10, MONTHS - 1), max_size=1)),
        lateness=tuple(draw(st.lists(st.integers(28, RETURN_LATEST), min_size=RETURNS, max_size=RETURNS))),
        corrected=draw(st.frozensets(st.integers(0, RETURNS - 3), max_size=3)),
    )
