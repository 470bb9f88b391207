"""The files of editions: what is written, in which format, and where it goes.

An edition is a lab in a language, for an audience and a target. Files of one audience and target lie
together, ``<locale>/<lab>`` with the ending of their format; where several were asked for, each has a folder
of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kit.notebooks.databricks import source_text
from kit.notebooks.editions import Edition, Selection, Workspace, editions
from kit.notebooks.files import File
from kit.notebooks.rendering import TARGETS

FORMATS = ("ipynb", "databricks")
# Where a format is at home: what is meant by it unless a target was named.
_HOMES = {"databricks": "databricks"}


@dataclass(frozen=True)
class Batch:
    """Editions for one audience and target, the formats they are written in, and the folder they go to."""

    selection: Selection
    formats: tuple[str, ...]
    folder: Path


@dataclass(frozen=True)
class Order:
    """What somebody wants: every combination of what the fields list.

    Attributes:
        selection: labs, languages and parameters; its audience and target do not count.
        audiences: some of :data:`kit.notebooks.rendering.AUDIENCES`.
        targets: some of :data:`kit.notebooks.rendering.TARGETS`; none stands for the home of each format.
        formats: some of :data:`FORMATS`.
    """

    selection: Selection = field(default_factory=Selection)
    audiences: Sequence[str] = ("learner",)
    targets: Sequence[str] = ()
    formats: Sequence[str] = ("ipynb",)

    @property
    def is_usual(self) -> bool:
        """Whether it is what the folder of the labs holds."""
        usual = Order(self.selection)
        same_kind = set(self._by_target()) == set(usual._by_target()) and self.formats == usual.formats
        return same_kind and self.audiences == usual.audiences and not self.selection.parameters

    def batches(self, folder: Path) -> Iterator[Batch]:
        """Yield what has to be written below a folder."""
        for audience in self.audiences:
            for target, formats in self._by_target().items():
                levels = [audience] if len(self.audiences) > 1 else []
                levels += [target] if len(self.targets) > 1 else []
                selection = replace(self.selection, audience=audience, target=target)
                yield Batch(selection, formats, folder.joinpath(*levels))

    def _by_target(self) -> Mapping[str, tuple[str, ...]]:
        if self.targets:
            return dict.fromkeys(self.targets, tuple(self.formats))
        homes = {form: _HOMES.get(form, TARGETS[0]) for form in self.formats}
        return {
            target: tuple(form for form, home in homes.items() if home == target)
            for target in dict.fromkeys(homes.values())
        }


def count(workspace: Workspace, batch: Batch) -> int:
    """Return how many files a batch has."""
    selection = batch.selection
    labs = selection.labs or workspace.lab_names()
    locales = selection.locales or workspace.locale_names()
    return len(labs) * len(locales) * len(batch.formats)


def files(workspace: Workspace, batch: Batch) -> Iterator[File]:
    """Render a batch and yield its files one at a time.

    Raises:
        KitError: an edition cannot be rendered, or not be written in a format.
    """
    for edition in editions(workspace, batch.selection):
        for form in batch.formats:
            yield _WRITERS[form](edition, batch.folder)


def _notebook(edition: Edition, folder: Path) -> File:
    return edition.file(folder)


def _databricks(edition: Edition, folder: Path) -> File:
    return File(folder / edition.locale / f"{edition.lab}.py", source_text(edition.notebook))


_WRITERS = {"ipynb": _notebook, "databricks": _databricks}
