"""What a client asks for in a chat completion, checked. Codes and wording of refusals are the service's.

``frequency_penalty``, ``presence_penalty``, ``logit_bias``, ``reasoning_effort`` and ``prediction`` are
checked and have no effect: the simulator's model does not repeat itself, and does not reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kit.simulator.answers import prompt_tokens, structured
from kit.simulator.answers.generation import Task, Tool
from kit.simulator.chat.shapes import ChatShape, Function, Message, NamedChoice
from kit.simulator.validation import checked, refusal

DEFAULT_ANSWER = 2048  # tokens; an answer ends by itself long before, unless sampling is very hot
_MOST_NOTES = 16  # OpenAI API reference, metadata: 16 pairs of 64 and 512 characters
_LONGEST_KEY, _LONGEST_VALUE = 64, 512


@dataclass(frozen=True)
class ChatRequest:
    """A checked request.

    Attributes:
        task: what the model is to write.
        stream: whether the answer comes in pieces.
        with_usage: whether a stream ends with the usage.
        store: whether the completion can be retrieved later.
        metadata: the client's own notes.
        as_function: whether a call is told in the older form, ``function_call``.
    """

    task: Task
    stream: bool
    with_usage: bool
    store: bool
    metadata: dict[str, str] | None
    as_function: bool

    @property
    def messages(self) -> list[dict[str, str]]:
        """What is read by the model."""
        return self.task.messages

    @cached_property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt; counted once, because a long prompt takes its time."""
        return prompt_tokens.count(self.task.messages)

    @property
    def most_tokens(self) -> int:
        """Tokens that the request costs at most."""
        return self.prompt_tokens + self.task.limit * self.task.n


def read(body: Mapping[str, Any]) -> ChatRequest:
    """Check the body of a request.

    Raises:
        ApiError: a field is missing or out of its range.
    """
    asked = checked(ChatShape, body)
    _check_together(asked)
    tools = [tool.function for tool in asked.tools or ()] or list(asked.functions or ())
    for position, tool in enumerate(tools):
        place = f"tools[{position}].function" if asked.tools else f"functions[{position}]"
        check_parameters(f"{place}.parameters", tool.parameters, tool.name, strict=bool(tool.strict))
    form = asked.response_format
    schema = form.json_schema if form is not None and form.type == "json_schema" else None
    if schema is not None:
        check_schema("response_format", schema.schema_ or {}, schema.name, strict=bool(schema.strict))
    task = Task(
        messages=[flattened(f"messages[{i}]", message) for i, message in enumerate(asked.messages)],
        n=asked.n or 1,
        limit=asked.max_completion_tokens or asked.max_tokens or DEFAULT_ANSWER,
        temperature=1.0 if asked.temperature is None else asked.temperature,
        top_p=1.0 if asked.top_p is None else asked.top_p,
        seed=asked.seed,
        stops=stops(asked.stop),
        logprobs=bool(asked.logprobs),
        alternatives=asked.top_logprobs or 0,
        json=form is not None and form.type != "text",
        schema=(schema.schema_ or {}) if schema is not None else None,
        tools=tuple(Tool(tool.name, tool.description, tool.parameters) for tool in tools),
        **_choice(asked, tools),
    )
    return ChatRequest(
        task=task,
        stream=bool(asked.stream),
        with_usage=asked.stream_options is not None and asked.stream_options.include_usage,
        store=bool(asked.store),
        metadata=metadata(asked.metadata),
        as_function=not asked.tools and bool(asked.functions),
    )


def _check_together(asked: ChatShape) -> None:
    """Refuse what does not go together, and what would otherwise be ignored."""
    if asked.top_logprobs is not None and not asked.logprobs:
        raise refusal("top_logprobs", "'top_logprobs' is only allowed when 'logprobs' is true.")
    if asked.tool_choice not in {None, "none"} and not asked.tools:
        raise refusal("tool_choice", "'tool_choice' is only allowed when 'tools' are specified.")
    if asked.function_call not in {None, "none"} and not asked.functions:
        raise refusal("function_call", "'function_call' is only allowed when 'functions' are specified.")
    check_streaming(asked.stream, asked.stream_options)
    if asked.max_tokens is not None and asked.max_completion_tokens is not None:
        raise refusal(
            "max_tokens",
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "invalid_parameter_combination",
        )
    _check_results(asked.messages)
    if asked.audio is not None or "audio" in (asked.modalities or ()):
        raise refusal("modalities", "This model does not support audio output.")
    if asked.data_sources:
        raise refusal("data_sources", "The simulator has no data sources.")
    if asked.response_format is not None and asked.response_format.type == "json_object":
        said = [message.content for message in asked.messages]
        if "json" not in str(said).casefold():
            raise refusal(
                "messages",
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
                "'json_object'.",
                "invalid_request_error",
            )


def _check_results(messages: Sequence[Message]) -> None:
    """Refuse the result of a tool that nobody called (wording: OpenAI API, 2024 to 2026, spelling too)."""
    called = False
    for position, message in enumerate(messages):
        if message.role != "tool":
            called = message.role == "assistant" and bool(message.tool_calls)
        elif not called:
            raise refusal(
                f"messages.[{position}].role",
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
                "with 'tool_calls'.",
                "invalid_request_error",
            )


def check_streaming(stream: bool | None, options: object) -> None:
    """Refuse options of a stream where there is none.

    Raises:
        ApiError: there are some.
    """
    if options is not None and not stream:
        raise refusal(
            "stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        )


def _choice(asked: ChatShape, tools: list[Function]) -> dict[str, Any]:
    choice = asked.tool_choice or asked.function_call or "auto"
    if isinstance(choice, str):
        return {"choice": choice}
    name = choice.function.name if isinstance(choice, NamedChoice) else choice.name
    if name not in {tool.name for tool in tools}:
        param = "tool_choice" if asked.tools else "function_call"
        raise refusal(param, f"Tool choice '{name}' not found in 'tools' parameter.")
    return {"forced": name}


def flattened(param: str, message: Message) -> dict[str, str]:
    """Return a message whose content is one text.

    Raises:
        ApiError: it has a part that is no text.
    """
    content = message.content
    if isinstance(content, list):
        content = "".join(_part(f"{param}.content[{i}]", part) for i, part in enumerate(content))
    if not content and message.role == "assistant":
        calls = [call.function for call in message.tool_calls] + [message.function_call]
        content = " ".join(f"{call.name}({call.arguments})" for call in calls if call is not None)
    flat = {"role": message.role, "content": content or ""}
    if name := getattr(message, "name", ""):
        flat["name"] = name
    return flat


def _part(param: str, part: Any) -> str:
    if part.type == "text":
        return str(part.text)
    if part.type == "refusal":
        return str(part.refusal)
    raise refusal(param, f"Invalid content type. {part.type} is only supported by certain models.")


def stops(value: str | list[str] | None) -> tuple[str, ...]:
    """Return the stop sequences that are not empty."""
    return tuple(text for text in ([value] if isinstance(value, str) else value or []) if text)


def metadata(notes: dict[str, str] | None) -> dict[str, str] | None:
    """Check the client's own notes.

    Raises:
        ApiError: there are too many, or one is too long.
    """
    if notes is None:
        return None
    if len(notes) > _MOST_NOTES:
        raise refusal(
            "metadata",
            f"Invalid 'metadata': too many properties. Expected an object with at most {_MOST_NOTES} "
            f"properties, but got an object with {len(notes)} properties instead.",
            "object_above_max_properties",
        )
    for key, value in notes.items():
        if len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            raise refusal(
                "metadata",
                f"Invalid 'metadata': keys have at most {_LONGEST_KEY} characters, "
                f"values at most {_LONGEST_VALUE}.",
                "string_above_max_length",
            )
    return notes


def check_schema(param: str, schema: Any, name: str, *, strict: bool) -> None:
    """Refuse a schema of an answer that the service would not take.

    Raises:
        ApiError: it is one.
    """
    if problem := structured.problem_of(schema, strict=strict):
        raise refusal(param, f"Invalid schema for response_format '{name}': {problem}", "invalid_json_schema")


def check_parameters(param: str, schema: Any, name: str, *, strict: bool) -> None:
    """Refuse the parameters of a function that the service would not take; None stands for no parameters.

    Raises:
        ApiError: they are such.
    """
    problem = None if schema is None else structured.problem_of_parameters(schema, strict=strict)
    if problem:
        raise refusal(
            param, f"Invalid schema for function '{name}': {problem}", "invalid_function_parameters"
        )
