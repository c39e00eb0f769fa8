"""Reports: saved whole, read back exactly, finite, and keyed by their provenance."""

from pathlib import Path

import pytest

from evaluator.errors import ParticipantError
from evaluator.report import Report
from tests.evaluator.reports import report


def test_a_saved_report_is_read_back_whole(tmp_path: Path) -> None:
    original = report(value=0.1 + 0.2, replicates=[1 / 3])
    original.save(tmp_path / "report.json")
    assert Report.load(tmp_path / "report.json") == original
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_report_that_is_none_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"schema_version": 2}')
    with pytest.raises(ParticipantError) as caught:
        Report.load(tmp_path / "x.json")
    assert caught.value.code == "report.invalid"
    with pytest.raises(ParticipantError) as caught:
        Report.load(tmp_path / "nowhere.json")
    assert caught.value.code == "report.unreadable"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_report_holds_finite_scores_only(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        report(value=value)


def test_the_key_of_a_report_is_what_boards_compare() -> None:
    assert report().provenance.key == report(value=2.0).provenance.key
    assert report().provenance.key != report(dataset_digest="other").provenance.key
