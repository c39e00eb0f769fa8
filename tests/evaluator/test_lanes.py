"""Lanes: pictures scored side by side, in order, the same numbers; in turn if memory is short."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from evaluator.ahead import in_order
from evaluator.datasets import Dataset
from evaluator.lanes import Lanes
from evaluator.scoring import Scorer, Seen
from evaluator.views import KeptViews, View
from tests.evaluator.test_scoring import QUICK, Pixels, blend, pictures, score
from tests.evaluator.tiny import tiny_dataset


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path / "cache"))
    return tiny_dataset(tmp_path / "tiny", contents=3, styles=3)


def seen(dataset: Dataset, share: float) -> Iterator[Seen]:
    for pair in dataset.pairs:
        content, style = pictures(dataset, pair)
        yield Seen(pair, content, style, blend(share, content, style))


@pytest.mark.usefixtures("two_threads")
def test_many_pairs_are_scored_as_each_alone_bit_for_bit(dataset: Dataset) -> None:
    scorer = Scorer(QUICK)
    expected = [score(scorer, dataset, pair, 0.3) for pair in dataset.pairs]
    found = list(Scorer(QUICK).scored(dataset, seen(dataset, 0.3)))
    assert [each.pair for each, _ in found] == list(dataset.pairs)
    for (_, ours), alone in zip(found, expected, strict=True):
        assert ours.values == alone.values
        for stream, row in alone.features.items():
            assert np.array_equal(ours.features[stream], row)


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.usefixtures("two_threads")
def test_products_of_numpy_have_a_lane_s_share_of_the_threads() -> None:
    with threadpool_limits(2, user_api="blas"):
        assert list(Lanes().run(lambda _: blas_threads(), range(3))) == [{1}] * 3
        assert blas_threads() == {2}


@pytest.mark.usefixtures("two_threads")
def test_pairs_go_on_one_by_one_if_memory_runs_short(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = Scorer(QUICK)
    scorer.prepare(dataset)
    expected = [score(scorer, dataset, pair, 0.3).values for pair in dataset.pairs]
    real, inside, refused, most = scorer._networks.maps, [0], [False], [0]

    def maps(pixels: Pixels, layers: frozenset[str]) -> dict[str, torch.Tensor]:
        inside[0] += 1
        try:
            if refused[0]:
                most[0] = max(most[0], inside[0])
            elif inside[0] > 1:
                refused[0] = True
                raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
            time.sleep(0.05)
            return real(pixels, layers)
        finally:
            inside[0] -= 1

    monkeypatch.setattr(scorer._networks, "maps", maps)
    scorer._kept.clear()
    found = [each.values for _, each in scorer.scored(dataset, seen(dataset, 0.3))]
    assert refused == [True]
    assert most == [1]
    assert found == expected


@pytest.mark.usefixtures("two_threads")
def test_lanes_have_a_thread_each_and_leave_pytorch_s_setting_as_it_was() -> None:
    lanes = Lanes()
    assert (lanes.count, lanes.threads) == (2, 1)
    assert set(lanes.run(lambda _: torch.get_num_threads(), range(6))) == {1}
    assert torch.get_num_threads() == 2
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [2]


def test_one_lane_is_the_caller_s_own_thread() -> None:
    here = threading.get_ident()
    assert set(Lanes(1).run(lambda _: threading.get_ident(), range(3))) == {here}


def test_one_by_one_waits_for_those_that_are_in() -> None:
    lanes, order = Lanes(2), []
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with lanes.entered():
            inside.set()
            leave.wait(5)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(5)
    lanes.one_by_one()
    threading.Timer(0.1, leave.set).start()
    with lanes.entered():
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_a_result_is_handed_over_when_it_is_there_and_not_when_many_are() -> None:
    gaps, last = [], [time.monotonic()]

    def slowly() -> Iterator[int]:
        for number in range(4):
            time.sleep(0.1)
            yield number

    for _ in in_order(lambda number: number, slowly(), threads=2):
        gaps.append(time.monotonic() - last[0])
        last[0] = time.monotonic()
    assert max(gaps) < 0.35  # all four would take 0.4 s


def test_a_view_is_made_once_for_all_that_ask_at_a_time() -> None:
    kept, made = KeptViews(), []

    def make() -> View:
        time.sleep(0.1)
        made.append(View(np.zeros((4, 4, 3), np.uint8)))
        return made[-1]

    found: list[View] = []
    asking = [
        threading.Thread(target=lambda: found.append(kept.get("content", make))) for _ in range(3)
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(made) == 1
    assert all(view is made[0] for view in found)


def test_a_view_that_could_not_be_made_is_made_when_asked_for_again() -> None:
    kept, view = KeptViews(), View(np.zeros((4, 4, 3), np.uint8))

    def refuse() -> View:
        raise MemoryError

    with pytest.raises(MemoryError):
        kept.get("content", refuse)
    assert kept.get("content", lambda: view) is view


def test_the_oldest_views_give_way() -> None:
    views = [View(np.zeros((10, 10, 3), np.uint8)) for _ in range(4)]
    kept = KeptViews(room=700)
    for number, view in enumerate(views):
        kept.get(str(number), lambda view=view: view)  # type: ignore[misc]
    assert [str(number) in kept for number in range(4)] == [False, False, True, True]
