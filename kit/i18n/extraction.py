"""The kit's own messages, taken from its source files by Babel's extractor."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_file

from kit.errors import N_, CatalogError
from kit.i18n.catalogs import SourceMessage

_KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
_CALL = re.compile(rb"\b(?:_|gettext|N_|ngettext)\s*\(")
_COMMENT_TAG = "Translators:"


def kit_messages(package: Path) -> list[SourceMessage]:
    """Return the messages of all Python files below ``package``, in the order of files and lines.

    Raises:
        CatalogError: a file is no Python.
    """
    found: dict[str, SourceMessage] = {}
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package.parent).as_posix()
        if "_share" in path.parts:  # an installed copy of the learners' material
            continue
        if not _CALL.search(path.read_bytes()):  # reading Python is slow, and most files hold no message
            continue
        try:
            extracted = extract_from_file(
                "python", path, keywords=_KEYWORDS, comment_tags=[_COMMENT_TAG], strip_comment_tags=True
            )
        except (SyntaxError, UnicodeDecodeError) as error:
            raise CatalogError(
                N_("{file}: the messages cannot be extracted ({reason})."),
                advice=N_("Mend the file first: “ruff check” shows the place."),
                file=path,
                reason=error,
            ) from error
        for _line, message, comments, _context in extracted:
            _add(found, message, " ".join(comments), name)
    return list(found.values())


def _add(found: dict[str, SourceMessage], message: str | tuple[str, ...], comment: str, source: str) -> None:
    msgid, plural = (message[0], message[1]) if isinstance(message, tuple) else (message, "")
    if not msgid:
        return
    known = found.get(msgid)
    sources = known.sources if known else ()
    found[msgid] = SourceMessage(
        msgid,
        plural or (known.plural if known else ""),
        (known.comment if known else "") or comment,
        sources if source in sources else (*sources, source),
        ("python-brace-format",) if "{" in msgid or "{" in plural else (),
    )
