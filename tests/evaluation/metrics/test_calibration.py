"""Calibration by hand arithmetic."""

import pytest

from kit.errors import UsageError
from kit.evaluation.metrics import calibration, wilson


def test_hand_arithmetic():
    # bin (0.5, 0.75]: 0.6 and 0.7, one right; bin (0.75, 1]: 0.8, 0.9 and 1.0, all right
    found = calibration([0.6, 0.7, 0.8, 0.9, 1.0], [True, False, True, True, True], bins=4)
    assert [(each.low, each.high, each.n) for each in found.bins] == [(0.5, 0.75, 2), (0.75, 1, 3)]
    assert [each.confidence for each in found.bins] == pytest.approx([0.65, 0.9])
    assert [each.accuracy for each in found.bins] == [0.5, 1]
    assert found.error == pytest.approx((2 * 0.15 + 3 * 0.1) / 5, abs=1e-9)
    assert found.bins[0].interval == wilson(1, 2)


def test_ends_belong_to_the_lower_bin_and_nought_to_the_first():
    assert [each.low for each in calibration([0.0, 0.5, 1.0], [True] * 3, bins=2).bins] == [0, 0.5]


@pytest.mark.parametrize("confidences", [[1.2], [-0.3], [float("nan")]])
def test_what_is_no_probability(confidences):
    with pytest.raises(UsageError, match=r"Confidence 1, .* is not between"):
        calibration(confidences, [True])


def test_no_bins():
    with pytest.raises(UsageError, match="at least one bin"):
        calibration([0.5], [True], bins=0)
