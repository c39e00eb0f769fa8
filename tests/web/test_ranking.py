"""The ranking rules, as properties of any set of candidates."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.metrics.catalogue import MetricInfo, metric_info
from evaluator.presentation import number
from stylearena.leaderboards.ranking import Candidate, best_of_each, in_order_of, rank

DOWN = metric_info("total_loss")
UP = replace(DOWN, lower_is_better=False)
START = datetime(2026, 1, 1, tzinfo=UTC)

# Few distinct values and people, so that ties and several entries a person are the rule.
values = st.one_of(
    st.none(),
    st.sampled_from([0.0, 1.0, 1.00001, 1.5, 2.0, 1e-7, -3.0, math.nan, math.inf, -math.inf]),
    st.floats(-10, 10),
)
metrics = st.sampled_from([DOWN, UP])


@st.composite
def fields(draw: st.DrawFn) -> list[Candidate]:
    rows = draw(st.lists(st.tuples(st.integers(1, 8), values, st.integers(0, 5)), max_size=25))
    return [
        Candidate(i, participant, value, START + timedelta(minutes=minutes))
        for i, (participant, value, minutes) in enumerate(rows)
    ]


def test_equal_scores_share_a_rank_and_leave_a_gap_behind_them() -> None:
    candidates = [Candidate(i, i, value, START) for i, value in enumerate([1.0, 2.0, 2.0, 3.0])]
    assert [standing.rank for standing in rank(candidates, DOWN)] == [1, 2, 2, 4]


def test_scores_that_print_the_same_share_a_rank() -> None:
    candidates = [Candidate(1, 1, 0.123412, START), Candidate(2, 2, 0.123408, START)]
    assert [standing.rank for standing in rank(candidates, DOWN)] == [1, 1]


def test_the_best_entry_stands_for_its_participant() -> None:
    candidates = [Candidate(i, 1, value, START) for i, value in enumerate([3.0, 1.0, 2.0])]
    assert [standing.candidate.evaluation for standing in rank(candidates, DOWN)] == [1]


def test_of_equal_entries_of_one_participant_the_first_stands() -> None:
    later, sooner = Candidate(1, 1, 2.0, START + timedelta(days=1)), Candidate(2, 1, 2.0, START)
    assert best_of_each([later, sooner], DOWN) == [sooner]


def test_a_failed_attempt_never_displaces_a_score() -> None:
    candidates = [Candidate(1, 1, None, START), Candidate(2, 1, 9.0, START)]
    assert [standing.rank for standing in rank(candidates, UP)] == [1]


@given(fields(), metrics)
def test_each_participant_stands_once(field: list[Candidate], metric: MetricInfo) -> None:
    people = [standing.candidate.participant for standing in rank(field, metric)]
    assert sorted(people) == sorted({candidate.participant for candidate in field})


@given(fields(), metrics)
def test_a_rank_is_one_more_than_the_number_of_better_entries(
    field: list[Candidate], metric: MetricInfo
) -> None:
    standings = rank(field, metric)
    scores = [
        float(f"{s.candidate.value:.4g}") * (1 if metric.lower_is_better else -1)
        for s in standings
        if s.rank is not None
    ]
    expected = [1 + sum(other < score for other in scores) for score in scores]
    assert [standing.rank for standing in standings if standing.rank] == expected


@given(fields(), metrics)
def test_who_has_no_finite_score_has_no_rank_and_stands_last(
    field: list[Candidate], metric: MetricInfo
) -> None:
    standings = rank(field, metric)
    unranked = [s.rank is None for s in standings]
    assert unranked == sorted(unranked)
    for standing in standings:
        value = standing.candidate.value
        assert (standing.rank is None) == (value is None or not math.isfinite(value))


@given(fields(), metrics, st.randoms())
def test_the_order_of_the_candidates_does_not_matter(
    field: list[Candidate], metric: MetricInfo, random: Random
) -> None:
    shuffled = list(field)
    random.shuffle(shuffled)
    assert repr(rank(shuffled, metric)) == repr(rank(field, metric))


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_ranks_are_shared_exactly_where_the_published_texts_are_equal(a: float, b: float) -> None:
    ranks = [s.rank for s in rank([Candidate(1, 1, a, START), Candidate(2, 2, b, START)], DOWN)]
    assert (ranks == [1, 1]) == (number(a, DOWN.digits) == number(b, DOWN.digits))


@pytest.mark.parametrize(("descending", "order"), [(False, [2, 3, 1]), (True, [3, 2, 1])])
def test_sorting_by_another_metric_keeps_the_scoreless_last(
    descending: bool, order: list[int]
) -> None:
    standings = rank([Candidate(i, i, float(i), START) for i in (1, 2, 3)], DOWN)
    found = in_order_of(standings, {2: 5.0, 3: 6.0}, DOWN, descending=descending)
    assert [standing.candidate.evaluation for standing in found] == order
