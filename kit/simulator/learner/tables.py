"""Trained tables that share what they did not change: a tuned model keeps only its own rows.

A learner's class makes hundreds of models from one base. Each keeps the rows that training moved, rounded to
half precision, over the base's table, which all share: one or two megabytes instead of seven.
"""

from __future__ import annotations

import numpy as np

from kit.simulator.learner.vocabulary import Floats, Integers


class Patched:
    """A table of shape (rows, width) that equals another one except in some rows.

    Args:
        base: the shared table.
        rows: ascending numbers of the rows that differ; numbers beyond the base's length append rows.
        values: what stands there, float16; shape (len(rows), width).
    """

    def __init__(self, base: Floats, rows: Integers, values: Floats) -> None:
        self.base, self.rows = base, np.asarray(rows, dtype=np.int32)
        self.values = np.asarray(values, dtype=np.float16)
        self._length = max(len(base), int(self.rows[-1]) + 1 if len(self.rows) else 0)
        self._slots = np.full(self._length, -1, dtype=np.int32)
        self._slots[self.rows] = np.arange(len(self.rows), dtype=np.int32)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, rows: Integers) -> Floats:
        """Return some rows; shape (*rows.shape, width)."""
        slots = self._slots[rows]
        own = slots >= 0
        found = self.base[np.where(own, 0, rows)]
        found[own] = self.values[slots[own]]
        return found

    def transposed_product(self, h: Floats) -> Floats:
        """Return h @ table.T without building the table; shape (len(h), len(table))."""
        result = np.empty((len(h), self._length), dtype=np.float32)
        result[:, : len(self.base)] = h @ self.base.T
        result[:, self.rows] = h @ self.values.astype(np.float32).T
        return result

    def whole(self) -> Floats:
        """Return the table as an ordinary array of its own."""
        table = np.zeros((self._length, self.base.shape[1]), dtype=np.float32)
        table[: len(self.base)] = self.base
        table[self.rows] = self.values
        return table


def patch(base: Floats | Patched, table: Floats) -> Patched:
    """Return a trained table as what it changed; ``base`` may be patched itself."""
    root = base.base if isinstance(base, Patched) else base
    changed = np.ones(len(table), dtype=bool)
    changed[: len(root)] = (table[: len(root)] != root).any(axis=1)
    rows = np.flatnonzero(changed)
    return Patched(root, rows, table[rows].astype(np.float16))


def whole(table: Floats | Patched) -> Floats:
    """Return an array of its own with the table's values."""
    return table.whole() if isinstance(table, Patched) else table.copy()
