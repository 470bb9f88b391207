"""Hand arithmetic with the prices of kit/azure/models.toml, and the example of Microsoft's cost article."""

import dataclasses

import pytest

from kit.azure import costs, models
from kit.azure.model_rows import Pricing
from kit.errors import UsageError


def test_training_is_tokens_times_epochs_times_price():
    result = costs.estimate(500_000, 3, "gpt-oss-20b")  # 1.5 million × 3.60 dollars
    assert result.billed_tokens == 1_500_000
    assert result.training == pytest.approx(5.40)
    assert result.total == pytest.approx(5.40)


def test_the_example_of_the_documentation():
    # fine-tuning-cost-management, as of 2026-03-19: 1 million tokens, 2 epochs, 2 dollars per million:
    # 4 dollars; one month of hosting at 1.70 with 20 million tokens in at 1.10 and 40 out at 4.40: 1422.
    prices = Pricing({"GlobalStandard": 2.0}, hosting={"GlobalStandard": 1.7}, input=1.1, output=4.4)
    model = dataclasses.replace(models.find("gpt-4.1"), pricing=prices)
    result = costs.estimate(
        1_000_000, 2, model, hosting_hours=30 * 24, input_tokens=20_000_000, output_tokens=40_000_000
    )
    assert result.training == pytest.approx(4)
    assert result.hosting + result.inference == pytest.approx(1422)
    assert result.total == pytest.approx(1426)


def test_training_and_deployment_types_have_their_own_prices():
    assert costs.estimate(10**6, 1, "gpt-4.1-nano", "developerTier").training == pytest.approx(0.75)
    free = costs.estimate(10**6, 1, "gpt-4.1-nano", hosting_hours=24, deployment_type="DeveloperTier")
    assert (free.hosting_per_hour, free.hosting) == (0, 0)


def test_an_unknown_price_is_said_and_not_guessed():
    result = costs.estimate(1000, 1, "Qwen3-32B", hosting_hours=1, input_tokens=5)
    assert result.training is None
    assert result.hosting is None
    assert result.inference is None
    assert result.unknown == ("training", "hosting", "inference")
    assert result.total is None
    assert result.known == 0


def test_what_is_not_used_costs_nothing_whatever_its_price():
    result = costs.estimate(1000, 1, "Qwen3-32B")
    assert result.unknown == ("training",)


def test_reinforcement_is_billed_by_the_hour_and_not_by_tokens():
    assert costs.estimate(1000, 1, "o4-mini").training is None


@pytest.mark.parametrize(
    "arguments",
    [
        (1000, 0, "gpt-oss-20b"),
        (-1, 1, "gpt-oss-20b"),
        (1000, 1, "gpt-oss-20b", "GlobalStandard", -1.0),
        (1000, 1, "gpt-oss-20b", "Standard"),
    ],
)
def test_senseless_amounts_are_refused(arguments):
    with pytest.raises(UsageError):
        costs.estimate(*arguments)
