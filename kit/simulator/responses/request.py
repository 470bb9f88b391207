"""What a client asks for from the responses operation, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kit.simulator.answers import prompt_tokens
from kit.simulator.answers.generation import Task, Tool
from kit.simulator.chat.request import (
    DEFAULT_ANSWER,
    check_parameters,
    check_schema,
    check_streaming,
    metadata,
)
from kit.simulator.responses.items import Items, kept_item, read_items, said
from kit.simulator.responses.shapes import Format, Reasoning, Referred, ResponseShape, ToolName
from kit.simulator.responses.store import ResponseStore
from kit.simulator.validation import checked, refusal

_LOGPROBS = "message.output_text.logprobs"


@dataclass(frozen=True)
class ResponseRequest:
    """A checked request.

    Attributes:
        task: what the model is to write.
        context: everything the model was told and said before its answer, instructions excepted.
        items: the input, as the input items operation shows it.
        echo: what the response repeats of its request.
        stream, store, background: as asked.
        padded: whether the events of a stream are padded.
    """

    task: Task
    context: list[dict[str, str]]
    items: Items
    echo: dict[str, Any]
    stream: bool
    store: bool
    background: bool
    padded: bool

    @property
    def messages(self) -> list[dict[str, str]]:
        """What is read by the model."""
        return self.task.messages

    @cached_property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt; counted once, because a long prompt takes its time."""
        return prompt_tokens.count(self.messages)

    @property
    def most_tokens(self) -> int:
        """Tokens that the request costs at most."""
        return self.prompt_tokens + self.task.limit


def read(body: Mapping[str, Any], store: ResponseStore, identifier: str) -> ResponseRequest:
    """Check the body of a request.

    Args:
        body: what was asked.
        store: where earlier responses and their items are.
        identifier: digits that the identifiers of the items begin with.

    Raises:
        ApiError: a field is missing or out of its range, or names a response that does not exist.
    """
    asked = checked(ResponseShape, body)
    _check_together(asked)
    context, items = _conversation(asked, store, identifier)
    instructions = [{"role": "system", "content": asked.instructions}] if asked.instructions else []
    form = (asked.text.format if asked.text else None) or Format(type="text")
    if form.type == "json_schema":
        check_schema("text.format.schema", form.schema_ or {}, form.name, strict=bool(form.strict))
    messages = [*instructions, *context]
    if form.type == "json_object" and "json" not in str(messages).casefold():
        raise refusal(
            "input",
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
            "'json_object'.",
        )
    tools = asked.tools or []  # functions all of them: others have been refused
    task = Task(
        messages=messages or [{"role": "user", "content": ""}],
        n=1,
        limit=asked.max_output_tokens or DEFAULT_ANSWER,
        temperature=1.0 if asked.temperature is None else asked.temperature,
        top_p=1.0 if asked.top_p is None else asked.top_p,
        seed=None,
        logprobs=_LOGPROBS in (asked.include or ()),
        alternatives=asked.top_logprobs or 0,
        json=form.type != "text",
        schema=(form.schema_ or {}) if form.type == "json_schema" else None,
        tools=tuple(Tool(tool.name, tool.description or "", tool.parameters) for tool in tools),
        **_choice(asked),
    )
    return ResponseRequest(
        task=task,
        context=context,
        items=items,
        echo=_echo(asked, form),
        stream=bool(asked.stream),
        store=asked.store is not False,
        background=bool(asked.background),
        padded=asked.stream_options is None or asked.stream_options.include_obfuscation,
    )


def _check_together(asked: ResponseShape) -> None:
    """Refuse what does not go together, and what would otherwise be ignored."""
    check_streaming(asked.stream, asked.stream_options)
    if asked.prompt is not None:
        raise refusal("prompt", "The simulator keeps no prompts.")
    if asked.input is None and asked.previous_response_id is None:
        raise refusal("input", "Missing required parameter: 'input'.", "missing_required_parameter")
    if asked.background and asked.store is False:
        raise refusal("background", "Background responses must be stored: 'store' cannot be false.")
    for position, tool in enumerate(asked.tools or ()):
        if tool.type != "function":
            raise refusal(f"tools[{position}].type", f"The simulator has no tool of type '{tool.type}'.")
        if "name" not in tool.model_fields_set:
            name = f"tools[{position}].name"
            raise refusal(name, f"Missing required parameter: '{name}'.", "missing_required_parameter")
        check_parameters(
            f"tools[{position}].parameters", tool.parameters, tool.name, strict=bool(tool.strict)
        )
    if isinstance(asked.tool_choice, ToolName) or asked.tool_choice == "required":
        names = {tool.name for tool in asked.tools or ()}
        wanted = asked.tool_choice.name if isinstance(asked.tool_choice, ToolName) else None
        if not names or wanted not in {None, *names}:
            raise refusal(
                "tool_choice", f"Tool choice '{wanted or 'required'}' not found in 'tools' parameter."
            )


def _choice(asked: ResponseShape) -> dict[str, Any]:
    if isinstance(asked.tool_choice, ToolName):
        return {"forced": asked.tool_choice.name}
    return {"choice": asked.tool_choice or "auto"}


def _conversation(
    asked: ResponseShape, store: ResponseStore, identifier: str
) -> tuple[list[dict[str, str]], Items]:
    """Return everything said so far as messages, and the items of this request's input."""
    context: list[dict[str, str]] = []
    if asked.previous_response_id is not None:
        context = store.context_after(asked.previous_response_id)
    items: Items = []
    for position, item in enumerate(read_items(asked.input)):
        place = f"input[{position}]"
        if isinstance(item, Referred):
            found = store.item(item.id, place)
        else:
            found = kept_item(place, item, f"{identifier}{position:04x}")
        items.append(found)
        context.append(said(found, store.seal, place))
    return context, items


def _echo(asked: ResponseShape, form: Format) -> dict[str, Any]:
    shown_form: dict[str, Any] = {"type": form.type}
    if form.type == "json_schema":
        shown_form |= {"name": form.name, "schema": form.schema_ or {}, "strict": bool(form.strict)}
    choice = asked.tool_choice or "auto"
    reasoning = asked.reasoning or Reasoning()
    return {
        "background": bool(asked.background),
        "instructions": asked.instructions,
        "max_output_tokens": asked.max_output_tokens,
        "max_tool_calls": asked.max_tool_calls,
        "metadata": metadata(asked.metadata) or {},
        "parallel_tool_calls": asked.parallel_tool_calls is not False,
        "previous_response_id": asked.previous_response_id,
        "reasoning": {
            "effort": None if reasoning.effort in {"none", "xhigh"} else reasoning.effort,
            "summary": reasoning.summary,
        },
        "store": asked.store is not False,
        "temperature": 1.0 if asked.temperature is None else asked.temperature,
        "text": {"format": shown_form},
        "tool_choice": choice if isinstance(choice, str) else {"type": choice.type, "name": choice.name},
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": tool.strict is not False,
            }
            for tool in asked.tools or ()
        ],
        "top_logprobs": asked.top_logprobs or 0,
        "top_p": 1.0 if asked.top_p is None else asked.top_p,
        "truncation": asked.truncation or "disabled",
        "user": asked.user or None,
    }
