"""Who has a key: where a request carries one, and whether it is an accepted one."""

import base64
import binascii
import hmac
from collections.abc import Sequence

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> bytes:
    """Return the first header of that name, which is in lower case, without space around; or nothing."""
    return next((value for key, value in scope["headers"] if key == name), b"").strip()


def bearer(scope: Scope) -> bytes:
    """Return the bearer token of a request, or nothing."""
    scheme, _, token = header(scope, b"authorization").partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def key(scope: Scope) -> bytes:
    """Return what a client of the data plane has sent as its key: ``api-key``, or a bearer token."""
    return header(scope, b"api-key") or bearer(scope)


def password(scope: Scope) -> bytes:
    """Return what a person has typed into a browser as the password; the user's name does not matter."""
    scheme, _, text = header(scope, b"authorization").partition(b" ")
    if scheme.lower() != b"basic":
        return b""
    try:
        return base64.b64decode(text.strip(), validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


def accepts(given: bytes, keys: Sequence[str]) -> bool:
    """Tell whether ``given`` is one of ``keys``; if there are none, whether it is anything at all."""
    if not keys:
        return bool(given)
    return any(hmac.compare_digest(given, accepted.encode()) for accepted in keys)


def admits(scope: Scope, keys: Sequence[str]) -> bool:
    """Tell whether a request for what is not Azure is let in: with any of ``keys``, if there are any."""
    return not keys or accepts(key(scope) or password(scope), keys)
