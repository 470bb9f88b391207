"""Editions with outputs: each is run like a lab, and what it has shown is kept until something changes.

Runs and their memory are those of :mod:`kit.notebooks.matrix`. They lie in a folder of the kit and not
beside the editions, so that an edition can be written to several places with the same outputs.
"""

from dataclasses import replace
from pathlib import Path

from kit import settings
from kit.notebooks import matrix
from kit.notebooks.editions import Edition
from kit.notebooks.execution import read_notebook


def runs_folder() -> Path:
    """Return the folder of the runs."""
    return settings.work_folder() / "editions"


def entry(edition: Edition) -> matrix.Entry:
    """Return the run of an edition, whose notebook is written for it."""
    audience, _target = edition.kind
    path = matrix.written(edition, runs_folder() / "notebooks")
    missing = matrix.what_is_missing(edition.notebook)
    return matrix.Entry(path, edition.lab, edition.locale, skipped=missing, audience=audience)


def with_outputs(edition: Edition, result: matrix.Result) -> Edition:
    """Return an edition with what its run has shown; as it is, where it could not be run here."""
    if result.status not in {"passed", "unchanged"}:
        return edition
    notebook = read_notebook(matrix.output_path(result.entry, runs_folder()))
    for part in (notebook, *notebook.cells):
        part.metadata.pop("papermill", None)  # times and paths of the run
    return replace(edition, notebook=notebook)
