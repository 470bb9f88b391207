"""A leak hunt: a key that is planted wherever a key can be turns up in no file that a run leaves.

The notebook begins as every lab does and then tries hard to show the key. It runs with ``kit run``, and with
papermill alone, where nobody but the lab itself keeps watch.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

from kit.simulator import serve

KEY = "velvet-otter/91+x=Q"
OTHER = "amber-heron-17-copper"
TYPED = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0xx." + "c2lnbmF0dXJl" * 2

SET_UP = [
    """locale = "en"\nbackend = "simulator"\ntraining_file = \"\"""",
    "from kit import lab\nlab.start('fine-tune', globals())",
]
LEAKS = {
    "print": "import os, sys\nprint(os.environ['KIT_SIMULATOR_KEY'])\nprint(os.environ, file=sys.stderr)",
    "result": "{'held': [os.environ['CLASSROOM_TOKEN']], 'bytes': os.environ['KIT_SIMULATOR_KEY'].encode()}",
    "address": "from urllib.parse import quote\nprint(quote(os.environ['KIT_SIMULATOR_KEY'], safe=''))",
    "header": "import base64\nprint(base64.b64encode(os.environ['KIT_SIMULATOR_KEY'].encode()).decode())",
    "client": "from openai import OpenAI\nconnection = lab.connect()\n"
    "client = OpenAI(base_url=connection.base_url, api_key=connection.api_key)\n"
    "print(vars(client), connection)",
    "request": "client.with_options(max_retries=0)._client.headers, client.auth_headers",
    "http error": "import openai\ntry:\n"
    "    client.chat.completions.create(model=os.environ['KIT_SIMULATOR_KEY'], messages=[])\n"
    "except openai.APIStatusError as error:\n    print(error, error.request.content, error.response.text)",
    "upload": "path = lab.data_file('', 'support-train.jsonl')\nlab.once('file', path, "
    "create=lambda: client.files.create(file=(lab.marked(path), path.read_bytes()), purpose='fine-tune'))",
    "display": "from IPython.display import HTML, display\ndisplay(HTML(os.environ['CLASSROOM_TOKEN']))",
    "update": "handle = display('x', display_id=True)\nhandle.update(os.environ['CLASSROOM_TOKEN'])",
    "traceback": "import traceback\ntry:\n    raise ValueError(client.api_key)\nexcept ValueError:\n"
    "    traceback.print_exc()",
    "verbose traceback": "def look(key):\n    raise ValueError(f'{len(key)} signs')\n\n"
    "get_ipython().run_line_magic('xmode', 'Verbose')\ntry:\n    look(client.api_key)\n"
    "except ValueError:\n    get_ipython().showtraceback()\n"
    "get_ipython().run_line_magic('xmode', 'Context')",
    "warning": "import warnings\nwarnings.warn(client.api_key)",
    "log": "import logging\nlogging.getLogger('lesson').error('with %s', client.api_key)",
    "thread": "import threading\nthread = threading.Thread(target=lambda: int(client.api_key))\n"
    "thread.start()\nthread.join()",
    "child": "import subprocess, sys\n"
    "subprocess.run([sys.executable, '-c', \"import os; print(os.environ['CLASSROOM_TOKEN'])\"])",
    "shell": "!printenv KIT_SIMULATOR_KEY",
    "json": "display({'application/json': {'k': client.api_key}, 'text/plain': 'x'}, raw=True)",
    "metadata": "display('x', metadata={'text/plain': {'k': client.api_key}})",
    "check": "lab.check('It holds.', lambda: int(client.api_key), hint='Look.')",
    "score": "lab.score()",
    "shown traceback": "def inner(key):\n    raise ValueError(f'refused {key}')\n\ninner(client.api_key)",
}


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    with serve(keys=(KEY,)) as server:
        # Where it sees a test, a kernel does not watch what its children write.
        outside = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        yield {
            **outside,
            "KIT_HOME": str(tmp_path / "home"),
            "KIT_SIMULATOR_URL": server.url,
            "KIT_SIMULATOR_KEY": KEY,
            "CLASSROOM_TOKEN": OTHER,
        }


def write(path: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    cells[0].metadata["tags"] = ["parameters"]
    spec = {"name": "python3", "display_name": "python3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path


def with_kit(folder: Path, *parameters: str) -> list[str]:
    return ["kit", "run", "--notebook", "leaky.ipynb", "--out", "done.ipynb", *parameters]


def with_papermill(folder: Path, *parameters: str) -> list[str]:
    return ["papermill", "leaky.ipynb", "done.ipynb", "--log-output", *parameters]


def spellings() -> list[bytes]:
    from kit.notebooks.secrets import spellings

    return [form.encode() for secret in (KEY, OTHER) for form in spellings(secret)]


@pytest.mark.parametrize("command", [with_kit, with_papermill])
def test_no_file_of_a_run_holds_a_key(
    command: Callable[..., list[str]], tmp_path: Path, environment: dict[str, str]
):
    write(tmp_path / "leaky.ipynb", *SET_UP, *LEAKS.values())
    done = subprocess.run(
        [sys.executable, "-m", *command(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    (tmp_path / "log.txt").write_bytes(done.stdout + done.stderr)
    assert b"[CLASSROOM_TOKEN]" in done.stdout + done.stderr  # a kernel passes on what its children write
    executed = (tmp_path / "done.ipynb").read_text(encoding="utf-8")
    shown = nbformat.reads(executed, as_version=4).cells
    assert done.returncode == 1  # the last cell fails, on purpose
    assert "refused [KIT_SIMULATOR_KEY]" in executed
    outputs = {cell.id: str(cell.get("outputs", [])) for cell in shown}
    told = {
        name
        for number, name in enumerate(LEAKS, start=len(SET_UP))
        if re.search(r"\[(KIT_SIMULATOR_KEY|CLASSROOM_TOKEN)\]", outputs[f"cell-{number}"])
    }
    # Each cell was about to show a key; the upload and the score write files, which are looked at below.
    assert set(LEAKS) - told == {"upload", "score"}, outputs
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "leaky.ipynb"]
    assert any(path.parent.parent.name == "ledger" for path in files)
    [score] = [path for path in files if path.name == "score.json"]
    assert "[KIT_SIMULATOR_KEY]" in score.read_text(encoding="utf-8")
    for path in files:
        content = path.read_bytes()
        leaked = [form for form in spellings() if form in content]
        assert not leaked, (path, leaked)


def test_a_key_as_a_parameter_is_refused_and_written_nowhere(tmp_path: Path, environment: dict[str, str]):
    write(tmp_path / "leaky.ipynb", *SET_UP)
    for value in (KEY, TYPED):
        command = with_kit(tmp_path, "-p", f"training_file={value}")
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 2
        assert value.encode() not in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["leaky.ipynb"]


def test_a_key_typed_into_a_cell_is_cleared_from_the_executed_notebook(
    tmp_path: Path, environment: dict[str, str]
):
    write(tmp_path / "leaky.ipynb", *SET_UP, f"mine = '{TYPED}'\nprint(mine, '{KEY}')")
    command = with_kit(tmp_path)
    subprocess.run(
        [sys.executable, "-m", *command], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    executed = (tmp_path / "done.ipynb").read_text(encoding="utf-8")
    assert TYPED not in executed
    assert KEY not in executed
    assert "[secret]" in executed
