"""What a notebook, and Python's prompt, show of a report."""

from pathlib import Path

from evaluator.presentation import rows
from tests.evaluator.tiny import report_of, tiny_dataset


def test_a_notebook_shows_every_score_and_escapes_names(tmp_path: Path) -> None:
    report = report_of(tiny_dataset(tmp_path / "tiny"), name="<script>alert(1)</script>")
    shown = report._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert all(row.value in shown and row.metric.title in shown for row in rows(report))
    assert "is refused: 4 pairs are too few" in shown


def test_the_prompt_shows_the_scores_and_little_else(tmp_path: Path) -> None:
    report = report_of(tiny_dataset(tmp_path / "tiny"), name="Mine\x1b[2J")
    shown = repr(report)
    assert shown == str(report)
    assert "\x1b" not in shown
    assert "4 pairs of tiny 1, protocol untrained-1" in shown
    assert all(f"{row.value}  {row.interval}" in shown for row in rows(report))
    assert "fid           refused" in shown
    assert len(shown) < 1000
