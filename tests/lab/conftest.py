"""A running lab on a simulator of its own, and files to upload."""

import json

import pytest
from openai import OpenAI

from kit import lab
from kit.lab import session


@pytest.fixture
def running(capsys):
    """A started session; what it printed on the way is not part of the test's output."""
    lab.start("fine-tune", {"locale": "en", "backend": "simulator", "seed": 105})
    capsys.readouterr()
    yield session.session()
    session.end()


@pytest.fixture
def client(running):
    with OpenAI(base_url=running.connection.base_url, api_key=running.connection.api_key) as made:
        yield made


@pytest.fixture
def training_file(tmp_path):
    """Twelve short examples: enough for the service, quick to train on."""
    path = tmp_path / "train.jsonl"
    words = "red green blue white black brown grey pink gold teal lilac beige".split()  # noqa: SIM905
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"Say {word}."},
                {"role": "assistant", "content": f"It is {word}."},
            ]
        }
        for word in words
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
