"""Records of arrays as a flat table of arrays and back, to keep them in a file.

The names in the table are the names of the fields, joined by dots. An array that is mostly zeros is kept as
its other values and where they stand.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, get_type_hints

import numpy as np

from kit.simulator.learner.storage import Arrays

Record = TypeVar("Record")

_MOSTLY = 0.6  # so much of an array must be zeros for it to be kept sparsely: a place takes four bytes
_LEAST_SIZE = 1000
_SHAPE, _WHERE, _VALUES = ":shape", ":where", ":values"


def flat(record: Any, without: frozenset[str] = frozenset()) -> Arrays:
    """Return the arrays of a dataclass whose fields are arrays, integers and other such dataclasses.

    Args:
        record: the record.
        without: fields to leave out.
    """
    found: Arrays = {}
    for field in dataclasses.fields(record):
        if field.name in without:
            continue
        value = getattr(record, field.name)
        if dataclasses.is_dataclass(value):
            found |= {f"{field.name}.{name}": array for name, array in flat(value).items()}
        else:
            found |= _kept(field.name, np.asarray(value))
    return found


def restored(kind: type[Record], arrays: Arrays, **given: Any) -> Record:
    """Return a record from what :func:`flat` made of it.

    Args:
        kind: its class.
        arrays: its arrays.
        given: the fields that were left out.

    Raises:
        KeyError: arrays are missing.
        ValueError: arrays do not fit together.
    """
    values, kinds = dict(given), get_type_hints(kind)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        if field.name in given:
            continue
        wanted = kinds[field.name]
        if dataclasses.is_dataclass(wanted):
            values[field.name] = restored(wanted, part(arrays, field.name))  # type: ignore[arg-type]
        else:
            array = _found(arrays, field.name)
            values[field.name] = int(array) if wanted is int else array
    return kind(**values)


def part(arrays: Arrays, name: str) -> Arrays:
    """Return the arrays of one part, by their names within it."""
    begin = f"{name}."
    return {one.removeprefix(begin): array for one, array in arrays.items() if one.startswith(begin)}


def _kept(name: str, array: np.ndarray[Any, Any]) -> Arrays:
    if array.size < _LEAST_SIZE or np.count_nonzero(array) > (1.0 - _MOSTLY) * array.size:
        return {name: array}
    where = np.flatnonzero(array)
    shape = np.array(array.shape)
    return {name + _SHAPE: shape, name + _WHERE: where.astype(np.int32), name + _VALUES: array.ravel()[where]}


def _found(arrays: Arrays, name: str) -> np.ndarray[Any, Any]:
    if name in arrays:
        return arrays[name]
    values = arrays[name + _VALUES]
    array = np.zeros(arrays[name + _SHAPE], dtype=values.dtype)
    array.reshape(-1)[arrays[name + _WHERE]] = values
    return array
