"""Conversations and answers, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from kit.i18n import gettext as _
from kit.lab.display import Table


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "") -> Table:
    """Return a table of anything; columns of which every value begins with a digit are set flush right."""
    texts = [[str(value) for value in row] for row in rows]
    numeric = {
        column for column in range(len(headings)) if texts and all(row[column][:1].isdigit() for row in texts)
    }
    return Table(headings, texts, caption, frozenset(numeric))


def show_conversation(example: Mapping[str, Any]) -> Table:
    """Return one training example as a table of roles and texts."""
    rows = [[message["role"], str(message.get("content") or "")] for message in example["messages"]]
    return Table([_("Role"), _("Content")], rows)


def side_by_side(
    questions: Sequence[Sequence[Mapping[str, Any]]],
    base: Sequence[str],
    tuned: Sequence[str],
    references: Sequence[str],
    rows: int = 3,
) -> Table:
    """Return the first questions with both models' answers and the answer a person wrote."""
    headings = [_("Question"), _("Base model"), _("Tuned model"), _("Written by a person")]
    asked = [str(messages[-1]["content"]) for messages in questions]
    compared = list(zip(asked, base, tuned, references, strict=True))[:rows]
    return Table(headings, compared, _("The same held-out questions, two models"))
