"""A training that is killed goes on from its last checkpoint and ends where an undisturbed one ends."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, os, pathlib, signal, sys
from datasets import Dataset
from transformers import (DataCollatorWithPadding, GPT2Config, GPT2ForSequenceClassification, Trainer,
                          TrainerCallback, TrainingArguments, set_seed)
from kit.training import options
from kit.training.tokenizer import smaller_tokenizer

folder, deadly = pathlib.Path(sys.argv[1]), int(sys.argv[2])
texts = [f"number {n} is {'even' if n % 2 == 0 else 'odd'}, they say" for n in range(96)]
tokenizer = smaller_tokenizer(texts, 400)
data = Dataset.from_dict({"input_ids": tokenizer(texts)["input_ids"], "labels": [n % 2 for n in range(96)]})

class Deadly(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

set_seed(105)
end = tokenizer.pad_token_id
config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=32,
                    pad_token_id=end, bos_token_id=end, eos_token_id=end)
arguments = TrainingArguments(output_dir=str(folder), num_train_epochs=4, learning_rate=0.01, seed=105,
                              per_device_train_batch_size=8, save_strategy="epoch", report_to=[],
                              disable_tqdm=True, **options.grouped_by_length(), **options.hardware())
trainer = Trainer(GPT2ForSequenceClassification(config), arguments, train_dataset=data, eval_dataset=data,
                  data_collator=DataCollatorWithPadding(tokenizer), callbacks=[Deadly()])
begun = options.last_checkpoint(folder)
trainer.train(resume_from_checkpoint=begun)
loss = trainer.evaluate()["eval_loss"]
found = {"begun": begun, "loss": loss, "steps": trainer.state.global_step}
(folder / "done.json").write_text(json.dumps(found))
"""


def train(folder: Path, deadly: int = 0) -> int:
    command = [sys.executable, "-c", SCRIPT, str(folder), str(deadly)]
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.slow
def test_a_killed_training_ends_with_the_metrics_of_an_undisturbed_one(tmp_path):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    assert train(undisturbed) == 0
    step = random.Random(105).randrange(13, 48)  # 12 steps an epoch, 48 in all
    assert train(killed, step) == -9
    assert not (killed / "done.json").exists()
    assert train(killed) == 0
    wanted, found = (json.loads((each / "done.json").read_text()) for each in (undisturbed, killed))
    assert found["begun"] == str(killed / f"checkpoint-{step // 12 * 12}")
    assert found["steps"] == wanted["steps"] == 48
    assert found["loss"] == pytest.approx(wanted["loss"], abs=0.05)
