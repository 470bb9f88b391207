"""A packaged model behind an HTTP address, in a process: ``python -m kit.training.serving FOLDER``.

The server is MLflow's own scoring server, the one that answers at ``/invocations`` on Databricks, too; only
starting it is ours. It listens on this computer alone, on a port that the system chooses and that it prints.
The process ends when its standard input does: a notebook's kernel that is killed takes it along.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path

from kit import settings
from kit.errors import N_, SettingsError

_LOOPBACK = "127.0.0.1"
_REMEMBERED = 20  # lines of what a server said that did not start


class ServingProcess:
    """A running server.

    Attributes:
        url: where it answers.
    """

    def __init__(self, package: Path) -> None:
        """Start the server and wait until it answers.

        Raises:
            SettingsError: it did not start; the message has its last words.
        """
        command = [sys.executable, "-m", __name__, str(package)]
        with settings.child_environment():
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        assert self._process.stdout is not None
        self._words: deque[str] = deque(maxlen=_REMEMBERED)
        draining = threading.Thread(target=self._drain, daemon=True)
        draining.start()
        port = self._process.stdout.readline().strip()
        if not port.isdigit():
            self._process.wait()
            draining.join()
            self.close()
            raise SettingsError(
                N_("The serving process did not start: {reason}"),
                advice=N_("Run the cell again, or start it in a terminal to see more: {command}"),
                reason=next((line for line in reversed(self._words) if line.strip()), "?"),
                command=" ".join(["python", *command[1:]]),
            )
        self.url = f"http://{_LOOPBACK}:{port}"

    def _drain(self) -> None:
        """Read what the server logs, lest it stop at a full pipe."""
        assert self._process.stderr is not None
        self._words.extend(line.strip() for line in self._process.stderr)

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def close(self) -> None:
        """Stop the process and wait for its end; twice is once."""
        if self.running:
            self._process.terminate()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


def _serve(package: str) -> None:
    import mlflow.pyfunc
    import uvicorn
    from mlflow.pyfunc import scoring_server

    app = scoring_server.init(mlflow.pyfunc.load_model(package))
    listener = socket.create_server((_LOOPBACK, 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    threading.Thread(target=_end_with_input, daemon=True).start()
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - the parent reads it, and nothing after it
    sys.stdout = sys.stderr  # a model that prints would fill the pipe that nobody reads any more, and stop
    server.run(sockets=[listener])


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1])
