"""Composites of finished values: the guard's gap and (1 + LPIPS)(1 + FID)."""

import numpy as np
import pytest

from evaluator.metrics.guard_gap import FidShareTarget, GuardGapMeasure, fid_share
from evaluator.metrics.lpips_fid import LpipsFidMeasure
from tests.evaluator.metrics.clouds import cloud, towards

REFERENCE, CONTENTS = cloud(1, 60, 12), cloud(2, 50, 12, shift=0.5)


def test_lpips_and_fid_are_one_number() -> None:
    measure = LpipsFidMeasure("squeeze")
    assert measure.parts == ("lpips_squeeze", "fid")
    assert measure.value((0.25, 3.0)) == 5.0
    assert measure.value((0.0, 0.0)) == 1.0


def test_the_contents_themselves_have_all_of_fid_left_and_the_reference_nothing() -> None:
    target = FidShareTarget.of(REFERENCE, CONTENTS)
    assert target.value(CONTENTS) == 1.0
    assert target.value(REFERENCE) == pytest.approx(0, abs=1e-9)


def test_the_share_falls_on_the_way() -> None:
    target = FidShareTarget.of(REFERENCE, CONTENTS)
    found = [target.value(towards(CONTENTS, t, REFERENCE)) for t in (0, 0.25, 0.5, 0.75, 1)]
    assert found == sorted(found, reverse=True)


def test_replicates_are_shares() -> None:
    target = FidShareTarget.of(REFERENCE, CONTENTS)
    assert target.replicates(CONTENTS, np.ones((1, 50)))[0] == pytest.approx(1.0)


def test_contents_that_are_the_reference_leave_no_share() -> None:
    with pytest.raises(ValueError, match="no share"):
        fid_share(1.0, 0.0)


def test_what_only_the_first_network_sees_is_the_gap() -> None:
    assert GuardGapMeasure().value((0.4, 0.9)) == pytest.approx(0.5)
