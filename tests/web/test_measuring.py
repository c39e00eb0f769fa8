"""Whether a protocol can rank a dataset is asked before a phase opens: of pairs and references."""

from pathlib import Path

import pytest

from evaluator.datasets import load_dataset
from evaluator.errors import OrganiserError
from stylearena.competitions.datasets import register_dataset
from stylearena.competitions.services import require_measurable
from tests.web.factories import write_dataset


@pytest.mark.parametrize(
    ("metric", "pairs", "references", "code"),
    [
        ("kid", 49, 50, "phase.too_few_pairs"),
        ("kid", 50, 49, "phase.too_few_references"),
        ("coverage", 64, 63, "phase.too_few_references"),
        ("no_metric", 64, 64, "phase.metric"),
    ],
)
def test_what_would_be_refused_of_every_entry_is_refused_before(
    metric: str, pairs: int, references: int, code: str
) -> None:
    with pytest.raises(OrganiserError) as caught:
        require_measurable("compact-1", metric, pairs=pairs, references=references)
    assert caught.value.code == code


@pytest.mark.parametrize(("metric", "references"), [("kid", 50), ("kid", None), ("fid", 8)])
def test_enough_is_enough(metric: str, references: int | None) -> None:
    """Of a dataset that was registered before references were counted nobody knows better."""
    found = require_measurable("compact-1", metric, pairs=96, references=references)
    assert found.name == "compact-1"


def test_registering_a_dataset_counts_its_references(db: None, tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "tiny", styles=3)
    found = register_dataset(load_dataset(folder), folder, is_public=True)
    assert found.reference_pictures == 3
