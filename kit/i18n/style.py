"""Checks of one translation, the warnings: what a careful reader would stumble over.

A warning may be wrong; a person decides. Rules for one language are chosen by the locale's language code.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from kit.i18n import gettext as _
from kit.i18n.checks import Text
from kit.i18n.findings import Problem

_NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f\u2009]\d+)*")
_DOUBLE_SPACE = re.compile(r"(?<=\S) {2,}(?=\S)")
_ZERO_WIDTH = re.compile("[\u200b\u2060\ufeff]")
_FULL_WIDTH = str.maketrans("。！？：；，．", ".!?:;,.")
_CLOSING = "*_`\"'”’»」』)）】 \u00a0\u202f"
_ENDS = ".!?:;…"
_HAN = "\u3400-\u9fff"
_HAN_SPACE = re.compile(rf"[{_HAN}] +[{_HAN}]")
_HALF_WIDTH = re.compile(rf"(?<=[{_HAN}])[,;:!?](?=[\s{_HAN}]|$)|(?<=[{_HAN}])\.(?=\s|$)")
_HALF_BRACKETS = re.compile(rf"\([^()]*[{_HAN}][^()]*\)")
_LOOSE = re.compile(r"(?<=\S) (?=[:;!?»]|%(?![%\w]))|« ")
_USTED = re.compile(
    r"(?<!“)\b(?:usted|ustedes)\b|(?:^|[.:!?]\s+|[-*]\s+)(?:Abra|Asegúrese|Cambie|Compruebe|Copie|Cree|Ejecute|Elija|"
    r"Escriba|Espere|Guarde|Haga|Inicie|Instale|Lea|Pegue|Recuerde|Revise|Seleccione|Vea|Vuelva)\b",
    re.IGNORECASE,
)


def numbers(source: Text, translation: Text) -> Iterator[Problem]:
    """The same numbers occur, whatever the separators."""
    here, there = (
        Counter(re.sub(r"\D", "", n) for n in _NUMBER.findall(text.prose)) for text in (source, translation)
    )
    if here != there:
        missing, extra = sorted((here - there).elements()), sorted((there - here).elements())
        parts = [f"– {number}" for number in missing] + [f"+ {number}" for number in extra]
        reason = _("the numbers differ: {difference}").format(difference=", ".join(parts))
        yield Problem("numbers", reason, _("Compare the figures; a number in words may be fine."))


def spaces(source: Text, translation: Text) -> Iterator[Problem]:
    """No double and no zero-width space slips in."""
    if len(_DOUBLE_SPACE.findall(translation.prose)) > len(_DOUBLE_SPACE.findall(source.prose)):
        yield Problem("double-space", _("there is a double space"), _("Remove one of the spaces."))
    if _ZERO_WIDTH.search(translation.raw) and not _ZERO_WIDTH.search(source.raw):
        yield Problem(
            "zero-width", _("there is an invisible zero-width space"), _("Type the text around it afresh.")
        )


def end_punctuation(source: Text, translation: Text) -> Iterator[Problem]:
    """Source and translation end with the same kind of sign."""
    here, there = _end(source.prose), _end(translation.prose)
    if here != there and (here, there) != ("", ":"):  # a list may need its colon
        reason = _("the source ends with “{source}”, the translation with “{translation}”").format(
            source=here or _("no punctuation"), translation=there or _("no punctuation")
        )
        yield Problem("end-punctuation", reason, _("End the translation as the source ends."))


def _end(prose: str) -> str:
    text = prose.rstrip().rstrip(_CLOSING).translate(_FULL_WIDTH)
    return text[-1] if text and text[-1] in _ENDS else ""


def chinese(source: Text, translation: Text) -> Iterator[Problem]:
    """Chinese text has no spaces between characters, and full-width punctuation and brackets."""
    if _HAN_SPACE.search(translation.prose):
        yield Problem("han-space", _("there is a space between Chinese characters"), _("Remove the space."))
    if _HALF_WIDTH.search(translation.prose):
        fix = _("Use ，。：；！？ after Chinese characters.")
        yield Problem("half-width", _("half-width punctuation follows a Chinese character"), fix)
    if _HALF_BRACKETS.search(translation.prose):
        fix = _("Use （ and ） around Chinese text.")
        yield Problem("half-width", _("half-width brackets stand around Chinese text"), fix)


def spanish(source: Text, translation: Text) -> Iterator[Problem]:
    """Questions and exclamations open with ¿ and ¡; the reader is addressed with tú."""
    for opening, closing in ("¿?", "¡!"):
        if len(re.findall(rf"\w[{closing}]", translation.prose)) > translation.prose.count(opening):
            reason = _("a sentence ends with {closing} and does not begin with {opening}")
            fix = _("Put {opening} where the question or exclamation begins.").format(opening=opening)
            yield Problem("opening-mark", reason.format(closing=closing, opening=opening), fix)
    if _USTED.search(translation.prose):
        yield Problem(
            "register", _("the reader is addressed with “usted”"), _("Use the forms of “tú” throughout.")
        )


def french(source: Text, translation: Text) -> Iterator[Problem]:
    """No line breaks before a high punctuation mark, nor inside of guillemets."""
    if _LOOSE.search(translation.prose):
        reason = _("a line may break at the space beside : ; ! ? % « or »")
        yield Problem("loose-space", reason, _("Put a no-break space (U+00A0) there."))


ANY_LANGUAGE: tuple[Callable[[Text, Text], Iterator[Problem]], ...] = (numbers, spaces, end_punctuation)
BY_LANGUAGE: dict[str, tuple[Callable[[Text, Text], Iterator[Problem]], ...]] = {
    "zh": (chinese,),
    "es": (spanish,),
    "fr": (french,),
}


def warnings(source: Text, translation: Text, locale: str) -> Iterator[Problem]:
    """Yield what a reader of this locale may stumble over."""
    for check in (*ANY_LANGUAGE, *BY_LANGUAGE.get(locale.split("_", maxsplit=1)[0], ())):
        yield from check(source, translation)
