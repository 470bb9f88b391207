"""The exceptions of the kit: every foreseeable mistake has a message that a learner can act on.

::

    KitError
    ├── UsageError            a parameter, an option or a name that does not exist
    │   └── UnknownLocaleError
    ├── SettingsError         something is missing from the environment
    ├── BudgetError           a step would cost more than the learner allows
    ├── LedgerError           the record of what a lab has created cannot be read
    ├── TrainingFileError     a training or validation file: names file and line
    ├── DataError             a data set to evaluate or train on: names file and row
    ├── ModelError            a model that is unknown, retired or cannot be fine-tuned
    ├── ServiceError          the service refused a request, or cannot be reached
    │   └── JobFailedError    a fine-tuning job ended without a model
    ├── TemplateError         a template or notebook cannot be read or rendered: names file and line
    ├── CatalogError          a message catalog cannot be read or does not fit
    ├── NotebookError         a notebook stopped: names the cell
    ├── PortInUseError        a server cannot listen where it was asked to
    └── StateFileError        the file that keeps a simulator's state cannot be used

An exception holds its text as a *message identifier* with named fields, not as a finished sentence: the
ground layer knows no language. ``kit.i18n`` hooks its ``gettext`` in as :attr:`KitError.translate`, and from
then on ``str(error)`` is in the learner's language. ``N_`` marks such a text for the catalog ``kit``.
"""

from collections.abc import Callable
from typing import Any, ClassVar


def _unchanged(text: str) -> str:
    return text


def N_(message: str) -> str:  # noqa: N802 - the name gettext gives to a deferred message
    """Mark a message for extraction without translating it."""
    return message


class KitError(Exception):
    """What happened, where, and what to do next.

    Args:
        message: one sentence in English with ``{named}`` fields: what happened and where.
        advice: what to do next, in the same form; empty where the message says it all.
        fields: values of the named fields, already safe to show.
    """

    translate: ClassVar[Callable[[str], str]] = staticmethod(_unchanged)

    def __init__(self, message: str, *, advice: str = "", **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.fields = fields

    def __str__(self) -> str:
        """Return message and advice, each on a line of its own, in the current language."""
        texts = [text for text in (self.message, self.advice) if text]
        return "\n".join(KitError.translate(text).format_map(self.fields) for text in texts)

    def message_text(self) -> str:
        """Return what happened, without the advice, in the current language."""
        return KitError.translate(self.message).format_map(self.fields)

    def advice_text(self) -> str:
        """Return what to do next, in the current language; may be empty."""
        return KitError.translate(self.advice).format_map(self.fields) if self.advice else ""

    def _render_traceback_(self) -> list[str]:
        """Give Jupyter the sentences instead of a traceback (IPython looks this method up by name)."""
        return str(self).split("\n")

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would call the constructor with the finished sentence and lose the fields.
        return _rebuild, (type(self), self.message, self.advice, self.fields)


def _rebuild(kind: type[KitError], message: str, advice: str, fields: dict[str, Any]) -> KitError:
    return kind(message, advice=advice, **fields)


class UsageError(KitError):
    """A parameter, option or name that does not exist or does not fit."""


class UnknownLocaleError(UsageError):
    """A locale identifier that the kit does not ship."""


class SettingsError(KitError):
    """Something the environment has to provide is missing or unusable."""


class BudgetError(KitError):
    """A step would cost more than the learner allows; nothing was bought."""


class LedgerError(KitError):
    """The record of what a lab has created cannot be read or is in use."""


class TrainingFileError(KitError):
    """A training or validation file that the service would refuse."""


class DataError(KitError):
    """A data set that cannot be found or read, or one of its rows."""


class ModelError(KitError):
    """A model that is unknown, retired, or cannot be fine-tuned."""


class ServiceError(KitError):
    """The service refused a request, or cannot be reached."""


class JobFailedError(ServiceError):
    """A fine-tuning job reached a terminal state without a model."""


class TemplateError(KitError):
    """A template or a notebook that cannot be read or rendered."""


class CatalogError(KitError):
    """A message catalog that cannot be read or does not fit its template."""


class NotebookError(KitError):
    """A notebook stopped before its end."""


class PortInUseError(KitError):
    """A server cannot listen on the address it was given."""


class StateFileError(KitError):
    """The file that keeps a simulator's state is locked, damaged, from a newer kit, or cannot be written."""
