"""A tuned model to compare with, made on the side where tuning is not the lesson: on the simulator only.

On Azure a training costs money and an hour, so there the learner names a deployment that exists.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openai

from kit.azure import inventory
from kit.azure.models import Model, find, table
from kit.i18n import gettext as _
from kit.i18n import number
from kit.lab.explaining import own_words
from kit.lab.resources import once
from kit.lab.session import session
from kit.lab.waiting import wait

Messages = Sequence[Mapping[str, Any]]

_BASE = "gpt-oss-20b"
_SEED = 105
_RETIRED = "ModelDeprecated"


def tuned_model(name: str, conversations: Sequence[Messages]) -> str:
    """Return the name of a deployment that was tuned on some conversations; empty on Azure.

    Args:
        name: of the deployment, and the job's suffix.
        conversations: training examples, each a list of messages that ends with the assistant's.
    """
    if not session().connection.simulated:
        print(_("No tuned model was named, so there is none in the comparison. Training one costs money."))
        return ""
    path = session().answers / f"{name}.jsonl"
    lines = [json.dumps({"messages": list(each)}, ensure_ascii=False) for each in conversations]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    base, job = _train(name, path)
    _deploy(name, base, job.fine_tuned_model)
    text = _("“{name}” was tuned on {n} examples and is deployed.")
    print(text.format(name=name, n=number(len(conversations))))
    return name


def _train(name: str, path: Path) -> tuple[Model, Any]:
    """Return a model that can be trained, and the job that has trained it."""
    client = session().openai.with_options(max_retries=0)
    upload = once("file", path, create=lambda: client.files.create(file=path, purpose="fine-tune"))
    wait(session().openai.files.retrieve, upload.id)
    for base in (find(_BASE), *(row for row in table().values() if row.name != _BASE)):
        try:
            job = _submit(client, name, path, upload.id, base)
            break
        except openai.BadRequestError as refusal:
            if refusal.code != _RETIRED:
                raise
            text = _("The service takes no job for {model}, so another model is tried: {reason}")
            print(text.format(model=base.name, reason=own_words(refusal)))
    job = wait(session().openai.fine_tuning.jobs.retrieve, job.id, every=600)
    inventory.note_results(session().service, session().ledger, job)
    return base, job


def _submit(client: Any, name: str, path: Path, upload: str, base: Model) -> Any:
    request: dict[str, Any] = {
        "model": base.identifier,
        "training_file": upload,
        "suffix": name,
        "seed": _SEED,
        "extra_body": {"trainingType": "GlobalStandard"},
    }
    return once(
        "job",
        request,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        create=lambda: client.fine_tuning.jobs.create(**request),
    )


def _deploy(name: str, base: Model, model: str) -> None:
    from azure.mgmt.cognitiveservices.models import (
        Deployment,
        DeploymentModel,
        DeploymentProperties,
        Sku,
    )

    place = session().connection
    source = DeploymentModel(format=base.format, name=model, version="1")
    deployment = Deployment(
        sku=Sku(name="GlobalStandard", capacity=100), properties=DeploymentProperties(model=source)
    )
    once(
        "deployment",
        name,
        model,
        create=lambda: (
            session()
            .management.deployments.begin_create_or_update(
                place.resource_group, place.account, name, deployment
            )
            .result()
        ),
    )
