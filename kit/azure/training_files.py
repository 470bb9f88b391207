"""Training and validation files: read, and checked as the service will check them, before they are uploaded.

The form is chat JSONL: one JSON object with ``messages`` per line, UTF-8, with or without a byte order mark,
at least ten examples, below 512 MB. Sources:
https://learn.microsoft.com/azure/foundry/openai/how-to/fine-tuning (as of 2026-10-05),
https://developers.openai.com/cookbook/examples/chat_finetuning_data_prep.

Line numbers start at 1. Everything wrong is collected; an error names the first problems, each with its line.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from kit.azure.training_examples import Example, Fault, check_example, parse_line
from kit.errors import N_, KitError, TrainingFileError

MINIMUM_EXAMPLES = 10
MAXIMUM_BYTES = 512 * 1024 * 1024
SHOWN = 5  # problems that one error spells out

_BOM = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: what, in which file, and in which line (``None``: the file as a whole)."""

    file: str
    line: int | None
    fault: Fault

    def __str__(self) -> str:
        """Return line and fault as one sentence, in the current language."""
        translate = KitError.translate
        sentence = translate(self.fault.message).format_map(self.fault.fields)
        return sentence if self.line is None else translate(_IN_LINE).format(line=self.line) + sentence


_IN_LINE = N_("Line {line}: ")
_MORE = N_("… and {more} more problems.")


class _Listing(tuple[Problem, ...]):
    """Problems that write themselves one per line, the first ones, when an error is shown."""

    __slots__ = ()

    def __str__(self) -> str:
        lines = [str(problem) for problem in self[:SHOWN]]
        if len(self) > SHOWN:
            lines.append(KitError.translate(_MORE).format(more=len(self) - SHOWN))
        return "\n".join(lines)

    __format__ = object.__format__


@dataclass(frozen=True)
class Report:
    """What a file holds and what is wrong with it."""

    file: str
    examples: list[Example]
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the service would take the file."""
        return not self.problems

    def require(self) -> list[Example]:
        """Return the examples.

        Raises:
            TrainingFileError: something is wrong; the message names file and line.
        """
        if self.problems:
            _raise(self.problems)
        return self.examples


def _raise(problems: tuple[Problem, ...]) -> NoReturn:
    first = problems[0]
    raise TrainingFileError(
        N_("The file {file} cannot be used for training.\n{problems}"),
        advice=first.fault.advice,
        **{**first.fault.fields, "file": first.file, "line": first.line, "problems": _Listing(problems)},
    )


def read_training_file(path: Path | str) -> list[Example]:
    """Return the examples of a chat JSONL file, one dictionary with ``messages`` per line.

    Raises:
        TrainingFileError: the service would refuse the file; the message names file and line.
    """
    return validate(path).require()


def validate(path: Path | str) -> Report:
    """Check a file as the service will check it."""
    name = str(path)
    content, fault = _load(Path(path))
    if fault:
        return Report(name, [], (Problem(name, None, fault),))
    numbered: list[tuple[int, Any]] = []
    problems: list[Problem] = []
    for number, line in enumerate(_lines(content), start=1):
        example, fault = parse_line(line)
        if fault:
            problems.append(Problem(name, number, fault))
            if fault.ends_reading:
                return Report(name, [], tuple(problems))
        else:
            numbered.append((number, example))
    return _report(name, numbered, problems)


def _load(path: Path) -> tuple[bytes, Fault | None]:
    """Return a file's bytes without byte order mark, or why there are none."""
    try:
        if path.is_dir():
            return b"", Fault(N_("This is a folder, not a file."), N_("Give the path of a JSONL file."))
        size = path.stat().st_size
        content = path.read_bytes() if size < MAXIMUM_BYTES else b""
    except FileNotFoundError:
        return b"", Fault(N_("There is no such file."), N_("Check the path, and the folder you are in."))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        advice = N_("Check its path and permissions.")
        return b"", Fault(N_("The file cannot be read: {reason}"), advice, {"reason": reason})
    return content.removeprefix(_BOM), _fault_of(content, size)


def _fault_of(content: bytes, size: int) -> Fault | None:
    """Return what is wrong with a file as a whole, from its bytes and its size on disk."""
    if size >= MAXIMUM_BYTES:
        message = N_("The file has {size} MB; the service takes less than 512 MB.")
        advice = N_("Split the data, or leave out examples that teach nothing new.")
        return Fault(message, advice, {"size": size // 2**20})
    if content.startswith(_UTF16_MARKS):
        return Fault(N_("The file is encoded in UTF-16."), N_("Save it as UTF-8 and try again."))
    if not content.removeprefix(_BOM).strip():
        return Fault(N_("The file is empty."), N_("It needs one JSON object per line, ten at least."))
    return None


def _lines(content: bytes) -> list[bytes]:
    """Split at line feeds only: a JSON string may hold U+2028, which ``splitlines`` would cut at."""
    return [line.removesuffix(b"\r") for line in content.rstrip(b"\r\n \t").split(b"\n")]


def _report(name: str, numbered: list[tuple[int, Any]], problems: list[Problem]) -> Report:
    seen: dict[str, int] = {}
    for number, example in numbered:
        faults = check_example(example)
        if not faults:
            identity = repr(example["messages"])
            first = seen.setdefault(identity, number)
            if first != number:
                faults = [_repeated(first)]
        problems.extend(Problem(name, number, fault) for fault in faults)
    problems.sort(key=lambda problem: problem.line or 0)
    if len(numbered) < MINIMUM_EXAMPLES and not problems:
        problems.append(Problem(name, None, _too_few(len(numbered))))
    return Report(name, [example for _, example in numbered], tuple(problems))


def _repeated(first: int) -> Fault:
    return Fault(
        N_("This example repeats line {first}."),
        N_("Delete one of the two: repeated examples make the model learn them by heart."),
        {"first": first},
    )


def _too_few(count: int) -> Fault:
    return Fault(
        N_("The file has {count} examples; the service needs {minimum} at least."),
        N_("Add examples; for a visible effect, 50 to 100 good ones."),
        {"count": count, "minimum": MINIMUM_EXAMPLES},
    )


def leakage(training: Sequence[Example], validation: Sequence[Example]) -> list[str]:
    """Return the questions of the validation examples that stand in the training examples, too.

    Questions are compared by letters and digits alone, without case, width and spacing: ``Ｈｉ！`` is ``hi``.
    """
    known = {_normalized(_question(example)) for example in training} - {""}
    questions = map(_question, validation)
    return [question for question in questions if _normalized(question) in known]


def _question(example: Example) -> str:
    """Return what the user says in an example, all turns together."""
    said = (message.get("content") for message in example["messages"] if message.get("role") == "user")
    return "\n".join(text for text in said if isinstance(text, str))


def _normalized(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())
