"""What a card says of the departures from a paper stands on its own."""

import re
import sys

import pytest

from baselines.card import departures_in
from baselines.registry import TRAINED, trained


@pytest.mark.parametrize("name", TRAINED)
def test_departures_name_no_file_that_a_reader_of_the_card_has_not(name: str) -> None:
    told = departures_in(sys.modules[trained(name).task.__module__].__doc__ or "")
    assert told
    assert "``" not in told
    assert not re.search(r"\((losses|training|networks)[\w/]*\)", told)
    assert "the generator's own" not in told
    assert "--" not in told
    assert not re.search(r"as in (gan|johnson|student|cyclegan)\b", told)
    for other in re.findall(r"those of (\w+)\b(?! \()", told):
        pytest.fail(f"{name} points at {other} without its words")


def test_what_another_method_departs_in_is_told_in_full() -> None:
    whole = departures_in("Departures:\n- those of ``wgan_gp``;\n- no strides (``networks/x``).\n")
    assert whole.startswith("those of wgan_gp (those of gan (z is not noise")
    assert whole.endswith("); no strides.")
    assert "D is the mean of its scores" in whole
    assert "The log's" not in whole
