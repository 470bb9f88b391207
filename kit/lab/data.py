"""The lab's data: found wherever the notebook runs, checked, counted."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from kit import i18n, settings, tokens
from kit.azure import models, training_files
from kit.azure.training_examples import Example
from kit.errors import N_, TrainingFileError
from kit.i18n import gettext as _
from kit.i18n import number, percent
from kit.lab.display import Table
from kit.lab.models import encoding_of


def data_file(chosen: str, default: str) -> Path:
    """Return the learner's own file, or else the course's file of that name in the lab's language.

    Raises:
        TrainingFileError: there is no such file.
    """
    path = Path(chosen).expanduser() if chosen else settings.labs_folder() / "data" / i18n.current() / default
    if not path.is_file():
        raise TrainingFileError(
            N_("There is no file {file}."),
            advice=N_(
                "Check the path. A relative one starts where you called “kit run”, or, in an open notebook, "
                "at the notebook's own folder."
            ),
            file=path,
        )
    return path


def read(path: Path) -> list[Example]:
    """Return the examples of a JSONL file, one dictionary with ``messages`` each.

    Raises:
        TrainingFileError: the service would refuse the file; the message names file and line.
    """
    return training_files.read_training_file(path)


def validate(training: Path, validation: Path) -> Table:
    """Check both files as the service will; return what they hold.

    Raises:
        TrainingFileError: with every problem that was found, file and line.
    """
    rows = []
    for path in (training, validation):
        examples = training_files.validate(path).require()
        turns = sum(len(example["messages"]) for example in examples)
        rows.append([path.name, number(len(examples)), number(turns), _("ready for upload")])
    headings = [_("File"), _("Examples"), _("Messages"), _("Result")]
    return Table(headings, rows, numeric=frozenset({1, 2}))


def leaks(training: Sequence[Example], validation: Sequence[Example]) -> list[str]:
    """Return the validation questions that stand in the training file, too."""
    return training_files.leakage(training, validation)


def count_tokens(examples: Sequence[Example], model: str) -> tuple[list[int], list[int]]:
    """Return the tokens of each example, all of them and the assistant's, as the model counts them."""
    encoding = encoding_of(models.find(model))
    counted = tokens.count_conversations([example["messages"] for example in examples], encoding)
    return [each.total for each in counted], [each.assistant for each in counted]


def _totals(name: str, model: str) -> dict[str, int]:
    """Return the tokens of the same course file in each language that has it."""
    folder = settings.labs_folder() / "data"
    files = {locale: folder / locale / name for locale in i18n.available()}
    return {
        locale: sum(count_tokens(read(path), model)[0]) for locale, path in files.items() if path.exists()
    }


def languages_compared(name: str, model: str) -> Table:
    """Return how many tokens the same course file takes in each language, beside English."""
    totals = _totals(name, model)
    share = tokens.compared(totals, i18n.SOURCE)
    rows = [
        [f"{i18n.own_name(locale)} ({locale})", number(n), percent(share[locale])]
        for locale, n in totals.items()
    ]
    headings = [_("Language"), _("Tokens"), _("Compared with English")]
    return Table(headings, rows, _("The same conversations in every language"), frozenset({1, 2}))


def most_tokens(name: str, model: str) -> str:
    """Return the locale in which the same course file takes the most tokens."""
    totals = _totals(name, model)
    return max(totals, key=lambda locale: totals[locale])


def read_results(text: str) -> list[dict[str, float | None]]:
    """Return the rows of a job's results file: a number per column, None where the service left a gap."""
    rows = csv.DictReader(io.StringIO(text))
    return [{name: float(value) if value else None for name, value in row.items()} for row in rows]
