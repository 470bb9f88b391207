"""Compacting a conversation: what was asked stays as it is, all else becomes one sealed item.

Source: OpenAI API reference, "Compact a response", and Microsoft Foundry REST reference, "Compact a
conversation", 2026. The service lets its model sum up; the simulator's cannot, and keeps the newest of what
was said instead. The item carries its content with it, as the service's does: nothing is stored. It is sealed
so that clients treat it as what it is on the service, opaque and not to be changed; a secret would need a
real cipher.
"""

import base64
import hashlib
import hmac
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kit.simulator.answers import prompt_tokens
from kit.simulator.answers.occasion import Occasion
from kit.simulator.validation import refusal

if TYPE_CHECKING:
    from kit.simulator.responses.request import ResponseRequest

_LONGEST = 4000  # characters that are kept
_LONGEST_SEALED = 100_000  # characters: a client may send anything
_TAG = 16  # bytes
_NONCE = 16


class Seal:
    """Closes texts so that only the same simulator opens them, also after a restart.

    Args:
        seed: the simulator's.
    """

    def __init__(self, seed: int) -> None:
        self._key = hashlib.sha256(f"compaction:{seed}".encode()).digest()

    def closed(self, text: str, nonce: bytes) -> str:
        """Return a text closed; ``nonce`` are 16 bytes that come only once."""
        plain = zlib.compress(text.encode("utf-8", "replace"))
        body = nonce + self._mixed(plain, nonce)
        return base64.urlsafe_b64encode(self._tag(body) + body).decode()

    def opened(self, sealed: str) -> str:
        """Return what was closed.

        Raises:
            ValueError: this simulator has not closed it, or it has been changed.
        """
        if len(sealed) > _LONGEST_SEALED:
            raise ValueError("too long")
        data = base64.b64decode(sealed.encode(), altchars=b"-_", validate=True)
        tag, body = data[:_TAG], data[_TAG:]
        if not hmac.compare_digest(tag, self._tag(body)):
            raise ValueError("not sealed here")
        return zlib.decompress(self._mixed(body[_NONCE:], body[:_NONCE])).decode()

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_TAG]

    def _mixed(self, data: bytes, nonce: bytes) -> bytes:
        stream = hashlib.shake_256(self._key + nonce).digest(len(data))
        return bytes(one ^ other for one, other in zip(data, stream, strict=True))


def opened(seal: Seal, sealed: str, place: str) -> str:
    """Return the content of a compaction item that a client has sent back.

    Raises:
        ApiError: it is none of this simulator's (code: OpenAI API, 2026).
    """
    try:
        return seal.opened(sealed)
    except ValueError:  # also what base64 raises
        message = f"The encrypted content of '{place}' could not be verified."
        raise refusal(place, message, "invalid_encrypted_content") from None


def compacted(seal: Seal, asked: "ResponseRequest", occasion: Occasion) -> dict[str, Any]:
    """Return a conversation compacted, in the form of the compact operation. Call this in a thread.

    Args:
        seal: what closes the item.
        asked: the conversation.
        occasion: when and under which name it is done.
    """
    digits = occasion.identifiers.hexadecimal("compaction")
    asked_texts = [each["content"] for each in asked.context if each["role"] == "user"]
    kept = _newest([each["content"] for each in asked.context if each["role"] != "user"])
    item = {
        "id": f"cmp_{digits}",
        "type": "compaction",
        "encrypted_content": seal.closed(kept, bytes.fromhex(digits)),
    }
    written = prompt_tokens.count([{"content": kept}])
    return {
        "id": f"resp_{digits}",
        "object": "response.compaction",
        "created_at": int(occasion.moment),
        "output": [*(_message(digits, n, text) for n, text in enumerate(asked_texts)), item],
        "usage": {
            "input_tokens": asked.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked.prompt_tokens + written,
        },
    }


def _newest(texts: Sequence[str]) -> str:
    return "\n".join(texts)[-_LONGEST:]


def _message(digits: str, position: int, text: str) -> dict[str, Any]:
    return {
        "id": f"msg_{digits[:24]}{position:04x}",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": text}],
    }
