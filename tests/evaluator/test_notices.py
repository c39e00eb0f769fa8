"""What a report says beside its numbers: only where there is something to say."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.datasets import Dataset
from evaluator.notices import notices
from evaluator.protocols import protocol
from evaluator.report import Score
from tests.evaluator.tiny import tiny_dataset

FULL, GUARDED = protocol("standard-full-1"), protocol("compact-guarded-1")
FAR = {"memorisation_distance": Score(value=0.6, n=4)}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


def said(
    dataset: Dataset,
    scores: Mapping[str, Score],
    values: Mapping[str, NDArray[np.float64]] | None = None,
) -> list[str]:
    """Beside the protocol's own notice."""
    made = FULL if values else GUARDED
    found = list(notices(dataset, made, scores, values or {}))
    return [sentence for sentence in found if sentence != made.notice]


def test_nothing_is_said_of_an_honest_entry(dataset: Dataset) -> None:
    assert said(dataset, FAR, {"style_copy": np.array([0, 0.008, 0, 0])}) == []
    assert said(dataset, FAR | {"guard_gap": Score(value=-0.3, low=-0.4, high=0.1, n=4)}) == []


def test_style_pictures_handed_in_are_counted(dataset: Dataset) -> None:
    (sentence,) = said(dataset, {}, {"style_loss": np.array([3.0, 0.0, 1e-9, 0.0])})
    assert sentence == "2 of 4 outputs are their style picture itself (style loss 0)."


def test_cut_out_patches_are_counted_and_no_pair_is_named(dataset: Dataset) -> None:
    """Boards show notices where pairs are held out."""
    (sentence,) = said(dataset, {}, {"style_copy": np.array([0.0, 0.09, 0.02, 0.0])})
    assert sentence.startswith("2 of 4 outputs hold patches")
    assert not any(pair.id in sentence or pair.content in sentence for pair in dataset.pairs)


@pytest.mark.parametrize("value", [0.0, 0.099])
def test_copies_of_references_are_told(dataset: Dataset, value: float) -> None:
    (sentence,) = said(dataset, {"memorisation_distance": Score(value=value, n=4)})
    assert "whether they are copies" in sentence


def test_the_guard_speaks_from_its_whole_interval_above_0_on(dataset: Dataset) -> None:
    unsure = Score(value=0.2, low=-0.1, high=0.5, n=4)
    assert said(dataset, {"guard_gap": unsure}) == []
    (sentence,) = said(dataset, {"guard_gap": unsure.model_copy(update={"low": 0.05})})
    assert "may suit FID's network alone" in sentence


def test_few_references_are_told_of_each_frechet_distance(dataset: Dataset) -> None:
    """Not of what is made of them, nor of what asks for references itself."""
    scores = {name: Score(value=1, n=4) for name in ("fid", "fid_share", "lpips_fid")}
    (sentence,) = said(dataset, scores)
    assert sentence.startswith("FID, FID left: the reference set has only")
    assert "their values compare" in sentence


def test_the_protocol_speaks_first_then_the_run(dataset: Dataset) -> None:
    found = list(notices(dataset, GUARDED, {}, {}, of_run=["", "resumed"]))
    assert found == [GUARDED.notice, "resumed"]
