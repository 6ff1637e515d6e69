"""The oracle itself, on histories small enough to follow with a finger."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pandas as pd
from metric_oracle import estimators, prescribers, progress, retention
from metric_oracle.world import World, deployed, of, open_world
from random_histories.drawn import END, MONTHS, Annotation, History, Learner, Post
from random_histories.tables import CODES, as_truth, told

from dbt_project.registry import load_metrics

METRICS = load_metrics()
BEFORE = -30  # days before the first month
NOWHERE = Path("/nonexistent")  # the oracle reads no file here


def world_of(
    *learners: Learner,
    posts: tuple[Post, ...] = (),
    prescribers_before: int = 0,
    mergers: dict[int, int] | None = None,
    silent: frozenset[tuple[int, int]] = frozenset(),
    stops: dict[int, int] | None = None,
) -> World:
    """A world of these learners and as many prescribers (persons after them) annotated before it begins."""
    history = History(
        learners=learners or (learner("active"),),
        posts=posts or (post(0, 5, 0, 1),),
        self_funded=tuple(
            Annotation(
                person=max(len(learners), 1) + number, day=BEFORE, removed_after=None, restored_after=None
            )
            for number in range(prescribers_before)
        ),
        activity=(),
        mergers=mergers or {},
        silent=silent,
        stops=stops or {},
        lateness=(28,) * 10,
        corrected=frozenset(),
    )
    return open_world(as_truth(told(history)), pd.Timestamp(END), NOWHERE)


def learner(fate: str, gaps: tuple[int, ...] = (10, 10, 10, 31, 31, 31)) -> Learner:
    return Learner(
        strand="independent_prescribing",
        entered=0,
        gaps=gaps,
        fate=fate,
        network=3,
        stated="network",
        sector="pcn",
        provider=0,
        supervisor=None,
        returns_late=0,
        annotated_after=None,
    )


def post(person: int, network: int, first: int, months: int, tenths: int = 5) -> Post:
    return Post(person=person, network=network, first=first, months=months, tenths=tenths, is_advanced=False)


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def test_five_people_followed_by_hand() -> None:
    """Leaving on days 2, 4 and 4, watched to days 3 and 6: 4/5, then half of the rest gone twice over."""
    curve = estimators.survival([2, 3, 4, 4, 6], [True, False, True, True, False])
    assert curve == [(2, Fraction(4, 5)), (4, Fraction(4, 15))]
    assert estimators.median_of_survival(curve) == 4
    assert estimators.height(curve, 3, Fraction(1)) == 0.8


def test_competing_ways_out_by_hand() -> None:
    """One of four withdraws on day 1, one of the three left passes on day 2, one of the two left withdraws on day 3."""
    curve = estimators.incidence([1, 2, 3, 5], ["withdrawn", "passed", "withdrawn", None], "withdrawn")
    assert curve == [(1, Fraction(1, 4)), (2, Fraction(1, 4)), (3, Fraction(1, 2))]
    assert estimators.median_of_incidence(curve) == 3
    assert pd.isna(estimators.median_of_incidence(curve[:2]))


def test_a_deferral_lasts_until_the_return_and_may_come_again() -> None:
    """Start 1 May, deferred 1 June to 2 July, again 9 July to 2 August, passed on 9 August 2022."""
    world = world_of(learner("deferred_and_back", (10, 10, 10, 31, 31, 31)))
    events = of(world, "independent_prescribing")[["event_type", "day"]].itertuples(index=False)
    assert [(event, f"{when:%d %b}") for event, when in events] == [
        ("applied", "01 Apr"),
        ("offered", "11 Apr"),
        ("enrolled", "21 Apr"),
        ("started", "01 May"),
        ("deferred", "01 Jun"),
        ("resumed", "02 Jul"),
        ("deferred", "09 Jul"),
        ("resumed", "02 Aug"),
        ("passed", "09 Aug"),
    ]
    active = progress.active_learners(world).set_index("day").is_reached
    assert active.to_dict() == {day("2022-05-01"): False, day("2022-06-01"): True, day("2022-07-01"): True}


def test_a_failure_ends_it_only_when_nothing_follows() -> None:
    once, again = (progress.endings(world_of(learner(fate))) for fate in ("failed", "failed_then_passed"))
    assert once[["cause", "ended_on"]].to_numpy().tolist() == [["failed", day("2022-06-01")]]
    assert again[["cause", "ended_on"]].to_numpy().tolist() == [["passed", day("2022-07-02")]]


def test_a_network_that_stops_reporting_loses_nobody() -> None:
    """Known in post to the last day of its last return, whatever the post was."""
    world = world_of(posts=(post(1, 2, 0, 20),), prescribers_before=1, stops={2: 6})
    (where,) = deployed(world).itertuples()
    assert (where.pcn_code, where.day) == (CODES[2], day("2022-04-01"))
    posts = retention.Posts(world)
    assert posts.leaves_network(1, CODES[2], where.day) == (day("2022-09-30"), False)
    assert posts.leaves_primary_care(1, CODES[2], where.day) == (day("2022-09-30"), False)


def test_a_silent_month_is_no_leaving_and_a_move_is_no_loss_to_primary_care() -> None:
    """In network 2 to the fifth month (it is silent in the third), then in network 3, then nowhere."""
    world = world_of(
        posts=(post(1, 2, 0, 5), post(1, 3, 6, 4)), prescribers_before=1, silent=frozenset({(2, 2), (2, 5)})
    )
    posts = retention.Posts(world)
    # the first return without the person is that of the seventh month: the sixth is silent
    assert posts.leaves_network(1, CODES[2], day("2022-04-01")) == (day("2022-10-01"), True)
    assert posts.leaves_primary_care(1, CODES[2], day("2022-04-01")) == (day("2023-02-01"), True)


def test_a_merger_is_no_move() -> None:
    """Network 1 is part of network 0 from the eleventh month on: the post goes on to the end of the returns."""
    world = world_of(posts=(post(1, 1, 0, MONTHS),), prescribers_before=1, mergers={1: 10})
    posts = retention.Posts(world)
    last = day("2024-11-30")  # of the last month of the returns
    assert posts.leaves_network(1, CODES[0], day("2022-04-01")) == (last, False)


def test_joiners_less_leavers_by_hand() -> None:
    """Two in post from April; one of them leaves in June, when a third comes; a fourth has too little FTE to count."""
    world = world_of(
        posts=(post(1, 2, 0, 9), post(2, 2, 0, 2), post(3, 2, 2, 9), post(4, 2, 1, 9, tenths=0)),
        prescribers_before=4,
    )
    metrics = [METRICS["prescribers_in_post"], METRICS["net_prescriber_gain"]]
    stock, gain = (
        compute(world, metric).xs(("pcn", CODES[2], "as_was"), level=["org_level", "org_code", "geography"])
        for compute, metric in zip((prescribers.stock, prescribers.net_gain), metrics, strict=True)
    )
    first = [day("2022-04-01"), day("2022-05-01"), day("2022-06-01")]
    assert stock.numerator.groupby("period_start").sum()[first].tolist() == [2, 2, 2]
    assert gain.numerator.groupby("period_start").sum().reindex(first).tolist()[1:] == [0, 0]
    after = stock.numerator.groupby("period_start").sum()
    moves = gain.numerator.groupby("period_start").sum()
    for last, this in zip(after.index[:-1], after.index[1:], strict=True):
        assert after[this] == after[last] + moves.get(this, 0)
