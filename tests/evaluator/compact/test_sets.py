"""Sets of training pictures, of one method each, and pictures kept for checks."""

import numpy as np

from evaluator.compact.heldout import STRENGTHS
from evaluator.compact.sets import SET, make_sets
from evaluator.compact.sources import Sources, distinct, parted

PLAIN = [np.full((300, 300, 3), tone, np.uint8) for tone in range(0, 240, 20)]


def test_every_sixth_picture_is_kept_for_checks() -> None:
    learned, checked = parted(Sources(tuple(PLAIN), (*PLAIN[:7] * 2, *PLAIN[7:])))
    assert len(learned.contents) == 10
    assert len(checked.contents) == 2
    assert {x[0, 0, 0] for x in checked.styles} == {0, 120}
    assert not {id(x) for x in learned.styles} & {id(x) for x in checked.styles}
    assert len(distinct(learned.styles)) == 10


def test_a_set_is_of_one_method_at_one_strength() -> None:
    sources = Sources((PLAIN[0],), (PLAIN[5],) * 3)
    sets = make_sets(sources, [lambda _c, style: style], seed=1, tell=lambda *_: None)
    tones = {int(each[0, 0, 0, 0]) for each in sets}
    assert all(each.min() == each.max() for each in sets)
    assert tones == {round(100 * strength) for strength in STRENGTHS}
    assert sets.shape[1] == SET
