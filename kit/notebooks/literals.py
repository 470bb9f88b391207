"""Python string literals as messages, and messages as string literals.

The message of a plain literal is its value. The message of an f-string is its value with the placeholders
as the author wrote them (``{loss:.3f}``) and with literal braces doubled, as in the source. The literals
are scanned here and not taken from ``ast``: it loses the placeholders' spelling, differently in each version
of Python.
"""

import ast
import re
import unicodedata
from collections.abc import Iterator

from kit.notebooks.spans import display_width, wrap

_OPENING = re.compile(r"([A-Za-z]{0,2})(\"\"\"|'''|\"|')")
_BETWEEN = re.compile(r"(?:[\s\\(),]|#[^\n]*)+")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def read_literals(source: str) -> tuple[str, bool]:
    """Return the message of one or several adjacent literals, and whether one of them is an f-string.

    Raises:
        ValueError: the source is no string literal, or a placeholder is not closed.
    """
    pieces: list[tuple[str, bool]] = []  # text, and whether it stands in an f-string
    position = _skip(source, 0)
    while position < len(source):
        opening = _OPENING.match(source, position)
        if not opening or "b" in opening[1].lower():
            raise ValueError(source[position:])
        formatted = "f" in opening[1].lower()
        text, position = (_read_formatted if formatted else _read_plain)(source, opening)
        pieces.append((text, formatted))
        position = _skip(source, position)
    any_formatted = any(formatted for _text, formatted in pieces)
    texts = [
        text.replace("{", "{{").replace("}", "}}") if any_formatted and not formatted else text
        for text, formatted in pieces
    ]
    return "".join(texts), any_formatted


def _skip(source: str, position: int) -> int:
    between = _BETWEEN.match(source, position)
    return between.end() if between else position


def _read_plain(source: str, opening: re.Match[str]) -> tuple[str, int]:
    quote = opening[2]
    position = opening.end()
    while not source.startswith(quote, position):
        if position >= len(source):
            raise ValueError(source)
        position += 2 if source[position] == "\\" else 1
    end = position + len(quote)
    return str(ast.literal_eval(source[opening.start() : end])), end


def _read_formatted(source: str, opening: re.Match[str]) -> tuple[str, int]:
    quote = opening[2]
    prefix = re.sub("[fF]", "", opening[1])
    parts: list[str] = []
    literal = ""
    position = opening.end()
    while not source.startswith(quote, position):
        if position >= len(source):
            raise ValueError(source)
        if source[position : position + 2] in {"{{", "}}"}:
            literal += source[position : position + 2]
            position += 2
        elif source[position] == "{":
            end = _placeholder_end(source, position)
            parts += (_value(prefix, quote, literal), source[position:end])
            literal, position = "", end
        else:
            width = 2 if source[position] == "\\" else 1
            literal += source[position : position + width]
            position += width
    parts.append(_value(prefix, quote, literal))
    return "".join(parts), position + len(quote)


def _value(prefix: str, quote: str, literal: str) -> str:
    return str(ast.literal_eval(prefix + quote + literal + quote)) if literal else ""


def _placeholder_end(text: str, start: int) -> int:
    """Return the offset after the ``}`` that closes the ``{`` at ``start``."""
    depth = 0
    quote = ""
    for position in range(start, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "{[(":
            depth += 1
        elif character in "}])":
            depth -= 1
            if depth == 0:
                return position + 1
    raise ValueError(text[start:])


def split_placeholders(message: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of an f-string's message: ``(text, is_placeholder)``.

    Raises:
        ValueError: a brace is not closed, or stands alone.
    """
    literal = ""
    position = 0
    while position < len(message):
        pair = message[position : position + 2]
        if pair in {"{{", "}}"}:
            literal += pair
            position += 2
        elif message[position] == "{":
            end = _placeholder_end(message, position)
            if literal:
                yield literal, False
            yield message[position:end], True
            literal, position = "", end
        elif message[position] == "}":
            raise ValueError(message[position:])
        else:
            literal += message[position]
            position += 1
    if literal:
        yield literal, False


def placeholders(message: str) -> list[str]:
    """Return the placeholders of an f-string's message, sorted, as they are written."""
    return sorted(part for part, is_placeholder in split_placeholders(message) if is_placeholder)


def write_literal(message: str, formatted: bool) -> str:
    """Return Python source for a message: one literal, in double quotes where that needs fewer escapes."""
    parts = list(split_placeholders(message)) if formatted else [(message, False)]
    text = "".join(part for part, is_placeholder in parts if not is_placeholder)
    expressions = "".join(part for part, is_placeholder in parts if is_placeholder)
    quote = "'" if '"' in expressions or ('"' in text and "'" not in text + expressions) else '"'
    if quote in expressions:
        quote = '"""'  # an expression may not hold the quote around it before Python 3.12
    body = "".join(part if is_placeholder else _escape(part, quote) for part, is_placeholder in parts)
    return ("f" if formatted else "") + quote + body + quote


def _escape(text: str, quote: str) -> str:
    escaped = ""
    for character in text:
        if character in _ESCAPES:
            escaped += _ESCAPES[character]
        elif character == quote[0]:
            escaped += "\\" + character
        elif character.isprintable() or unicodedata.category(character) == "Zs":
            escaped += character  # French needs no-break spaces, and a learner should not have to read \\xa0
        else:
            escaped += repr(character)[1:-1]
    return escaped


def write_wrapped(message: str, formatted: bool, column: int, width: int) -> str:
    """Return adjacent literals, one a line from ``column`` on, none much wider than ``width`` columns."""
    if display_width(message) <= width or (formatted and _breaks_inside_placeholder(message, width)):
        return write_literal(message, formatted)
    lines = wrap(message, width)
    position = 0
    pieces = []
    for index, line in enumerate(lines):
        start = message.index(line, position)
        following = (
            message.index(lines[index + 1], start + len(line)) if index + 1 < len(lines) else len(message)
        )
        pieces.append(message[start:following])
        position = start + len(line)
    return ("\n" + " " * column).join(write_literal(piece, formatted) for piece in pieces)


def _breaks_inside_placeholder(message: str, width: int) -> bool:
    for line in wrap(message, width):
        try:
            placeholders(line)
        except ValueError:
            return True
    return False
