"""Data for labs that need only a few quick examples."""

import json
from pathlib import Path

import pytest

COLOURS = "red green blue white black brown grey pink gold teal lilac beige".split()  # noqa: SIM905


@pytest.fixture
def training_file(tmp_path: Path) -> Path:
    """Twelve short examples: enough for the service, quick to train on."""
    path = tmp_path / "training.jsonl"
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"Say {colour}."},
                {"role": "assistant", "content": f"It is {colour}.\nBye."},
            ]
        }
        for colour in COLOURS
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
