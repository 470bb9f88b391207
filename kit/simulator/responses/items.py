"""The items of a conversation with the responses operation: as a client sends them, as messages, as kept."""

from collections.abc import Mapping
from typing import Any

from kit.simulator.responses.compaction import Seal, opened
from kit.simulator.responses.shapes import Called, Compacted, Content, Other, Referred, Returned, Said
from kit.simulator.validation import Shape, checked, refusal

Item = Said | Called | Returned | Compacted | Referred
Items = list[dict[str, Any]]
_SHAPES: dict[str, type[Shape]] = {
    "message": Said,
    "function_call": Called,
    "function_call_output": Returned,
    "compaction": Compacted,
    "item_reference": Referred,
}


def read_items(given: str | list[dict[str, Any]] | None) -> list[Item]:
    """Check the input of a request.

    Raises:
        ApiError: an item has a wrong form, or is none that the simulator's model reads.
    """
    if given is None:
        return []
    if isinstance(given, str):
        return [Said(content=given)]
    return [_item(f"input[{position}]", item) for position, item in enumerate(given)]


def _item(place: str, item: Mapping[str, Any]) -> Item:
    kind = item.get("type", "message")
    shape = _SHAPES.get(kind) if isinstance(kind, str) else None
    read = checked(shape or Other, item, place)
    if isinstance(read, Other):
        raise refusal(place, f"The simulator's model does not read items of type '{read.type}'.")
    assert isinstance(read, Said | Called | Returned | Compacted | Referred)
    return read


def said(kept: Mapping[str, Any], seal: Seal, place: str) -> dict[str, str]:
    """Return what the model reads of an item that is kept, or that it has written itself.

    Raises:
        ApiError: another simulator has sealed it.
    """
    if kept["type"] == "compaction":
        content = opened(seal, kept["encrypted_content"], f"{place}.encrypted_content")
        return {"role": "assistant", "content": content}
    if kept["type"] == "function_call":
        return {"role": "assistant", "content": f"{kept['name']}({kept['arguments']})"}
    if kept["type"] == "function_call_output":
        return {"role": "tool", "content": kept["output"]}
    return {"role": kept["role"], "content": kept["content"][0]["text"]}


def _text(place: str, content: str | list[Content]) -> str:
    if isinstance(content, str):
        return content
    return "".join(_part(f"{place}[{position}]", part) for position, part in enumerate(content))


def _part(place: str, part: Content) -> str:
    text = getattr(part, "text", getattr(part, "refusal", None))
    if text is None:
        raise refusal(place, f"Invalid content type. {part.type} is only supported by certain models.")
    return str(text)


def kept_item(place: str, item: Said | Called | Returned | Compacted, identifier: str) -> dict[str, Any]:
    """Return an item as the input items operation shows it.

    Raises:
        ApiError: it holds something that is no text.
    """
    if isinstance(item, Compacted):
        return {
            "id": f"cmp_{identifier}",
            "type": "compaction",
            "encrypted_content": item.encrypted_content,
        }
    if isinstance(item, Called):
        kept = {"call_id": item.call_id, "name": item.name, "arguments": item.arguments}
        return {"id": f"fc_{identifier}", "type": "function_call", "status": "completed", **kept}
    if isinstance(item, Returned):
        kept = {"call_id": item.call_id, "output": _text(f"{place}.output", item.output)}
        return {"id": f"fco_{identifier}", "type": "function_call_output", "status": "completed", **kept}
    return {
        "id": f"msg_{identifier}",
        "type": "message",
        "status": "completed",
        "role": item.role,
        "content": [_kept_part(item.role, _text(f"{place}.content", item.content))],
    }


def _kept_part(role: str, text: str) -> dict[str, Any]:
    if role == "assistant":
        return {"type": "output_text", "text": text, "annotations": []}
    return {"type": "input_text", "text": text}
