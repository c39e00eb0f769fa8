"""The page of agreement: complete, in the code's words, and within what the tests hold it to."""

import pytest

from tests.agreement.page import PAGE, measured_of, rendered, versions_of
from tests.agreement.rows import LIMIT, ROWS

PEERS = {
    "clean-fid",
    "lpips",
    "plain float64 computation",
    "prdc",
    "pytorch-fid",
    "scikit-image",
    "torch-fidelity",
    "torchmetrics",
}
LESS_EXACT = {
    "lpips_squeeze.published",  # printed to four digits
    "kid.torchmetrics",  # summed in float32
}


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


def test_the_page_says_what_the_comparisons_are(page: str) -> None:
    again = rendered(measured_of(page), versions_of(page))
    assert page == again, "run `python -m tests.agreement`"


def test_every_difference_is_within_what_its_test_holds_it_to(page: str) -> None:
    measured = measured_of(page)
    for name, row in ROWS.items():
        assert row.tolerance is None or 0 <= measured[name] <= row.tolerance, name


def test_every_peer_is_compared_with_and_held_to_agreement() -> None:
    held = {row.peer for row in ROWS.values() if row.tolerance is not None}
    assert held >= PEERS
    for name, row in ROWS.items():
        assert row.tolerance is None or row.tolerance <= LIMIT or name in LESS_EXACT


def test_a_difference_that_is_not_held_to_anything_is_explained() -> None:
    assert all(row.note for row in ROWS.values() if row.tolerance is None)


def test_a_comparison_that_was_not_measured_makes_no_page() -> None:
    with pytest.raises(KeyError):
        rendered({}, {})
