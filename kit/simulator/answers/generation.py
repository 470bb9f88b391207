"""What a deployment writes for one request, whichever operation asked: texts, JSON, or calls of functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit.simulator.answers import structured
from kit.simulator.answers.answers import Answer
from kit.simulator.deployments import Deployment

if TYPE_CHECKING:
    from kit.simulator.learner import LanguageModel, Token
    from kit.simulator.state import State

_SEED_STEP = 0x9E3779B97F4A7C15  # odd, so that the answers of one request get seeds far apart
_WORD = re.compile(r"[^\W_]{4,}|(?=([一-鿿]{2}))")  # Chinese writes no spaces: pairs of characters
_LEAST_LIKENESS = 5  # characters in common: one word that says something


@dataclass(frozen=True)
class Tool:
    """A function that a model may call.

    Attributes:
        name, description: as the client describes it.
        parameters: JSON schema of its arguments.
    """

    name: str
    description: str
    parameters: Any


@dataclass(frozen=True)
class Task:
    """What is to be written.

    Attributes:
        messages: role, content and perhaps name, all texts.
        n: how many answers.
        limit: longest answer in tokens.
        temperature: from 0 to 2.
        top_p: from 0 to 1.
        seed: None where the client leaves it open.
        stops: texts before which an answer ends.
        logprobs: whether tokens come with their log-probabilities.
        alternatives: how many other tokens come with each.
        json: whether the answer is JSON.
        schema: what that JSON conforms to, or None.
        tools: functions that may be called.
        choice: ``none``, ``auto`` or ``required``.
        forced: the name of the function to call, whatever the choice; None where none is named.
    """

    messages: list[dict[str, str]]
    n: int
    limit: int
    temperature: float
    top_p: float
    seed: int | None
    stops: tuple[str, ...] = ()
    logprobs: bool = False
    alternatives: int = 0
    json: bool = False
    schema: Any = None
    tools: tuple[Tool, ...] = ()
    choice: str = "auto"
    forced: str | None = None


def write(state: State, deployment: Deployment, task: Task, seed: int) -> list[Answer]:
    """Return the answers of a deployment, each generated while it is iterated over.

    Do the iterating in a thread: the model works there.
    """
    model = state.deployments.weights(deployment)
    return [_answer(model, task, (seed + index * _SEED_STEP) % 2**63) for index in range(task.n)]


def _answer(model: LanguageModel, task: Task, seed: int) -> Answer:
    messages = [{"role": message["role"], "content": message["content"]} for message in task.messages]
    tool = _called(task)
    if tool is not None:
        arguments = structured.arguments_for(tool.parameters, _last(messages))
        return Answer(_scored(model, messages, arguments, task), task.limit, function=tool.name)
    # One token more than asked for shows whether an answer was cut off or had ended.
    tokens = model.generate(
        messages,
        max_tokens=task.limit + 1,
        temperature=task.temperature,
        top_p=task.top_p,
        seed=seed,
        top_logprobs=task.alternatives,
    )
    if task.json:
        tokens = _as_json(model, messages, tokens, task)
    return Answer(tokens, task.limit, task.stops)


def _as_json(
    model: LanguageModel, messages: list[dict[str, str]], tokens: Iterator[Token], task: Task
) -> Iterator[Token]:
    text = b"".join(token.data for token in tokens).decode("utf-8", "replace")
    yield from _scored(model, messages, structured.as_json(text, _last(messages), task.schema), task)


def _scored(model: LanguageModel, messages: list[dict[str, str]], text: str, task: Task) -> Iterator[Token]:
    """Return the tokens of a text that was not sampled, with the probabilities the model gives them."""
    yield from model.score([*messages, {"role": "assistant", "content": text}], task.alternatives)


def _called(task: Task) -> Tool | None:
    """Return the function that is called instead of answering, or None.

    Left to choose, the simulator's model calls the function whose name or description has most words in
    common with what the user said last; it never calls again once it has been given a result.
    """
    if task.forced is not None:
        return next((tool for tool in task.tools if tool.name == task.forced), None)
    if not task.tools or task.choice == "none":
        return None
    if task.choice == "required":
        return max(task.tools, key=lambda tool: _likeness(tool, task.messages))
    if task.messages[-1]["role"] != "user":
        return None
    best = max(task.tools, key=lambda tool: _likeness(tool, task.messages))
    return best if _likeness(best, task.messages) >= _LEAST_LIKENESS else None


def _likeness(tool: Tool, messages: Sequence[Mapping[str, str]]) -> int:
    """Return how many characters the words have that a description and the last thing said share."""
    return sum(map(len, _words(f"{tool.name} {tool.description}") & _words(_last(messages))))


def _words(text: str) -> set[str]:
    return {found.group() or found.group(1) for found in _WORD.finditer(text.casefold())}


def _last(messages: Sequence[Mapping[str, str]]) -> str:
    """Return what the user said last, or else the last message."""
    said = [message["content"] for message in messages if message["role"] == "user"]
    return said[-1] if said else messages[-1]["content"]
