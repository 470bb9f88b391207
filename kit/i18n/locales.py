"""Locale identifiers: which the kit ships, which spellings it accepts, and how Babel calls them.

The shipped locales are the folders of ``locales/`` plus English, the source language; nothing here has to
change when a language is added. Only *spellings* are a table: Babel's own negotiation knows neither that
``pt`` means Brazilian Portuguese here, nor that ``zh-TW`` must never fall back to simplified characters.
"""

from functools import cache

from babel import Locale
from babel import UnknownLocaleError as BabelUnknownLocale

from kit import settings
from kit.errors import N_, UnknownLocaleError

SOURCE = "en"

# What a short identifier means here; a browser chooses fonts, voices and hyphenation by it.
_TAGS = {"pt": "pt-BR", "zh": "zh-Hans"}
# Language tags whose writing or wording differs from the shipped locale of the same language.
_NOT_THE_SAME = {"zh_tw", "zh_hk", "zh_mo", "zh_hant"}


@cache
def available() -> tuple[str, ...]:
    """Return the shipped locale identifiers, English first, then in alphabetical order."""
    folder = settings.locales_folder()
    translated = (entry.name for entry in folder.iterdir() if (entry / "LC_MESSAGES").is_dir())
    return (SOURCE, *sorted(translated))


def negotiate(identifier: str) -> str:
    """Return the shipped locale for any usual spelling: ``pt-BR``, ``pt_BR.UTF-8`` and ``PT`` are ``pt``.

    Raises:
        UnknownLocaleError: no shipped locale is meant; ``zh-TW`` and ``zh-Hant`` are refused, too, because
            they are not written in simplified characters.
    """
    tag = identifier.strip().split(".")[0].split("@")[0].replace("-", "_").lower()
    language, *rest = tag.split("_")
    traditional = any(f"{language}_{part}" in _NOT_THE_SAME for part in rest)
    for locale in available():
        if tag == locale.lower():
            return locale
    if language in available() and not traditional:
        return language
    raise UnknownLocaleError(
        N_("The locale “{identifier}” is not shipped. Available: {available}."),
        advice=N_("Choose one of them, or add a language: CONTRIBUTING.md, “Add a language”."),
        identifier=identifier,
        available=", ".join(available()),
    )


def preferred(accept_language: str) -> str | None:
    """Return the shipped locale that ``Accept-Language`` (RFC 9110, 12.5.4) puts first, or None."""
    wishes: list[tuple[float, str]] = []
    for wish in accept_language.split(",")[:20]:
        tag, _, quality = wish.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        wishes.append((-weight, tag))
    for weight, tag in sorted(wishes, key=lambda wish: wish[0]):
        try:
            if weight < 0:
                return negotiate(tag)
        except UnknownLocaleError:
            continue
    return None


@cache
def babel_locale(locale: str) -> Locale:
    """Return Babel's object for a shipped locale; ``pt`` is Brazil in CLDR as it is here."""
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (BabelUnknownLocale, ValueError):  # a pseudo-locale has no CLDR data
        return Locale.parse(SOURCE)


def name_in(locale: str, speech: str) -> str:
    """Return what a language is called in another one, as CLDR has it: ``inglés`` for ``en`` in ``es``."""
    return str(babel_locale(locale).get_language_name(babel_locale(speech)) or locale)


def own_name(locale: str) -> str:
    """Return what speakers call the language themselves: ``português``, ``中文``."""
    parsed = babel_locale(locale)
    return str(parsed.get_language_name(parsed) or locale)


def language_tag(locale: str) -> str:
    """Return the tag (BCP 47) for the attribute ``lang`` of a page, such as ``pt-BR`` for ``pt``."""
    return _TAGS.get(locale, locale.replace("_", "-"))
