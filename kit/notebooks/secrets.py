"""Credentials in text: what they look like, where one stands, and how a text is cleared of them.

Three ways to know one: the shapes that services document or issue; a value given to a name such as
``password``; and chance, a long word that looks drawn at random. The last two are for files that people
commit, where a false alarm costs more than a glance: hashes, identifiers and long names must not match.
"""

import base64
import html
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

# Azure's long form of key (84 signs, with its issuer's mark after 52 drawn at random), OpenAI, GitHub and
# Databricks tokens, JSON web tokens, storage account keys and shared access signatures. Identifiers of the
# service, "ftjob-" + 32 hexadecimal digits, must not match.
_ISSUED = (
    r"[0-9A-Za-z]{52}JQQJ9[0-9A-Za-z]{27}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|github_pat_\w{50,}|dapi[0-9a-f]{32}(?:-\d)?|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+|AKIA[0-9A-Z]{16}"
)
_IN_ADDRESS = r"AccountKey=[\w+/=]{20,}|[?&]sig=[\w%]{20,}"
_OLD_KEY = r"[0-9a-f]{32}"  # Azure's short form; an MD5 sum looks the same
_SURE = re.compile(rf"(?<![\w-])(?:{_ISSUED})(?![\w-])|{_IN_ADDRESS}")
_SHAPE = re.compile(rf"(?<![\w-])(?:{_OLD_KEY}|{_ISSUED})(?![\w-])|{_IN_ADDRESS}")
_NAMED = re.compile(
    r"(?i)(?:api[_-]?key|password|passwd|secret|access[_-]?token|credential)[\"']?\s*[:=]\s*\\?[\"']([^\"'\s\\]{8,})"
)
_PLACEHOLDER = re.compile(r"(?i)[<>{}…*$]|your|example|simulator|placeholder|environ|^\[")
_WORD = re.compile(r"(?<![\w/+.-])[A-Za-z0-9+/_-]{28,}={0,2}(?![\w/+-])")
_LEAST_BITS = (
    4.2  # Shannon entropy per character; English in mixed case stays below 4, random text of 32 above
)
_RUN = re.compile(r"[a-z]{7,}|[A-Z]{7,}")  # words have such runs, chance hardly ever


@dataclass(frozen=True)
class Found:
    """A credential in a text: its line, from 1, and how it begins."""

    line: int
    beginning: str


def find(text: str) -> Iterator[Found]:
    """Yield what looks like a credential in a text that is to be committed."""
    for number, line in enumerate(text.splitlines(), start=1):
        for value in _in_line(line):
            yield Found(number, f"{value[:4]}…")


def _in_line(line: str) -> Iterator[str]:
    if (shape := _SHAPE.search(line)) is not None:
        yield shape[0]
        return
    for named in _NAMED.finditer(line):
        if not _PLACEHOLDER.search(named[1]):
            yield named[1]
            return
    yield from (word[0] for word in _WORD.finditer(line) if _is_random(word[0]))


def _is_random(word: str) -> bool:
    """Tell whether a word looks drawn at random: capitals, small letters and digits, but no words in it."""
    kinds = (str.isupper, str.islower, str.isdigit)
    if not all(any(kind(sign) for sign in word) for kind in kinds):
        return False
    if _RUN.search(word) or word.count("/") > len(word) // 12:
        return False
    counts = Counter(word).values()
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts) >= _LEAST_BITS


def is_one(value: str) -> bool:
    """Tell whether a value, such as a parameter's, is a credential or holds one, judged by shape alone.

    Azure's short form of key, and what has only the length of its long form, have to be all of it: a path may
    well have a sum of 32 digits in it.
    """
    alone = rf"(?i)\s*(?:{_OLD_KEY}|[0-9a-z]{{84}})\s*"
    return bool(_SURE.search(value) or re.fullmatch(alone, value))


def masked(text: str) -> str:
    """Return a text with everything of a credential's shape replaced by an ellipsis."""
    return _SHAPE.sub("…", text)


def spellings(secret: str) -> tuple[str, ...]:
    """Return the forms in which a secret turns up: plain, in an address, in JSON, in HTML, in Base64."""
    encoded = base64.b64encode(secret.encode()).decode()
    in_json = secret.replace("\\", "\\\\").replace('"', '\\"')
    forms = (secret, quote(secret, safe=""), in_json, html.escape(secret), encoded, encoded.rstrip("="))
    return tuple(dict.fromkeys(forms))


def redact(value: Any, secrets: Mapping[str, str]) -> Any:
    """Return ``value`` (strings, lists, mappings) without credentials.

    Known ones are replaced by the name of their variable, whatever they look like; others by ``[secret]``, if
    their shape leaves no doubt.
    """
    if isinstance(value, str):
        for name, secret in secrets.items():
            for spelling in spellings(secret):
                value = value.replace(spelling, f"[{name}]")
        return _SURE.sub("[secret]", value)
    if isinstance(value, list | tuple):
        return type(value)(redact(item, secrets) for item in value)
    if isinstance(value, dict):
        return type(value)({key: redact(item, secrets) for key, item in value.items()})
    return value
