"""Training on this computer as a notebook sees it: what :mod:`kit.training` does, shown and tidied up."""

import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kit import plots, settings
from kit.i18n import gettext as _
from kit.i18n import number, percent
from kit.lab.display import Table
from kit.lab.session import session
from kit.lab.tracking import use_local_store
from kit.training import extra, options, packaging
from kit.training.options import grouped_by_length, hardware, last_checkpoint, trackers
from kit.training.serving import ServingProcess
from kit.training.tokenizer import gpt2_tokenizer, smaller_tokenizer

__all__ = [
    "collator",
    "gpt2_tokenizer",
    "grouped_by_length",
    "hardware",
    "last_checkpoint",
    "left_here",
    "only_last_token",
    "package",
    "padding_costs",
    "run_folder",
    "serve",
    "smaller_tokenizer",
    "stop_serving",
    "trackers",
    "versions",
    "watched",
]


def prepare() -> None:
    """Make sure that everything is installed, and keep progress bars of downloads and files out of notebooks.

    Raises:
        SettingsError: the extra ``train`` is not installed.
    """
    extra.require()
    settings.export("TOKENIZERS_PARALLELISM", "false")  # else it warns in every process that is started later
    settings.export("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    settings.export("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    settings.export("TRANSFORMERS_VERBOSITY", "error")
    use_local_store()


def versions(*packages: str) -> Table:
    """Return which versions are installed: the first thing to say when a result cannot be repeated."""
    rows = [[name, importlib.metadata.version(name)] for name in packages]
    return Table([_("Package"), _("Version")], rows)


def run_folder(parent: Path, examples: Any, *settings: Any) -> Path:
    """Return a folder for checkpoints that is the same whenever the training is.

    So a training that was interrupted finds what it had, and one with other data or settings does not.

    Args:
        parent: where such folders lie.
        examples: the training part, a ``datasets.Dataset``.
        settings: parameters that decide what is learned.
    """
    return options.run_folder(parent, examples.to_dict(), settings)


def padding_costs(lengths: Sequence[int], batch_size: int, longest: int) -> Table:
    """Return what each way of making batches feeds to the model: everything beyond the tokens is padding.

    Args:
        lengths: tokens of each text.
        batch_size: texts in a batch.
        longest: what the model can take, in tokens.
    """
    ways = {
        _("every text to the longest possible"): options.padding(lengths, batch_size, to=longest),
        _("to the longest of each batch"): options.padding(lengths, batch_size),
        _("and texts of similar length together"): options.padding(sorted(lengths), batch_size),
    }
    rows = [
        [name, number(found.positions), number(found.tokens), percent(found.share)]
        for name, found in ways.items()
    ]
    headings = [_("Padding"), _("Positions"), _("Tokens"), _("Share of padding")]
    return Table(headings, rows, numeric=frozenset({1, 2, 3}))


def collator(tokenizer: Any) -> Any:
    """Return what makes batches of texts: padded to the longest of each batch, as a causal model needs it."""
    from kit.training.collating import CausalPadding

    return CausalPadding(tokenizer)


def only_last_token(model: Any) -> Any:
    """Return a classifier without the work that its last layer does for tokens nobody asks about."""
    from kit.training import last_token

    return last_token.only_last_token(model)


def watched(trainer: Any) -> Any:
    """Return a ``Trainer`` that draws its loss curves, again after every evaluation, and predicts in order.

    What it would print or draw by itself is in English and shows every log twice, so that is taken away.
    """
    from transformers.trainer_callback import PrinterCallback, ProgressCallback
    from transformers.utils.notebook import NotebookProgressCallback

    from kit.training.watching import Watcher

    for callback in (PrinterCallback, ProgressCallback, NotebookProgressCallback):
        trainer.remove_callback(callback)
    trainer.add_callback(Watcher(_curves()))
    return options.evaluated_in_order(trainer)


def _curves() -> Callable[[Any], None]:
    from IPython.display import display

    handle: list[Any] = []

    def show(found: Any) -> None:
        training, validation = dict(found.training), dict(found.validation)
        steps = sorted({*training, *validation})
        rows = [{"step": n, "train_loss": training.get(n), "valid_loss": validation.get(n)} for n in steps]
        picture = plots.loss_curves(rows)
        if handle:
            handle[0].update(picture)
        else:
            handle.append(display(picture, display_id=True))

    return show


def package(model_folder: Path) -> Path:
    """Package a saved model and its tokenizer as an MLflow model; return the folder of the package."""
    return packaging.package(model_folder, model_folder.with_name("package"))


def serve(folder: Path) -> str:
    """Serve a package in a process of its own on this computer; return its address.

    The process ends with :func:`stop_serving`, and at the latest with the notebook's kernel.
    """
    stop_serving()
    process = ServingProcess(folder)
    session().resources.callback(process.close)
    _serving.append((process.close, lambda: process.running))
    return process.url


_serving: list[tuple[Callable[[], None], Callable[[], bool]]] = []


def stop_serving() -> None:
    """Stop the serving process, if there is one."""
    while _serving:
        close, _running = _serving.pop()
        close()


def left_here(*folders: Path) -> Table:
    """Return what this lab has left on this computer: folders with their size, and a serving process."""
    rows = [
        [_("Folder"), path.name, _("{n} MB").format(n=number(_megabytes(path), 1))]
        for path in folders
        if path.exists()
    ]
    rows += [[_("Process"), _("serving the model"), ""] for _close, running in _serving if running()]
    caption = "" if rows else _("Nothing of this lab is left on this computer.")
    return Table([_("Kind"), _("Name"), _("Size")], rows, caption, frozenset({2}))


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
