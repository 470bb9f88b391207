"""The shapes of a chat completion's request, as the v1 data plane documents them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from kit.simulator.validation import Shape

LONGEST_ANSWER = 32_768  # tokens; Microsoft Foundry, "Azure OpenAI models", October 2026: gpt-4.1
_MOST_CHOICES = 128
_MOST_STOPS = 4
_MOST_ALTERNATIVES = 20
_MOST_TOOLS = 128
_Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]


class _TextPart(Shape):
    type: Literal["text"]
    text: str


class _RefusalPart(Shape):
    type: Literal["refusal"]
    refusal: str


class _ImageUrl(Shape):
    url: str
    detail: Literal["auto", "low", "high"] = "auto"


class _ImagePart(Shape):
    type: Literal["image_url"]
    image_url: _ImageUrl


class _Audio(Shape):
    data: str
    format: Literal["wav", "mp3"]


class _AudioPart(Shape):
    type: Literal["input_audio"]
    input_audio: _Audio


class _File(Shape):
    filename: str = ""
    file_data: str = ""
    file_id: str = ""


class _FilePart(Shape):
    type: Literal["file"]
    file: _File


_Part = Annotated[_TextPart | _RefusalPart | _ImagePart | _AudioPart | _FilePart, Field(discriminator="type")]
_Content = str | list[_Part]


class _Instruction(Shape):
    role: Literal["system", "developer", "user"]
    content: _Content
    name: str = ""


class _CalledFunction(Shape):
    name: str
    arguments: str


class _ToolCall(Shape):
    id: str
    type: Literal["function"]
    function: _CalledFunction


class _AudioReference(Shape):
    id: str


class _Assistant(Shape):
    role: Literal["assistant"]
    content: _Content | None = None
    refusal: str | None = None
    name: str = ""
    audio: _AudioReference | None = None
    tool_calls: Annotated[list[_ToolCall], Field(default_factory=list)]
    function_call: _CalledFunction | None = None


class _ToolResult(Shape):
    role: Literal["tool"]
    content: _Content
    tool_call_id: str


class _FunctionResult(Shape):
    role: Literal["function"]
    content: str | None
    name: str


Message = Annotated[_Instruction | _Assistant | _ToolResult | _FunctionResult, Field(discriminator="role")]


class Function(Shape):
    """A function that the model may call."""

    name: _Name
    description: str = ""
    parameters: Any = None
    strict: bool | None = None


class FunctionTool(Shape):
    """A function as a tool."""

    type: Literal["function"]
    function: Function


class _FunctionName(Shape):
    name: str


class NamedChoice(Shape):
    """The one tool that has to be called."""

    type: Literal["function"]
    function: _FunctionName


class _PlainFormat(Shape):
    type: Literal["text", "json_object"]


class JsonSchema(Shape):
    """The schema of an answer."""

    name: _Name
    description: str = ""
    schema_: Any = Field(default=None, alias="schema")
    strict: bool | None = None


class _SchemaFormat(Shape):
    type: Literal["json_schema"]
    json_schema: JsonSchema


class _StreamOptions(Shape):
    include_usage: bool = False
    include_obfuscation: bool = False


class _AudioFormat(Shape):
    voice: str
    format: Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"]


class _Prediction(Shape):
    type: Literal["content"]
    content: str | list[_TextPart]


class _DataSource(Shape):
    type: Literal["azure_search", "azure_cosmos_db", "elasticsearch", "pinecone", "mongo_db"]
    parameters: dict[str, Any]


class _SecurityContext(Shape):
    application_name: str = ""
    end_user_id: str = ""
    end_user_tenant_id: str = ""
    source_ip: str = ""


class ChatShape(Shape):
    """The body of a create request."""

    never_null = frozenset(
        {"tools", "tool_choice", "functions", "function_call", "response_format", "top_logprobs", "metadata"}
        | {"parallel_tool_calls", "user"}
    )

    messages: Annotated[list[Message], Field(min_length=1)]
    model: str = ""
    metadata: dict[str, str] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    user: str = ""
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=_MOST_ALTERNATIVES)] | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    audio: _AudioFormat | None = None
    reasoning_effort: Literal["minimal", "low", "medium", "high"] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=LONGEST_ANSWER)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=LONGEST_ANSWER)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    response_format: Annotated[_PlainFormat | _SchemaFormat, Field(discriminator="type")] | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    stop: str | Annotated[list[str], Field(max_length=_MOST_STOPS)] | None = None
    logit_bias: dict[str, Annotated[int, Field(ge=-100, le=100)]] | None = None
    n: Annotated[int, Field(ge=1, le=_MOST_CHOICES)] | None = None
    prediction: _Prediction | None = None
    seed: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None = None
    tools: Annotated[list[FunctionTool], Field(min_length=1, max_length=_MOST_TOOLS)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: Annotated[list[Function], Field(min_length=1, max_length=_MOST_TOOLS)] | None = None
    function_call: Literal["none", "auto"] | _FunctionName | None = None
    data_sources: Annotated[list[_DataSource], Field(default_factory=list)]
    user_security_context: Annotated[_SecurityContext, Field(default_factory=_SecurityContext)]
