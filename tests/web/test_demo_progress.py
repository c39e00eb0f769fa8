"""The demo's console writes scores as the site does."""

from evaluator.metrics.catalogue import metric_info
from evaluator.presentation import number
from stylearena.demo.progress import _value
from stylearena.judging.models import Score


def test_a_score_has_as_many_significant_digits_as_on_the_site() -> None:
    metric = metric_info("total_loss")
    value = 1234567.891

    shown = _value(Score(value=value), metric)

    assert shown == number(value, metric.digits)
    assert "." not in shown


def test_an_absent_score_is_a_dash() -> None:
    assert _value(None, metric_info("total_loss")) == "–"
