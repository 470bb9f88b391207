"""What click itself says: headings of help pages and what is wrong with a call, in the person's language.

click takes its texts from :mod:`gettext`, which reads compiled catalogs of the whole system. Its modules keep
that function under the names ``_`` and ``ngettext``, and these get the kit's catalogs in its place.
"""

import click
from click import core, decorators, exceptions, formatting, parser, types

from kit.errors import N_
from kit.i18n import gettext

# Those that a call of the kit can bring about, as click 8.5 words them. Any other text stays in English.
_TEXTS = (
    N_("Usage:"),
    N_("Options"),
    N_("Show this message and exit."),
    N_("Error: {message}"),
    N_("Try '{command} {option}' for help."),
    N_("Invalid value for {param_hint}: {message}"),
    N_("Missing argument"),
    N_("No such option {name!r}."),
    N_("Did you mean {possibility}?"),
    N_("(Did you mean one of: {possibilities}?)"),
    N_("Option {name!r} requires an argument."),
    N_("Option {name!r} does not take a value."),
    N_("Got unexpected extra argument ({args})"),
    N_("Got unexpected extra arguments ({args})"),
    N_("{value!r} is not one of {choices}."),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    N_("{name} {filename!r} is a file."),
    N_("{name} {filename!r} is a directory."),
    N_("file"),
    N_("directory"),
)


def speak() -> None:
    """Let click say what it says in the language of the command."""
    for module in (core, decorators, exceptions, formatting, parser, types):
        for name, function in (("_", gettext), ("ngettext", _plural)):
            if hasattr(module, name):
                setattr(module, name, function)


def _plural(singular: str, plural: str, n: int) -> str:
    return gettext(singular if n == 1 else plural)


class LateOption(click.Option):
    """An option whose help, marked with ``N_``, is translated when it is shown.

    For the group's own options: they are made before ``--locale`` or a file ``.env`` has chosen a language.
    """

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option's names and its help."""
        english = self.help
        self.help = english and gettext(english)
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = english
