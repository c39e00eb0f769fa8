"""The pages of the metrics: complete, and in the documentation as they are in the code."""

import pytest

from evaluator.errors import ParticipantError
from evaluator.metrics.catalogue import METRICS
from evaluator.metrics.facts import FACTS
from evaluator.metrics.pages import ROOT, markdown_pages, metric_page

DOCUMENTATION = ROOT / "docs" / "metrics"


def test_every_metric_of_the_catalogue_has_its_facts_and_none_is_left_over() -> None:
    assert FACTS.keys() == METRICS.keys()


@pytest.mark.parametrize("name", METRICS)
def test_a_page_has_definition_reference_range_direction_and_pitfalls(name: str) -> None:
    page = metric_page(name)
    assert len(page.definition) > 80, "its module says too little"
    assert page.facts.reference
    assert page.facts.pitfalls
    text = page.to_markdown()
    assert f"| Range | {page.facts.range} |" in text
    assert f"| Better | {'lower' if page.info.lower_is_better else 'higher'} |" in text


def test_the_documentation_is_what_the_code_says() -> None:
    expected = markdown_pages()
    found = {path.name: path.read_text("utf-8") for path in DOCUMENTATION.glob("*.md")}
    assert found == expected, "run `stylearena metrics --write evaluator/docs/metrics`"


def test_the_index_links_to_every_page() -> None:
    index = markdown_pages()["README.md"]
    assert all(f"({name}.md)" in index for name in METRICS)


def test_an_unknown_metric_has_no_page() -> None:
    with pytest.raises(ParticipantError) as caught:
        metric_page("beauty")
    assert caught.value.code == "metric.unknown"
