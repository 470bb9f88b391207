"""Keeping a tuned model: what training changed, packed into bytes.

The base is not packed: a tuned model is read back onto the same base, known by the fingerprint of its corpus.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from kit.simulator.learner.network import Parameters
from kit.simulator.learner.records import Messages
from kit.simulator.learner.tables import Patched
from kit.simulator.learner.vocabulary import Integers

Arrays = dict[str, np.ndarray[Any, Any]]

_FORMAT = 3
_DAMAGES = (
    zlib.error,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    OSError,
    NotImplementedError,
    zipfile.BadZipFile,
)
_ROWS, _VALUES = ":rows", ":values"


@dataclass(frozen=True)
class Packed:
    """A tuned model without its base.

    Attributes:
        origin: fingerprint of the base corpus.
        tokens: token ids of the vocabulary beyond the base's.
        banks: per bank beyond the base's: the remembered conversations.
        arrays: the trained arrays, patched tables as ``name:rows`` and ``name:values``.
        choices: per choice its prefix and its tokens.
    """

    origin: str
    tokens: Integers
    banks: tuple[tuple[Messages, ...], ...]
    arrays: Arrays
    choices: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = ()


def arrays_of(parameters: Parameters) -> Arrays:
    """Return the arrays that tell a tuned model's parameters from its base's."""
    found: Arrays = {}
    for name, array in parameters.items():
        if isinstance(array, Patched):
            found |= {name + _ROWS: array.rows, name + _VALUES: array.values}
        else:
            found[name] = array
    return found


def parameters_from(arrays: Arrays, base: Parameters) -> Parameters:
    """Return what :func:`arrays_of` was given, over the tables of a base."""
    found: dict[str, Any] = {}
    for name, array in arrays.items():
        table = name.removesuffix(_ROWS)
        if table != name:
            found[table] = Patched(base[table], array, arrays[table + _VALUES])
        elif not name.endswith(_VALUES):
            found[name] = array
    return found


def pack(model: Packed) -> bytes:
    """Return a tuned model as bytes: a compressed npz archive without pickled objects."""
    texts = [[[dict(message) for message in one] for one in bank] for bank in model.banks]
    header = {"format": _FORMAT, "origin": model.origin, "banks": texts, "choices": model.choices}
    head = np.frombuffer(json.dumps(header, ensure_ascii=False).encode(), dtype=np.uint8)
    archive = io.BytesIO()
    named: Arrays = {"tokens": model.tokens, **model.arrays}
    np.savez_compressed(archive, header=head, **named)  # type: ignore[arg-type]
    return archive.getvalue()


def unpack(data: bytes) -> Packed:
    """Return what was packed.

    Raises:
        ValueError: the bytes are not a packed model of this format.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays.pop("header").tobytes())
        if header["format"] != _FORMAT:
            raise ValueError("not a model of this format")
        choices = tuple((tuple(prefix), tuple(tokens)) for prefix, tokens in header["choices"])
        remembered = tuple(tuple(bank) for bank in header["banks"])
        return Packed(header["origin"], arrays.pop("tokens"), remembered, arrays, choices)
    except _DAMAGES as problem:
        raise ValueError(f"not a packed model: {problem}") from problem
