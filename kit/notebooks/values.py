"""Values in prose: ``{{ minutes(60) }}`` or ``{{ doc("fine-tuning") }}`` in a markdown cell.

They are filled in after translation, so that translators see the expression and each language gets its own
form. Undefined names are errors, never empty text.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import SandboxedEnvironment

from kit import i18n
from kit.errors import N_, TemplateError
from kit.i18n import gettext as _
from kit.i18n.tables import LINKS, Table

# Only expressions are wanted: "{#" and "{%" are ordinary text in markdown and LaTeX, braces in quotes, too.
_EXPRESSION = re.compile(r"""\{\{(?:"[^"]*"|'[^']*'|[^{}"'])*\}\}""")


class Values:
    """What expressions in markdown cells may call, in one locale.

    ``number``, ``percent``, ``money``, ``duration``, ``date`` and ``joined`` are those of :mod:`kit.i18n`;
    ``minutes(n)`` is ``duration(n, "minute")``; ``languages()`` lists the languages of the labs;
    ``doc(key)`` is the address of a documentation page, from the table beside the catalogs.
    """

    def __init__(self, locale: str, locales_folder: Path) -> None:
        functions: dict[str, Callable[..., str]] = {
            "number": i18n.number,
            "percent": i18n.percent,
            "money": i18n.money,
            "duration": i18n.duration,
            "date": i18n.date,
            "joined": i18n.joined,
        }
        names: dict[str, Any] = {
            name: partial(function, locale=locale) for name, function in functions.items()
        }
        names["minutes"] = partial(i18n.duration, unit="minute", locale=locale)
        names["languages"] = partial(_languages, locale)
        names["doc"] = Table(locales_folder / LINKS, locale)
        self._environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        self._environment.globals = names
        self._compiled: dict[str, Template] = {}

    def fill(self, text: str, file: Path, line: int) -> str:
        """Return ``text`` with every expression replaced by its value.

        Raises:
            TemplateError: an expression cannot be read or evaluated; names ``file`` and ``line``.
        """
        if "{{" not in text:
            return text
        try:
            filled = _EXPRESSION.sub(lambda expression: self._value(expression[0]), text)
            if "{{" in _EXPRESSION.sub("", text):
                raise ValueError(_("an expression is not closed"))
            return filled
        except (JinjaError, TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise TemplateError(
                N_("{file}, line {line}: an expression in {{{{ }}}} cannot be filled in ({reason})."),
                advice=N_("Compare the cell and its translation; the known names are {names}."),
                file=file,
                line=line,
                reason=error,
                names=", ".join(sorted(self._environment.globals)),
            ) from error

    def _value(self, expression: str) -> str:
        """Evaluate one expression; a lab uses few different ones, and compiling them is slow."""
        if expression not in self._compiled:
            self._compiled[expression] = self._environment.from_string(expression)
        return self._compiled[expression].render()


def _languages(locale: str) -> str:
    """Return the shipped languages as a sentence lists them, each with its identifier as a Python string."""
    with i18n.speaking(locale):
        form = _('{language} (`"{identifier}"`)')
    names = [form.format(language=i18n.name_in(each, locale), identifier=each) for each in i18n.available()]
    return i18n.joined(names, locale=locale)
