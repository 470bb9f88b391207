"""The models operations of the data plane."""

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI


def test_base_and_tuned_models_are_listed(client: OpenAI, tuned: Callable[..., Any]):
    base = {model.id: model for model in client.models.list()}
    assert {"gpt-4.1-mini-2025-04-14", "gpt-4o-2024-08-06", "gpt-oss-20b", "o4-mini-2025-04-16"} <= set(base)
    assert base["gpt-4.1-mini-2025-04-14"].created == 1744588800  # 2025-04-14, midnight UTC
    assert not base["o4-mini-2025-04-16"].capabilities["fine_tune"]
    # 2026-10-14: Microsoft Foundry, model retirement schedule
    assert base["gpt-4.1-mini-2025-04-14"].deprecation["inference"] == 1791936000
    job = tuned()
    after = {model.id for model in client.models.list()}
    checkpoints = client.fine_tuning.jobs.checkpoints.list(job.id).data
    assert after - set(base) == {checkpoint.fine_tuned_model_checkpoint for checkpoint in checkpoints}


@pytest.mark.parametrize("name", ["gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"])
def test_a_model_is_found_by_either_name(client: OpenAI, name: str):
    assert client.models.retrieve(name).id == "gpt-4.1-mini-2025-04-14"


def test_what_is_not_there_is_not_found(client: OpenAI):
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")
    with pytest.raises(openai.NotFoundError):
        client.models.delete("gpt-4.1-mini")  # not the client's to delete
