"""The package behind an address: real HTTP, the model's own answers, a process that ends with its parent."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import torch

from kit.errors import SettingsError
from kit.training.packaging import package
from kit.training.serving import ServingProcess

# MLflow recommends an input example and warns of its own code; neither is for the learner to mend.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def packaged(tokenizer, new_model, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    new_model().save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return package(folder / "model", folder / "package")


def test_the_served_model_answers_as_the_trained_one(packaged, tokenizer, new_model):
    texts = ["wonderful", "a waste of time, sadly"]
    process = ServingProcess(packaged)
    try:
        body = json.dumps({"inputs": texts}).encode()
        request = urllib.request.Request(
            f"{process.url}/invocations", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as response:
            found = json.load(response)["predictions"]
        assert process.url.startswith("http://127.0.0.1:")
    finally:
        process.close()
    assert not process.running
    model = new_model().eval()
    for text, answer in zip(texts, found, strict=True):
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([tokenizer(text)["input_ids"]])).logits[0]
        wanted = logits.softmax(-1).tolist()
        assert [answer["negative"], answer["positive"]] == pytest.approx(wanted, abs=1e-5)


def test_the_process_ends_with_its_parent(packaged):
    """A kernel that is killed runs no code of its own any more; the pipe to it closes all the same."""
    script = (
        "import sys, os, pathlib; from kit.training.serving import ServingProcess\n"
        f"process = ServingProcess(pathlib.Path({str(packaged)!r}))\n"
        "print(process._process.pid, flush=True)\nsys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    watching = os.pidfd_open(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    import select

    assert select.select([watching], [], [], 60)[0], "the serving process outlived its parent"
    os.close(watching)


def test_a_package_that_is_none_is_explained(tmp_path):
    with pytest.raises(SettingsError, match="did not start"):
        ServingProcess(tmp_path)
