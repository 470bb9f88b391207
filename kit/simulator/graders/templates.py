"""Templates of graders: ``{{ item.answer }}``, ``{{ sample.output_json.steps[0] }}``.

Source: Microsoft Foundry, "Reinforcement fine-tuning", section "Graders", and OpenAI, "Graders", section
"Templating", 2026.
"""

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any

_PLACE = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_STEP = re.compile(r"\.?([^.\[\]\s]+)|\[(\d{1,9})\]")


class MissingVariableError(Exception):
    """A template names something that is not there."""


class SampleNotJsonError(Exception):
    """A template wants the sample as JSON, and it is none."""


class Names:
    """What templates may name.

    Args:
        sample: what the model has written.
        item: the record that belongs to it.
    """

    def __init__(self, sample: str, item: Any) -> None:
        self._sample: dict[str, Any] = {"output_text": sample}
        self._item = item
        with contextlib.suppress(ValueError, RecursionError):
            self._sample["output_json"] = json.loads(sample)

    def filled_in(self, template: str) -> str:
        """Return a template with its values.

        Raises:
            MissingVariableError: it names something that is not there.
            SampleNotJsonError: it wants the sample as JSON, and it is none.
        """
        return _PLACE.sub(lambda found: _text(self._value(found[1])), template)

    def _value(self, path: str) -> Any:
        steps = [name or int(index) for name, index in _STEP.findall(path)]
        if _STEP.sub("", path) or len(steps) < 2 or steps[0] not in {"item", "sample"}:
            raise MissingVariableError
        if steps[:2] == ["sample", "output_json"] and "output_json" not in self._sample:
            raise SampleNotJsonError
        here: Any = self._sample if steps[0] == "sample" else self._item
        for step in steps[1:]:
            indexed = isinstance(step, int) and isinstance(here, list) and step < len(here)
            if not (indexed or (isinstance(step, str) and isinstance(here, Mapping) and step in here)):
                raise MissingVariableError
            here = here[step]
        return here


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
