"""The packaged model, as MLflow runs it: this file is copied into the package and is all it needs.

It imports nothing of the kit, so that the package also runs where the kit is not installed, for instance
behind an endpoint. MLflow takes the signature from the annotations.
"""

from typing import Any

import mlflow.pyfunc
from mlflow.models import set_model


class TextClassifier(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Answers each text with the probability of each label."""

    def load_context(self, context: Any) -> None:
        """Load tokenizer and model from the package."""
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        folder = context.artifacts["model"]
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForSequenceClassification.from_pretrained(folder).eval()

    def predict(self, context: Any, model_input: list[str], params: Any = None) -> list[dict[str, float]]:
        """Return for each text the labels with their probabilities."""
        import torch

        longest = self.model.config.n_positions
        batch = self.tokenizer(
            list(model_input), padding=True, truncation=True, max_length=longest, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = self.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        names = self.model.config.id2label
        return [
            {names[place]: value for place, value in enumerate(row)} for row in logits.softmax(-1).tolist()
        ]


set_model(TextClassifier())
