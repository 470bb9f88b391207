"""What a Trainer is told, with a real one: order of predictions, checkpoints, hardware."""

import pytest
import torch
from datasets import Dataset
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

from kit.training import options


@pytest.fixture
def trainer(tokenizer, texts, labels, new_model, tmp_path):
    rows = tokenizer(texts)["input_ids"]
    data = Dataset.from_dict({"input_ids": rows, "labels": labels})
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "run"),
        per_device_eval_batch_size=2,
        per_device_train_batch_size=2,
        num_train_epochs=2,
        save_strategy="epoch",
        report_to=[],
        disable_tqdm=True,
        **options.grouped_by_length(),
        **options.hardware(),
    )
    return Trainer(
        new_model(), arguments, data_collator=DataCollatorWithPadding(tokenizer), train_dataset=data
    )


def test_predictions_come_in_the_order_of_the_data_set(trainer, labels):
    data = trainer.train_dataset
    model = trainer.model.eval()
    with torch.inference_mode():  # one text after the other: nothing can change places
        wanted = torch.cat([model(input_ids=torch.tensor([row])).logits for row in data["input_ids"]])
    found = options.evaluated_in_order(trainer).predict(data)
    assert found.label_ids.tolist() == labels
    assert torch.allclose(torch.tensor(found.predictions), wanted, atol=1e-5)


def test_an_unfinished_checkpoint_is_passed_over(trainer, tmp_path):
    folder = tmp_path / "run"
    assert options.last_checkpoint(folder) is None
    trainer.train()
    newest = str(folder / "checkpoint-6")
    assert options.last_checkpoint(folder) == newest
    state = folder / "checkpoint-6" / "trainer_state.json"
    state.write_bytes(state.read_bytes()[:-5])  # killed while it wrote
    assert options.last_checkpoint(folder) == str(folder / "checkpoint-3")
    state.unlink()  # killed before
    assert options.last_checkpoint(folder) == str(folder / "checkpoint-3")


def test_a_processor_never_tries_what_only_a_gpu_has(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert options.hardware() == {"use_cpu": True, "dataloader_pin_memory": False}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert options.hardware() == {"bf16": True}


def test_the_same_run_has_the_same_folder_and_another_one_has_not(tmp_path):
    first = options.run_folder(tmp_path, {"input_ids": [[1]]}, 3)
    assert options.run_folder(tmp_path, {"input_ids": [[1]]}, 3) == first
    assert options.run_folder(tmp_path, {"input_ids": [[2]]}, 3) != first
    assert options.run_folder(tmp_path, {"input_ids": [[1]]}, 4) != first
