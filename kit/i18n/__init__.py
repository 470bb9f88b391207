"""Languages: which there are, what the kit says in them, and how they write numbers, money and time."""

from kit.i18n.formats import compact, date, duration, joined, money, number, percent, signed
from kit.i18n.locales import (
    SOURCE,
    available,
    babel_locale,
    language_tag,
    name_in,
    negotiate,
    own_name,
    preferred,
)
from kit.i18n.translation import current, gettext, ngettext, speaking, use

__all__ = [
    "SOURCE",
    "available",
    "babel_locale",
    "compact",
    "current",
    "date",
    "duration",
    "gettext",
    "joined",
    "language_tag",
    "money",
    "name_in",
    "negotiate",
    "ngettext",
    "number",
    "own_name",
    "percent",
    "preferred",
    "signed",
    "speaking",
    "use",
]
