"""What a ``Trainer`` is told depending on where it runs: hardware, version, earlier attempts."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple


def hardware() -> dict[str, Any]:
    """Return the options of ``TrainingArguments`` that fit this machine.

    A GPU is used, with bfloat16 where it has it; a processor computes in single precision and never tries.
    """
    import torch

    if not torch.cuda.is_available():
        return {"use_cpu": True, "dataloader_pin_memory": False}
    return {"bf16": torch.cuda.is_bf16_supported()}


def grouped_by_length() -> dict[str, Any]:
    """Return the option that puts texts of similar length into one batch; version 5 renamed it."""
    from transformers import TrainingArguments

    if "train_sampling_strategy" in {field.name for field in fields(TrainingArguments)}:
        return {"train_sampling_strategy": "group_by_length"}
    return {"group_by_length": True}


def evaluated_in_order(trainer: Any) -> Any:
    """Return a ``Trainer`` whose predictions come in the order of the data set.

    Where batches are grouped by length, transformers (4.50 to 5.24) groups what it predicts as well and
    returns the predictions in that order. The metrics it computes itself are right, as the labels go along;
    but whoever matches the predictions with the texts gets the wrong ones, without an error.
    """
    from torch.utils.data import SequentialSampler

    trainer._get_eval_sampler = SequentialSampler
    return trainer


def trackers() -> list[str]:
    """Return what training reports to: MLflow where it is installed, which on Databricks it always is."""
    return ["mlflow"] if importlib.util.find_spec("mlflow") else []


def run_folder(parent: Path, *made_from: Any) -> Path:
    """Return a folder for a training run that is the same whenever the run is.

    Args:
        parent: where such folders lie.
        made_from: everything that decides what is learned, such as texts and parameters.
    """
    text = json.dumps(made_from, sort_keys=True, ensure_ascii=False, default=str)
    folder = parent / f"run-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def last_checkpoint(folder: str | Path) -> str | None:
    """Return the newest checkpoint that an earlier attempt has finished writing, if there is one.

    ``Trainer`` writes ``trainer_state.json`` last (``_save_checkpoint`` of transformers 4.50 to 5.24), so a
    process that was killed while it wrote leaves a checkpoint without that file, or with a part of it; such
    a one is passed over.
    """
    found = [path for path in Path(folder).glob("checkpoint-*") if _complete(path)]
    newest = max(found, key=lambda path: int(path.name.split("-")[1]), default=None)
    return str(newest) if newest else None


def _complete(folder: Path) -> bool:
    try:
        return "global_step" in json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


class Padding(NamedTuple):
    """What a way of making batches feeds to the model: positions, and how many of them hold a token."""

    positions: int
    tokens: int

    @property
    def share(self) -> float:
        """Return the share of positions that hold nothing."""
        return 1 - self.tokens / self.positions


def padding(lengths: Iterable[int], batch_size: int, *, to: int = 0) -> Padding:
    """Count what one pass over texts feeds to the model, in the order given.

    Args:
        lengths: tokens of each text.
        batch_size: texts in a batch.
        to: pad every text to this length; 0 pads to the longest of its batch.
    """
    found: Sequence[int] = list(lengths)
    positions = 0
    for start in range(0, len(found), batch_size):
        batch = found[start : start + batch_size]
        positions += len(batch) * (to or max(batch))
    return Padding(positions, sum(found))
