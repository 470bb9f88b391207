"""One thread for the linear algebra: the learner's matrices are small.

With several threads, OpenBLAS spins on every product while it waits for its helpers: on two busy cores one
step was measured to take more than ten times as long. One thread also makes the sums' order, and with it
every float, independent of how many cores there are.

OpenBLAS's vector kernels now and then compute with lanes that hold nothing, which numpy reports as an invalid
value although the result has none: that report is switched off here.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

_LOCK = threading.Lock()
_users = 0
_limit: Any = None


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Keep BLAS to one thread inside the block; blocks may nest and run in several threads at once."""
    global _users, _limit  # noqa: PLW0603 - the number of threads belongs to the process
    with _LOCK:
        if _users == 0:
            _limit = _controller().limit(limits=1, user_api="blas")
        _users += 1
    try:
        with np.errstate(invalid="ignore"):
            yield
    finally:
        with _LOCK:
            _users -= 1
            if _users == 0:
                _limit.restore_original_limits()
