"""The parameters cell of a notebook: which names it defines, and which values may take their defaults' place.

papermill injects whatever it is given: an unknown name only warns, a number arrives as a string, and a
secret ends up four times in the output (papermill#706). Here all of that is settled before a kernel starts.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rapidfuzz import process

from kit import settings
from kit.errors import N_, NotebookError, UsageError
from kit.notebooks import secrets
from kit.notebooks.literals import write_literal

TAG = "parameters"

_KINDS: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str, "list": list, "dict": dict}
_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}

# Words that name a secret at the end of a parameter's name: `max_tokens` and `secret_scope` are harmless.
_SECRET_WORDS = {"key", "apikey", "secret", "token", "password", "passwd", "pwd", "credential", "sas"}


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell: a name, its default and its type (``None`` where nothing tells)."""

    name: str
    default: Any
    kind: type | None


def read_parameters(notebook: Mapping[str, Any]) -> dict[str, Parameter]:
    """Return the parameters that a notebook's cell tagged ``parameters`` defines, in their order.

    Raises:
        NotebookError: the cell is not made of assignments of plain literals.
    """
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and TAG in cell.get("metadata", {}).get("tags", []):
            return _parse("".join(cell["source"]))
    return {}


def restore(parameters: Mapping[str, Any], known: Mapping[str, Parameter]) -> dict[str, Any]:
    """Return the values to inject, each with the type that its default has.

    Raises:
        UsageError: a name is unknown, a value has the wrong type, or either looks like a secret; the
            message never repeats a value that may be one.
    """
    for name, value in parameters.items():
        refuse_secret(name, value)
    return {name: _restored(_known(name, known), value) for name, value in parameters.items()}


def shared_out(
    parameters: Mapping[str, Any], labs: Mapping[str, Mapping[str, Parameter]]
) -> dict[str, dict[str, Any]]:
    """Return for each lab the values that it takes: labs share some parameters and not others.

    Args:
        parameters: new defaults by name; strings are read as the type of the default.
        labs: the parameters of each lab, as :func:`read_parameters` has them.

    Raises:
        UsageError: no lab knows a name, or a value does not fit or looks like a secret.
    """
    if "locale" in parameters:
        raise UsageError(
            N_("The parameter “locale” is the language of the edition."),
            advice=N_("Choose it with --locale."),
        )
    anywhere = {name: parameter for known in labs.values() for name, parameter in known.items()}
    restore(parameters, anywhere)
    return {
        lab: restore({name: value for name, value in parameters.items() if name in known}, known)
        for lab, known in labs.items()
    }


def replaced(source: str, values: Mapping[str, Any]) -> str:
    """Return a parameters cell in which these names have these values; everything else stays as it is."""
    text = source.encode()  # the columns of a syntax tree count bytes
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for statement in reversed(ast.parse(source).body):
        name, value, _annotation = _target(statement)
        if value is None or name not in values:
            continue
        begin = starts[value.lineno - 1] + value.col_offset
        end = starts[(value.end_lineno or value.lineno) - 1] + (value.end_col_offset or 0)
        text = text[:begin] + _literal(values[name]).encode() + text[end:]
    return text.decode()


def _literal(value: Any) -> str:
    return write_literal(value, formatted=False) if isinstance(value, str) else repr(value)


def refuse_secret(name: str, value: Any, *, name_counts: bool = True) -> None:
    """Raise :class:`UsageError` if a parameter's value looks like a secret, or its name where that counts."""
    last = re.split(r"[_-]", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().rstrip("_0123456789"))[-1]
    text = value if isinstance(value, str) else repr(value)
    known = any(each in text for each in settings.known_secrets().values())
    if (name_counts and last in _SECRET_WORDS) or known or secrets.is_one(text):
        raise UsageError(
            N_("The parameter “{name}” looks like a secret, and the executed notebook would show it."),
            advice=N_("Leave it out, and set an environment variable such as AZURE_OPENAI_API_KEY instead."),
            name=name,
        )


def _parse(source: str) -> dict[str, Parameter]:
    found = {}
    try:
        for statement in ast.parse(source).body:
            parameter = _assignment(statement)
            if parameter is not None:
                found[parameter.name] = parameter
    except (SyntaxError, ValueError) as error:
        raise NotebookError(
            N_("The parameters cell cannot be read: {reason}."),
            advice=N_("It may hold only assignments of plain values, such as: n_epochs = 3."),
            reason=str(error),
        ) from error
    return found


def _target(statement: ast.stmt) -> tuple[str, ast.expr | None, str]:
    """Return name, value and annotation of a simple assignment; no value for anything else."""
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, statement.value, ast.unparse(statement.annotation)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        [target] = statement.targets
        if isinstance(target, ast.Name):
            return target.id, statement.value, ""
    return "", None, ""


def _assignment(statement: ast.stmt) -> Parameter | None:
    """Return the parameter that a statement defines; ``None`` for anything but a simple assignment."""
    name, value, annotation = _target(statement)
    if value is None:
        return None
    default = ast.literal_eval(value)
    words = re.findall(r"\w+", annotation)
    inferred = None if default is None else type(default)
    kind = next((_KINDS[word] for word in words if word in _KINDS), inferred)
    return Parameter(name, default, kind)


def _known(name: str, known: Mapping[str, Parameter]) -> Parameter:
    if name in known:
        return known[name]
    nearest = process.extractOne(name, known.keys(), score_cutoff=70)
    advice = N_("Did you mean “{nearest}”? Parameters of this notebook: {known}.")
    if nearest is None:
        advice = N_("Parameters of this notebook: {known}.")
    if not known:
        advice = N_("This notebook has no parameters.")
    raise UsageError(
        N_("There is no parameter “{name}”."),
        advice=advice,
        name=name,
        nearest=nearest[0] if nearest else "",
        known=", ".join(known),
    )


def _restored(parameter: Parameter, value: Any) -> Any:
    """Return ``value`` in the parameter's type; strings are read, other values must fit already."""
    kind = parameter.kind
    if value is None and parameter.default is None:
        return None
    if isinstance(value, str) and kind is not str:
        value = _read(value, parameter)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # bool is a subclass of int, and `type(...) is` keeps True from passing as a number
    if kind is None or type(value) is kind or (value is None and parameter.default is None):
        return value
    raise _wrong_type(parameter, value)


def _read(text: str, parameter: Parameter) -> Any:
    """Return the value that a string from a command line stands for."""
    kind, word = parameter.kind, text.strip().lower()
    if kind is bool and word in _TRUE | _FALSE:
        return word in _TRUE
    if parameter.default is None and word in {"none", ""}:
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        if kind is None:
            return text
        raise _wrong_type(parameter, text) from error


def _wrong_type(parameter: Parameter, value: Any) -> UsageError:
    kind = parameter.kind.__name__ if parameter.kind else "str"
    return UsageError(
        N_("The parameter “{name}” takes a value of type {kind}, and “{value}” is none."),
        advice=N_("Its default is {default}."),
        name=parameter.name,
        kind=kind,
        value=value,
        default=repr(parameter.default),
    )
