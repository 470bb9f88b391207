"""Scores as a learner sees them: tables and pictures of what :mod:`kit.evaluation` has computed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import exp
from typing import Any

from kit import i18n, plots
from kit.errors import N_, UsageError
from kit.evaluation.data import LabelledText, load
from kit.evaluation.experiments import Experiments
from kit.evaluation.languages import LabelSet
from kit.evaluation.languages import sentiment as sentiment_in
from kit.evaluation.metrics.calibration import calibration
from kit.evaluation.metrics.classification import confusion_matrix, per_class
from kit.evaluation.metrics.score import Score
from kit.evaluation.parsing import Reason, counted, parse_label
from kit.evaluation.sampling import Split
from kit.i18n import gettext as _
from kit.i18n import number, percent
from kit.lab.display import Table
from kit.plots import Estimate, Picture, ReliabilityPoint

Answers = Sequence[Any]

_METRICS = {
    "accuracy": lambda: _("Accuracy"),
    "macro_precision": lambda: _("Precision"),
    "macro_recall": lambda: _("Recall"),
    "macro_f1": lambda: _("F1"),
}

_EXAMPLE = "“text=body, label=stars, 0=negative, 1=positive”"

_NUMBERS = ("bleu", "chrf", "corpus_perplexity")  # scores that are no shares

_KINDS = {
    "plain": lambda: _("plain"),
    "negation": lambda: _("negation"),
    "irony": lambda: _("irony"),
    "mixed": lambda: _("mixed feelings"),
}


def sentiment() -> LabelSet:
    """Return the labels “positive” and “negative” with their names in the lab's language."""
    return sentiment_in(i18n.current())


def reviews(source: str, locale: str = "", *, columns: str = "") -> list[LabelledText]:
    """Return labelled reviews: the course's own, or those of a file, a folder, a package or the hub.

    Args:
        source: ``reviews`` for the course's own, in the lab's language; otherwise as in
            :func:`kit.evaluation.data.load`.
        locale: another language of the course's own.
        columns: what is what in another data set, where it is not found by itself: the columns with text and
            label, and what labels mean, such as ``text=body, label=stars, 0=negative, 1=positive``.

    Raises:
        DataError: the source cannot be found or read; the message names file and row.
        UsageError: ``columns`` has another form.
    """
    own = source == "reviews"
    meanings = {} if own else _meanings(columns)
    return load(
        "" if own else source,
        locale=locale or i18n.current(),
        labels=sentiment_in(i18n.current()),
        text_column=meanings.pop("text", ""),
        label_column=meanings.pop("label", ""),
        label_names=meanings,
    )


def _meanings(text: str) -> dict[str, str]:
    """Return what stands on the left and on the right of each equals sign.

    Raises:
        UsageError: the text has another form.
    """
    pairs = [part.split("=") for part in text.split(",") if part.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise UsageError(
            N_("“{text}” does not say what is what in a data set."),
            advice=N_("Write it like {example}."),
            text=text,
            example=_EXAMPLE,
        )
    return {left.strip(): right.strip() for left, right in pairs}


def overview(parts: Split[LabelledText], labels: LabelSet) -> Table:
    """Return how many texts of each label every part of a split has."""
    names = {"train": _("Examples"), "validation": _("Validation"), "test": _("Test")}
    rows = []
    for part, name in names.items():
        count = Counter(row.label for row in getattr(parts, part))
        rows.append([name, *(number(count[key]) for key in labels.keys), number(count.total())])
    headings = [_("Part"), *map(labels.called, labels.keys), _("Together")]
    return Table(headings, rows, _("The same share of each label in every part"), frozenset({1, 2, 3}))


def read_labels(run: Answers, labels: LabelSet) -> list[str | None]:
    """Return the label of each answer; None where it holds none, so that refusals stay in the count."""
    return [parse_label(each.text, labels, finish_reason=each.finish_reason).label for each in run]


def reply(row: LabelledText, labels: LabelSet) -> dict[str, str]:
    """Return the answer that is right for a text, as a message of the assistant."""
    return {"role": "assistant", "content": labels.called(row.label)}


def unread(run: Answers, labels: LabelSet) -> Table:
    """Return how many answers were read, and why the others could not be."""
    found = counted(parse_label(each.text, labels, finish_reason=each.finish_reason) for each in run)
    rows = [[_reason(reason), number(n)] for reason, n in found.items() if n or reason == Reason.OK]
    return Table([_("How the answer was read"), _("Answers")], rows, numeric=frozenset({1}))


def parsed(answers: Sequence[str], labels: LabelSet) -> Table:
    """Return what the parser makes of some answers, and why."""
    rows = []
    for answer in answers:
        found = parse_label(answer, labels)
        name = labels.called(found.label) if found.label else "–"
        rows.append([answer or _("(empty)"), name, _reason(found.reason)])
    return Table([_("Answer"), _("Label"), _("Reason")], rows)


def _reason(reason: Reason) -> str:
    return {
        Reason.OK: _("one label"),
        Reason.OTHER_LANGUAGE: _("a label in another language"),
        Reason.EMPTY: _("empty"),
        Reason.REFUSAL: _("the model refused"),
        Reason.AMBIGUOUS: _("several labels"),
        Reason.NEGATED: _("the label was negated"),
        Reason.CUT: _("the answer was cut off"),
        Reason.NO_LABEL: _("no label in it"),
    }[reason]


def score_table(scores: Mapping[str, Score], caption: str = "") -> Table:
    """Return scores with their confidence intervals, sizes and signatures, one a row."""
    rows = [[name, *_figures(score), number(score.n), score.signature] for name, score in scores.items()]
    headings = [_("Metric"), _("Value"), _("95% interval"), _("Items"), _("Signature")]
    return Table(headings, rows, caption, frozenset({1, 3}))


def score_chart(scores: Mapping[str, Score], title: str = "") -> Picture:
    """Draw scores with their confidence intervals."""
    return plots.score_intervals({name: _estimate(score) for name, score in scores.items()}, title)


def confusion(
    predicted: Sequence[str | None], truth: Sequence[str], labels: LabelSet, run: Answers = ()
) -> Picture:
    """Draw what was taken for what; answers without a label have a column of their own.

    Args:
        predicted: labels, None where an answer held none.
        truth: the right labels.
        labels: in this order.
        run: the answers, to tell refusals from the rest.
    """
    reasons = [parse_label(each.text, labels, finish_reason=each.finish_reason).reason for each in run]
    refused = [reason == Reason.REFUSAL for reason in reasons] if reasons else None
    matrix = confusion_matrix(predicted, truth, labels.keys, refused=refused)
    names = [labels.called(name) if name in labels.keys else name for name in matrix.columns]
    return plots.confusion_matrix(
        matrix.counts.tolist(), [labels.called(name) for name in matrix.labels], names
    )


def by_label(predicted: Sequence[str | None], truth: Sequence[str], labels: LabelSet) -> Picture:
    """Draw precision, recall and F1 of each label, with intervals."""
    found = per_class(predicted, truth, labels.keys)
    names = [_("{group} ({n})").format(group=labels.called(each.label), n=number(each.n)) for each in found]
    series = {
        _METRICS[f"macro_{kind}"](): [_estimate(getattr(each, kind)) for each in found]
        for kind in ("precision", "recall", "f1")
    }
    return plots.score_groups(names, series, _("Scores by label"))


def by_group(
    metric: Callable[[Sequence[str | None], Sequence[str]], Score],
    predicted: Sequence[str | None],
    truth: Sequence[str],
    groups: Sequence[str],
    title: str = "",
) -> Picture:
    """Draw a metric for each group of items, such as the kinds of reviews, with intervals."""
    members: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    names = [
        _("{group} ({n})").format(group=_group(group), n=number(len(found)))
        for group, found in members.items()
    ]
    scores = [metric([predicted[i] for i in found], [truth[i] for i in found]) for found in members.values()]
    series = _METRICS[scores[0].name]() if scores[0].name in _METRICS else scores[0].name
    return plots.score_groups(names, {series: list(map(_estimate, scores))}, title)


def _group(key: str) -> str:
    return _KINDS[key]() if key in _KINDS else key or _("other")


def confidences(run: Answers) -> list[float]:
    """Return for each answer the probability that the model gave it; 0 where the model tells none."""
    return [exp(sum(each.logprobs)) if each.logprobs else 0.0 for each in run]


def reliability_chart(run: Answers, correct: Sequence[bool]) -> Picture:
    """Draw how often the model is right when it is sure, from the log-probabilities of its answers."""
    found = calibration([min(1.0, each) for each in confidences(run)], correct, bins=5)
    points = [ReliabilityPoint(b.confidence, b.accuracy, *b.interval, b.n) for b in found.bins]
    return plots.reliability(points, found.error)


def surest_mistakes(
    run: Answers, rows: Sequence[LabelledText], predicted: Sequence[str | None], labels: LabelSet, n: int = 3
) -> Table:
    """Return the wrong answers that the model was surest of: they teach the most."""
    sure = confidences(run)
    wrong = [i for i, row in enumerate(rows) if predicted[i] != row.label]
    worst = sorted(wrong, key=lambda i: -sure[i])[:n]
    shown = [
        [rows[i].text, labels.called(rows[i].label), run[i].text or _("(empty)"), percent(sure[i])]
        for i in worst
    ]
    headings = [_("Review"), _("Right label"), _("Answer"), _("Probability of the answer")]
    return Table(headings, shown, _("No answer was wrong.") if not shown else "", frozenset({3}))


def experiment_table(experiments: Experiments) -> Table:
    """Return the variants with their validation scores, each compared with the first."""
    against = experiments.comparisons()
    rows = []
    for name, variant in experiments.variants.items():
        comparison, corrected = against.get(name, (None, None))
        rows.append(
            [
                name,
                *_figures(variant.scores[experiments.metric]),
                "–" if comparison is None else i18n.signed(100 * comparison.difference, 1),
                "–" if corrected is None else number(corrected, 3),
            ]
        )
    headings = [_("Variant"), _("Accuracy"), _("95% interval"), _("Difference in points"), _("p, corrected")]
    return Table(headings, rows, numeric=frozenset({1, 3, 4}))


def _estimate(score: Score) -> Estimate:
    between = score.interval
    return Estimate(score.value, between.low, between.high) if between else Estimate(score.value)


def _figures(score: Score) -> tuple[str, str]:
    """Return value and interval as text: shares as percentages, everything else as numbers."""
    shown: Callable[[float], str] = (
        (lambda value: number(value, 1)) if score.name.startswith(_NUMBERS) else percent
    )
    between = score.interval
    return shown(score.value), f"{shown(between.low)} – {shown(between.high)}" if between else "–"
