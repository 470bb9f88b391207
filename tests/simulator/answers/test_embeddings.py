"""Embeddings: forms, lengths, tokens, refusals."""

import base64
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
import tiktoken
from openai import AzureOpenAI, OpenAI

from kit.simulator import Simulator
from kit.tokens import encoding

SMALL = "text-embedding-3-small"


def test_vectors_have_length_one_and_say_what_is_alike(client: OpenAI):
    texts = ["Where is my parcel?", "My parcel has not arrived, where is it?", "The cat sleeps on the sofa."]
    answer = client.embeddings.create(model=SMALL, input=texts)
    vectors = np.array([each.embedding for each in answer.data])
    assert vectors.shape == (3, 1536)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1
    assert [each.index for each in answer.data] == [0, 1, 2]
    assert answer.model == SMALL


def test_both_encodings_say_the_same(http: httpx2.Client):
    def ask(form: str) -> Any:
        body = {"model": SMALL, "input": "lamp", "encoding_format": form, "dimensions": 8}
        return http.post("/openai/v1/embeddings", json=body).json()["data"][0]["embedding"]

    packed = np.frombuffer(base64.b64decode(ask("base64")), dtype="<f4")
    np.testing.assert_array_equal(packed, np.array(ask("float"), dtype=np.float32))


def test_tokens_count_and_may_be_sent_themselves(client: OpenAI):
    tokenizer: tiktoken.Encoding = encoding("cl100k_base")  # of all three embedding models
    tokens = [tokenizer.encode(text) for text in ("Is lamp 3 lit?", "灯亮着吗？")]
    texts = client.embeddings.create(model=SMALL, input=["Is lamp 3 lit?", "灯亮着吗？"])
    same = client.embeddings.create(model=SMALL, input=tokens)
    assert texts.usage.prompt_tokens == same.usage.total_tokens == sum(map(len, tokens))
    assert [each.embedding for each in texts.data] == [each.embedding for each in same.data]
    one = client.embeddings.create(model=SMALL, input=tokens[0])
    assert one.data[0].embedding == texts.data[0].embedding


def test_fewer_dimensions_are_the_first_ones(client: OpenAI):
    large = "text-embedding-3-large"
    whole = np.array(client.embeddings.create(model=large, input="a lamp at sea").data[0].embedding)
    few = client.embeddings.create(model=large, input="a lamp at sea", dimensions=256).data[0].embedding
    assert len(whole) == 3072
    np.testing.assert_allclose(few, whole[:256] / np.linalg.norm(whole[:256]), atol=1e-5)


def test_the_legacy_address_names_the_deployment(server: Simulator):
    with AzureOpenAI(azure_endpoint=server.url, api_version="2024-10-21", api_key="any") as client:
        assert len(client.embeddings.create(model=SMALL, input="x", dimensions=4).data[0].embedding) == 4


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": [10**9]}, "input"),
        ({"input": [-1]}, "input"),
        ({"input": 5}, "input"),
        ({"input": [5.5]}, "input[0]"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": "word " * 9000}, "input"),
        ({"dimensions": 0}, "dimensions"),
        ({"dimensions": 1537}, "dimensions"),
        ({"model": "text-embedding-ada-002", "dimensions": 5}, "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_what_does_not_fit_is_named(http: httpx2.Client, options: dict[str, Any], param: str):
    answer = http.post("/openai/v1/embeddings", json={"model": SMALL, "input": "x", **options})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_models_do_what_they_are_for(client: OpenAI):
    hello: Any = [{"role": "user", "content": "Hello"}]
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model=SMALL, messages=hello)
    assert refused.value.code == "OperationNotSupported"
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model="gpt-4o", input="x")
    assert refused.value.code == "OperationNotSupported"
