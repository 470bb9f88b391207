"""The content filter: what it stops, and how answers say what it thinks of them.

Everything about it stands here and in ``content_filter.toml``. Inference routes meet it in two places:
``routes.admission`` refuses a prompt with :func:`refuse`, and an answer is watched with :func:`watched` while
it is written and annotated with :func:`of_choice`.

Shapes and wording: Microsoft Foundry, "Content filtering" (2026): four categories with a severity, filtered
from "medium" on; jailbreak and the like are detected or not.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from kit.simulator.answers.answers import Answer, Piece
from kit.simulator.errors import ApiError

_GRADED = ("hate", "self_harm", "sexual", "violence")
_SAFE = {"filtered": False, "severity": "safe"}
_STOPPED = {"filtered": True, "severity": "medium"}
_UNDETECTED = {"filtered": False, "detected": False}
_DETECTED = {"filtered": True, "detected": True}
_TEXT_BEFORE_THE_END = 20  # characters of an answer that come before the trigger stops it

Shown = dict[str, Any]


def of_prompt(stopped: Sequence[str] = ()) -> Shown:
    """Return the verdict on a prompt, by category; ``stopped`` are those that are filtered."""
    return _graded(stopped) | {
        "indirect_attack": _UNDETECTED,
        "jailbreak": _DETECTED if "jailbreak" in stopped else _UNDETECTED,
    }


def of_choice(stopped: Sequence[str] = ()) -> Shown:
    """Return the verdict on an answer, by category."""
    return _graded(stopped) | {
        "protected_material_code": _UNDETECTED,
        "protected_material_text": _UNDETECTED,
    }


def prompt_results(n_prompts: int = 1) -> list[Shown]:
    """Return ``prompt_filter_results`` of an answer: its prompts have been let through."""
    return [{"prompt_index": index, "content_filter_results": of_prompt()} for index in range(n_prompts)]


def of_response(prompt: str, text: str, stopped: Sequence[str]) -> list[Shown]:
    """Return ``content_filters`` of a response: the verdicts on what was read and on what was written.

    Shape: Microsoft Foundry, "Use the Responses API", guardrail results, 2026; offsets are characters.
    """
    return [
        _source("prompt", len(prompt), of_prompt()),
        _source("completion", len(text), of_choice(stopped), blocked=bool(stopped)),
    ]


def _source(kind: str, length: int, verdict: Shown, *, blocked: bool = False) -> Shown:
    return {
        "blocked": blocked,
        "source_type": kind,
        "content_filter_raw": [],
        "content_filter_results": verdict,
        "content_filter_offsets": {"start_offset": 0, "end_offset": length, "check_offset": 0},
    }


def refusal(stopped: Sequence[str], headers: dict[str, str] | None = None) -> ApiError:
    """Return the refusal of a prompt, by the categories for which it is stopped."""
    return ApiError(
        400,
        "content_filter",
        "The response was filtered due to the prompt triggering Azure OpenAI's content management "
        "policy. Please modify your prompt and retry. To learn more about our content filtering policies "
        "please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766",
        param="prompt",
        headers=headers,
        extras={
            "status": 400,
            "innererror": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": of_prompt(stopped),
            },
        },
    )


def refuse(messages: Sequence[Mapping[str, str]], headers: dict[str, str]) -> None:
    """Refuse a prompt that the filter stops.

    Args:
        messages: what the model would read.
        headers: of the refusal.

    Raises:
        ApiError: it does.
    """
    if stopped := _stopped("\n".join(message["content"] for message in messages)):
        raise refusal(stopped, headers)


def watched(answer: Answer, messages: Sequence[Mapping[str, str]]) -> Iterator[Piece]:
    """Yield the pieces of an answer up to where the filter stops it; ``finish_reason`` then says so.

    What has been sent cannot be called back, as on the service.
    """
    trigger = _rules()["triggers"]["completion"]
    doomed = any(trigger in message["content"] for message in messages)
    text = ""
    for piece in answer:
        text = (text + piece.text)[-1000:]  # longer than any phrase
        if doomed and len(text) > _TEXT_BEFORE_THE_END:
            answer.stopped = ("violence",)
        else:
            answer.stopped = _stopped(text)
        if answer.stopped:
            answer.finish_reason = "content_filter"
            return
        yield piece
    if doomed:
        answer.stopped, answer.finish_reason = ("violence",), "content_filter"


@cache
def _rules() -> dict[str, Any]:
    text = (
        resources.files("kit.simulator.answers").joinpath("content_filter.toml").read_text(encoding="utf-8")
    )
    return tomllib.loads(text)


@cache
def _phrases() -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what to look for, in small letters, and the category of each phrase."""
    found = {
        phrase.casefold(): category
        for category, languages in _rules()["categories"].items()
        for phrases in languages.values()
        for phrase in phrases
    }
    found[_rules()["triggers"]["prompt"]] = "violence"
    return re.compile("|".join(map(re.escape, found))), found


def _stopped(text: str) -> tuple[str, ...]:
    """Return the categories for which a text is stopped."""
    pattern, categories = _phrases()
    return tuple(dict.fromkeys(categories[phrase] for phrase in pattern.findall(text.casefold())))


def _graded(stopped: Sequence[str]) -> Shown:
    return {category: _STOPPED if category in stopped else _SAFE for category in _GRADED}
