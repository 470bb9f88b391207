"""Hand arithmetic with the prices of kit/azure/models.toml, and the example of Microsoft's cost article."""

import dataclasses

import pytest

from kit import tokens
from kit.azure import costs, models
from kit.azure.model_rows import Pricing
from kit.errors import UsageError


def test_training_is_tokens_times_epochs_times_price():
    result = costs.estimate(500_000, 3, models.find("gpt-oss-20b"), "GlobalStandard")
    assert result.billed_tokens == 1_500_000
    assert result.training == pytest.approx(5.40)  # 1.5 million × 3.60 dollars
    assert result.hosting_per_hour == 0.30


def test_the_example_of_the_documentation():
    # fine-tuning-cost-management, as of 2026-03-19: 1 million tokens, 2 epochs, 2 dollars per million:
    # 4 dollars; one month of hosting at 1.70 with 20 million tokens in at 1.10 and 40 out at 4.40: 1422.
    prices = Pricing({"GlobalStandard": 2.0}, hosting={"GlobalStandard": 1.7}, input=1.1, output=4.4)
    model = dataclasses.replace(models.find("gpt-4.1"), pricing=prices)
    result = costs.estimate(1_000_000, 2, model, "GlobalStandard")
    assert result.training == pytest.approx(4)
    inference = tokens.cost(20_000_000, 40_000_000, read_price=prices.input, write_price=prices.output)
    assert 30 * 24 * result.hosting_per_hour + inference == pytest.approx(1422)


def test_training_types_have_their_own_prices():
    model = models.find("gpt-4.1-nano")
    assert costs.estimate(10**6, 1, model, "developerTier").training == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("name", "training_type"), [("Qwen3-32B", "GlobalStandard"), ("o4-mini", "GlobalStandard")]
)
def test_an_unknown_price_is_said_and_not_guessed(name, training_type):
    """Of the second the price is by the hour, not by tokens."""
    assert costs.estimate(1000, 1, models.find(name), training_type).training is None


@pytest.mark.parametrize(
    "arguments",
    [
        (1000, 0, models.find("gpt-oss-20b"), "GlobalStandard"),
        (-1, 1, models.find("gpt-oss-20b"), "GlobalStandard"),
        (1000, 1, models.find("gpt-oss-20b"), "Standard"),
    ],
)
def test_senseless_amounts_are_refused(arguments):
    with pytest.raises(UsageError):
        costs.estimate(*arguments)
