"""One thread for the linear algebra: the learner's matrices are small.

With several threads, OpenBLAS spins on every product while it waits for its helpers: on two busy cores one
step was measured to take more than ten times as long. One thread also makes the sums' order, and with it
every float, independent of how many cores there are, and of the thread that computes.

The limit is set when the learner first works and stays for the life of the process. It cannot come and go
with each piece of work: OpenBLAS has one number for the process, and threadpoolctl lets only one thread,
the first that asks, change it for as long as that thread lives; what others ask is silently ignored.

OpenBLAS's vector kernels now and then compute with lanes that hold nothing, which numpy reports as an invalid
value although the result has none: that report is switched off here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


@cache
def _limit() -> None:
    ThreadpoolController().limit(limits=1, user_api="blas")


@contextmanager
def single_threaded() -> Iterator[None]:
    """Compute with one thread of BLAS inside the block; blocks may nest, and several threads may compute."""
    _limit()
    with np.errstate(invalid="ignore"):
        yield
