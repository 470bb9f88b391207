"""Running graders: what reward a sample of a model would get in reinforcement fine-tuning.

Graders that compare texts, and multigraders of them, are run. Those that the service runs on a model or in a
sandbox are checked only: the simulator's model is no judge, and code of clients is not run here. METEOR needs
a dictionary of English.
"""

from typing import Any

from kit.simulator.errors import ApiError, invalid_payload
from kit.simulator.graders.formula import BadFormulaError, Formula
from kit.simulator.graders.shapes import Grader, Multi, RunShape, StringCheck, TextSimilarity
from kit.simulator.graders.similarity import similarity
from kit.simulator.graders.templates import MissingVariableError, Names, SampleNotJsonError

_NO_ERRORS: dict[str, bool | str | None] = {
    "formula_parse_error": False,
    "sample_parse_error": False,
    "truncated_observation_error": False,
    "unresponsive_reward_error": False,
    "invalid_variable_error": False,
    "other_error": False,
    "python_grader_server_error": False,
    "python_grader_server_error_type": None,
    "python_grader_runtime_error": False,
    "python_grader_runtime_error_details": None,
    "model_grader_server_error": False,
    "model_grader_refusal_error": False,
    "model_grader_parse_error": False,
    "model_grader_server_error_details": None,
}


def check(grader: Grader) -> None:
    """Refuse a multigrader whose formula is none.

    Raises:
        ApiError: it is not one.
    """
    if isinstance(grader, Multi):
        _formula(grader)


def run(asked: RunShape) -> dict[str, Any]:
    """Return the reward of a sample in the form of the run operation, but for the time it took.

    Raises:
        ApiError: the grader is none that a simulator can run, or its formula is none.
    """
    grader = asked.grader
    check(grader)
    parts = grader.graders if isinstance(grader, Multi) else {"": grader}
    for part in parts.values():
        _check_runnable(part)
    names, errors = Names(asked.model_sample, asked.item), dict(_NO_ERRORS)
    scores = {key: _score(part, names, errors) for key, part in parts.items()}
    reward = scores.get("", 0.0)
    if isinstance(grader, Multi) and not any(errors.values()):
        try:
            reward = _formula(grader).value(scores)
        except (ArithmeticError, ValueError):
            errors["other_error"] = True
    return {
        "reward": reward,
        "metadata": {
            "name": grader.name,
            "type": grader.type,
            "errors": errors,
            "scores": {},
            "token_usage": None,
            "sampled_model_name": None,
        },
        "sub_rewards": scores if isinstance(grader, Multi) else {},
        "model_grader_token_usage_per_model": {},
    }


def _formula(grader: Multi) -> Formula:
    try:
        return Formula(grader.calculate_output, grader.graders)
    except BadFormulaError:
        raise invalid_payload(
            "The grader's calculate_output is not a formula of its graders.", "grader.calculate_output"
        ) from None


def _check_runnable(grader: Grader) -> None:
    what: str = grader.type
    if isinstance(grader, TextSimilarity) and grader.evaluation_metric == "meteor":
        what = "meteor"
    elif isinstance(grader, StringCheck | TextSimilarity):
        return
    raise ApiError(
        400,
        "OperationNotSupported",
        f"The grader cannot be run by a simulator: it has no judge, sandbox or dictionary for '{what}'.",
        param="grader",
    )


def _score(grader: Any, names: Names, errors: dict[str, Any]) -> float:
    try:
        text, reference = names.filled_in(grader.input), names.filled_in(grader.reference)
    except MissingVariableError:
        errors["invalid_variable_error"] = True
        return 0.0
    except SampleNotJsonError:
        errors["sample_parse_error"] = True
        return 0.0
    if isinstance(grader, TextSimilarity):
        return similarity(grader.evaluation_metric, text, reference)
    return float(
        {
            "eq": text == reference,
            "ne": text != reference,
            "like": reference in text,
            "ilike": reference.lower() in text.lower(),
        }[grader.operation]
    )
