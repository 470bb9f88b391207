"""What the kit itself says, looked up at run time in the learner's locale (gettext domain ``kit``).

Catalogs are read from their ``.po`` files: a few hundred messages parse in milliseconds, and a translator
sees an edit at once, without a build step.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import c2py
from pathlib import Path

import polib

from kit import settings
from kit.errors import KitError, UnknownLocaleError
from kit.i18n import locales

DOMAIN = "kit"
_current: list[str] = []  # one element once chosen; a notebook has one locale
_speaking: ContextVar[str] = ContextVar("speaking", default="")  # a server speaks to several people at once


def _path(locale: str) -> Path:
    return settings.locales_folder() / locale / "LC_MESSAGES" / f"{DOMAIN}.po"


@cache
def _messages(locale: str) -> dict[str, polib.POEntry]:
    path = _path(locale)
    if not path.exists():
        return {}
    return {
        entry.msgid: entry for entry in polib.pofile(str(path)) if entry.translated() and not entry.obsolete
    }


@cache
def _plural_rule(locale: str) -> Callable[[int], int]:
    """Return which form a number takes, by the ``Plural-Forms`` header that the translators' tools write."""
    path = _path(locale)
    header = polib.pofile(str(path)).metadata.get("Plural-Forms", "") if path.exists() else ""
    expression = header.partition("plural=")[2].rstrip("; ")
    return c2py(expression or "n != 1")


def use(locale: str) -> str:
    """Choose the locale of all later messages; return its identifier.

    Raises:
        UnknownLocaleError: the kit does not ship that locale.
    """
    _current[:] = [locales.negotiate(locale)]
    return _current[0]


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Use a locale within a block only, and for this thread or task only.

    Raises:
        UnknownLocaleError: the kit does not ship that locale.
    """
    before = _speaking.set(locales.negotiate(locale))
    try:
        yield
    finally:
        _speaking.reset(before)


def current() -> str:
    """Return the chosen locale, or else the one that the environment asks for, or else English."""
    if spoken := _speaking.get():
        return spoken
    if not _current:
        try:
            return locales.negotiate(settings.requested_locale() or locales.SOURCE)
        except UnknownLocaleError:
            return locales.SOURCE
    return _current[0]


def gettext(message: str) -> str:
    """Return ``message`` in the current locale, or unchanged where no translation exists."""
    entry = _messages(current()).get(message)
    return entry.msgstr or message if entry else message


def ngettext(singular: str, plural: str, n: int) -> str:
    """Return the form for ``n`` in the current locale, by the plural rule that its catalog declares."""
    entry = _messages(current()).get(singular)
    if entry is None or not entry.msgstr_plural:
        return singular if n == 1 else plural
    return entry.msgstr_plural[_plural_rule(current())(n)]


KitError.translate = staticmethod(gettext)
