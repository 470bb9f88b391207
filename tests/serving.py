"""``kit serve`` as a process of its own, for tests that look at it, kill it or crowd it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def served(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str, str]]:
    """Start the command on a free port; yield the process, its address, and what it said by then."""
    command = [sys.executable, "-u", "-m", "kit", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            said = ""
            assert process.stdout is not None
            for line in process.stdout:
                said += line
                if line.startswith("Ctrl-C"):
                    break
            found = re.search(r"http://[\d.]+:\d+", said)
            assert found, said
            yield process, found[0], said
        finally:
            process.kill()
