"""Run the code cells of a notebook in a process of its own that may be killed at a chosen moment.

A server: it imports what the cells need, once, then reads one request a line, as JSON, from its standard
input, runs each in a fork, and answers with the exit status. A fork takes a tenth of a second where a new
interpreter takes three.

Request: ``notebook`` (path), ``parameters``, ``answers`` (names set after each solution), ``environment``,
``until`` (heading to stop before; may be empty), ``kill`` (number of the event at which the process kills
itself, or -1), ``log`` (path for the events). In place of ``notebook`` there may be a ``command``: the
arguments of a command ``kit …``.

Events: before and after each creating request, after each entry in the ledger, within the writing of the
ledger, and before and after each deleting or cancelling request.
"""

import io
import json
import os
import signal
import sys
import traceback
from pathlib import Path

import httpx  # noqa: F401 - loaded for the forks, as everything below
import matplotlib
import nbformat
import openai
import sacrebleu.metrics  # noqa: F401
import tiktoken
from azure.core.pipeline.transport import RequestsTransport
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient  # noqa: F401

import kit.cli
import kit.lab
import kit.tokens
from kit.azure import ledger

matplotlib.use("Agg")


class Events:
    """Counts what happens, writes it down, and kills the process at the chosen event."""

    def __init__(self, log: Path, kill: int) -> None:
        self.file = log.open("a", encoding="utf-8", buffering=1)
        self.kill = kill
        self.count = 0

    def __call__(self, name: str) -> None:
        print(name, file=self.file)
        if self.count == self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1


def watch(events: Events) -> None:
    """Let the clients and the ledger report to ``events``."""

    def around(owner, name, describe):
        original = getattr(owner, name)

        def wrapped(*args, **options):
            what = describe(*args, **options)
            if what:
                events(f"before {what}")
            result = original(*args, **options)
            if what:
                events(f"after {what}")
            return result

        setattr(owner, name, wrapped)

    def data_plane(_client, request, *_args, **_options):
        creating = request.method == "POST" and request.url.path.endswith(("/files", "/fine_tuning/jobs"))
        shown = f"{request.method} {request.url.path.removeprefix('/openai/v1')}"
        ending = request.method == "DELETE" or request.url.path.endswith("/cancel")
        return shown if creating or ending else ""

    def management(_transport, request, **_options):
        return f"{request.method} deployment" if request.method in {"PUT", "DELETE"} else ""

    http_client = type(openai.OpenAI(base_url="http://127.0.0.1:9/", api_key="x")._client)
    around(http_client, "send", data_plane)
    around(RequestsTransport, "send", management)
    around(ledger.Ledger, "begin", lambda self, entry: f"intent {entry.kind}")
    around(ledger.Ledger, "created", lambda self, entry, identifier: f"record {entry.kind}")
    around(ledger.Ledger, "deleted", lambda self, entry: f"strike out {entry.kind}")
    around(ledger.Path, "replace", lambda path, target: "ledger write" if path.suffix == ".part" else "")


def run(request: dict) -> None:
    os.environ.update(request["environment"])
    log = Path(request["log"])
    watch(Events(log, request["kill"]))
    sys.stdout = sys.stderr = io.StringIO()
    if "command" in request:
        sys.exit(kit.cli.main(request["command"], standalone_mode=False))
    notebook = nbformat.read(request["notebook"], as_version=4)
    namespace = {"display": lambda *shown: None, "__name__": "__main__"}
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and request["until"] and cell.source.startswith(request["until"]):
            break
        if cell.cell_type != "code":
            continue
        exec(compile(cell.source, f"cell {cell.id}", "exec"), namespace)
        tags = cell.metadata.get("tags", [])
        if "parameters" in tags:
            namespace.update(request["parameters"])
        namespace |= {name: value for name, value in request["answers"].items() if "solution" in tags}


def main() -> None:
    kit.tokens.work_offline()
    tiktoken.get_encoding("o200k_harmony")  # a second of work that the forks need not repeat
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 0
            try:
                run(request)
            except SystemExit as end:
                code = int(end.code or 0)
            except BaseException:
                code = 1
                Path(request["log"]).with_suffix(".error").write_text(
                    traceback.format_exc(), encoding="utf-8"
                )
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
