"""The graders that a client may describe (public document of the v1 data plane, "Graders")."""

from typing import Annotated, Any, Literal

from pydantic import Field

from kit.simulator.validation import Shape

Metric = Literal[
    "fuzzy_match",
    "bleu",
    "gleu",
    "meteor",
    "rouge_1",
    "rouge_2",
    "rouge_3",
    "rouge_4",
    "rouge_5",
    "rouge_l",
]


class StringCheck(Shape):
    """Compares two texts."""

    type: Literal["string_check"]
    name: str
    input: str
    reference: str
    operation: Literal["eq", "ne", "like", "ilike"]


class TextSimilarity(Shape):
    """Measures how similar two texts are."""

    type: Literal["text_similarity"]
    name: str
    input: str
    reference: str
    evaluation_metric: Metric


class _Text(Shape):
    type: Literal["input_text", "output_text"]
    text: str


class _Message(Shape):
    never_null = frozenset({"type"})
    role: Literal["user", "assistant", "system", "developer"]
    content: str | _Text
    type: Literal["message"] = "message"


class ScoreModel(Shape):
    """Lets a model judge."""

    type: Literal["score_model"]
    name: str
    model: str
    input: list[_Message]
    sampling_params: Any = None
    range: list[float] = Field(default_factory=lambda: [0.0, 1.0])


class PythonCode(Shape):
    """Runs a function."""

    type: Literal["python"]
    name: str
    source: str
    image_tag: str = ""


class Multi(Shape):
    """Combines the scores of others by a formula."""

    type: Literal["multi"]
    name: str
    graders: dict[str, Annotated[StringCheck | TextSimilarity | ScoreModel, Field(discriminator="type")]]
    calculate_output: str


Grader = StringCheck | TextSimilarity | ScoreModel | PythonCode | Multi


class ValidateShape(Shape):
    """The request of the validate operation."""

    grader: Annotated[Grader, Field(discriminator="type")]


class RunShape(ValidateShape):
    """The request of the run operation."""

    model_sample: str
    item: Any = None
