"""``-p NAME=VALUE`` for the commands that take values for a lab's parameters cell."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from kit.errors import N_, UsageError

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class ParameterCommand(click.Command):
    """Accepts ``-p NAME VALUE``, as papermill does, beside ``-p NAME=VALUE``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Join a name and the value after it before click counts the words."""
        joined, rest = [], list(args)
        while rest:
            word = rest.pop(0)
            if word in {"-p", "--parameter"} and len(rest) > 1 and "=" not in rest[0]:
                name, value = rest.pop(0), rest.pop(0)
                joined += [word, f"{name}={value}"]
            else:
                joined.append(word)
        return super().parse_args(ctx, joined)


def parameters_option(help_text: str) -> Callable[[Decorated], Decorated]:
    """Return the option ``-p`` of a :class:`ParameterCommand`; its argument is called ``assignments``."""
    return click.option(
        "-p", "--parameter", "assignments", metavar="NAME=VALUE", multiple=True, help=help_text
    )


def split(assignment: str) -> tuple[str, str]:
    """Return name and value of ``NAME=VALUE``.

    Raises:
        UsageError: it has another form. The message does not repeat a value, which may be a secret.
    """
    name, equals, value = assignment.partition("=")
    if not equals or not name.strip():
        raise UsageError(
            N_("“{assignment}” is not a parameter with a value."),
            advice=N_("Write NAME=VALUE, such as: -p n_epochs=5"),
            assignment=name,
        )
    return name.strip(), value
