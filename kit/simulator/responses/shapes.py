"""The shapes of a request for a response, as the v1 data plane documents them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from kit.simulator.chat.shapes import LONGEST_ANSWER
from kit.simulator.validation import Shape

_SHORTEST_LIMIT = 16  # tokens; OpenAI API reference, "Create a model response"
_MOST_TOOLS = 128
_Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
_Includable = Literal[
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "message.output_text.logprobs",
    "reasoning.encrypted_content",
    "web_search_call.action.sources",
    "web_search_call.results",
]


class _Text(Shape):
    type: Literal["input_text", "output_text", "text", "summary_text"]
    text: str


class _Refusal(Shape):
    type: Literal["refusal"]
    refusal: str


class _OtherContent(Shape):
    type: Literal["input_image", "input_file", "input_audio", "output_audio"]


Content = Annotated[_Text | _Refusal | _OtherContent, Field(discriminator="type")]


class Said(Shape):
    """A message; ``type`` may be left out."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"] = "user"
    content: str | list[Content]


class Called(Shape):
    """A call of a function that an earlier response made."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str


class Returned(Shape):
    """What a function returned."""

    type: Literal["function_call_output"]
    call_id: str
    output: str | list[Content]


class Compacted(Shape):
    """What is left of a conversation that was compacted."""

    type: Literal["compaction"]
    encrypted_content: str


class Referred(Shape):
    """An item that was kept earlier."""

    type: Literal["item_reference"]
    id: str


class Other(Shape):
    """An item that a tool of the service left; the simulator has none of these tools."""

    type: Literal[
        "file_search_call",
        "computer_call",
        "computer_call_output",
        "web_search_call",
        "reasoning",
        "image_generation_call",
        "code_interpreter_call",
        "local_shell_call",
        "local_shell_call_output",
        "mcp_list_tools",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
    ]


_ServiceTool = Literal[
    "file_search",
    "computer_use_preview",
    "web_search_preview",
    "code_interpreter",
    "image_generation",
    "mcp",
]


class ResponseTool(Shape):
    """A function, or a tool of the service, which the simulator does not have."""

    type: Literal["function", _ServiceTool, "local_shell"]
    name: _Name = "tool"
    description: str | None = None
    parameters: Any = None
    strict: bool | None = None


class ToolName(Shape):
    """The one tool that has to be called."""

    type: Literal["function", _ServiceTool]
    name: str = ""


class Format(Shape):
    """The form of the answer."""

    type: Literal["text", "json_object", "json_schema"]
    name: _Name = "answer"
    description: str | None = None
    schema_: Any = Field(default=None, alias="schema")
    strict: bool | None = None


class _TextOptions(Shape):
    format: Annotated[Format, Field(default_factory=lambda: Format(type="text"))]
    verbosity: Literal["low", "medium", "high"] | None = None


class Reasoning(Shape):
    """What a reasoning model is told; the simulator's does not reason."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None


class _StreamOptions(Shape):
    include_obfuscation: bool = True


class _Prompt(Shape):
    id: str
    version: str | None = None


class ResponseShape(Shape):
    """The body of a create request. ``input`` is checked item by item."""

    never_null = frozenset({"tools", "tool_choice", "text", "top_logprobs", "metadata"})

    model: str = ""
    input: str | list[dict[str, Any]] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    metadata: dict[str, str] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    user: str = ""
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    reasoning: Reasoning | None = None
    background: bool | None = None
    max_output_tokens: Annotated[int, Field(ge=_SHORTEST_LIMIT, le=LONGEST_ANSWER)] | None = None
    max_tool_calls: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    text: _TextOptions | None = None
    tools: Annotated[list[ResponseTool], Field(max_length=_MOST_TOOLS)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolName | None = None
    prompt: _Prompt | None = None
    truncation: Literal["auto", "disabled"] | None = None
    include: list[_Includable] | None = None
    parallel_tool_calls: bool | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
