"""The files of editions: what is written, in which format, and where it goes.

An edition is a lab in a language, for an audience and a target. Files of one audience and target lie
together, ``<locale>/<lab>`` with the ending of their format; where several were asked for, each has a folder
of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kit.notebooks.databricks import source_text
from kit.notebooks.editions import Edition, Kind, Selection, Workspace, editions
from kit.notebooks.files import File
from kit.notebooks.rendering import TARGETS
from kit.notebooks.site import Site

FORMATS = ("ipynb", "databricks", "html")
# Where a format is at home: what is meant by it unless a target was named.
_HOMES = {"databricks": "databricks"}


@dataclass(frozen=True)
class Place:
    """Where the editions of a kind go, and in which formats."""

    folder: Path
    formats: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """What somebody wants: every combination of what the fields list.

    Attributes:
        selection: labs, languages and parameters; the kinds follow from the other fields.
        audiences: some of :data:`kit.notebooks.rendering.AUDIENCES`.
        targets: some of :data:`kit.notebooks.rendering.TARGETS`; none stands for the home of each format.
        formats: some of :data:`FORMATS`.
    """

    selection: Selection = field(default_factory=Selection)
    audiences: tuple[str, ...] = ("learner",)
    targets: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("ipynb",)

    @property
    def is_usual(self) -> bool:
        """Whether it is what the folder of the labs holds."""
        usual = Order()
        return self.places(Path()) == usual.places(Path()) and not self.selection.parameters

    def places(self, folder: Path) -> dict[Kind, Place]:
        """Return where the editions of each kind go, below a folder."""
        found = {}
        for audience in self.audiences:
            for target in self.targets or dict.fromkeys(map(_home, self.formats)):
                levels = [audience] if len(self.audiences) > 1 else []
                levels += [target] if len(self.targets) > 1 else []
                formats = tuple(form for form in self.formats if self.targets or _home(form) == target)
                found[audience, target] = Place(folder.joinpath(*levels), formats)
        return found

    def editions(self, workspace: Workspace) -> Iterator[Edition]:
        """Render what is wanted, one edition at a time.

        Raises:
            KitError: an edition cannot be rendered.
        """
        return editions(workspace, replace(self.selection, kinds=tuple(self.places(Path()))))

    def count(self, workspace: Workspace) -> int:
        """Return how many files there will be."""
        labs: Sequence[str] = self.selection.labs or workspace.lab_names()
        locales: Sequence[str] = self.selection.locales or workspace.locale_names()
        return sum(
            len(labs) * len(locales) * len(place.formats) + ("html" in place.formats) * (len(locales) + 1)
            for place in self.places(Path()).values()
        )


def _home(form: str) -> str:
    return _HOMES.get(form, TARGETS[0])


def files(order: Order, rendered: Iterable[Edition], folder: Path) -> Iterator[File]:
    """Yield the files of an order one at a time.

    Args:
        order: what is wanted.
        rendered: its editions.
        folder: where the files go.

    Raises:
        KitError: an edition cannot be written in a format.
    """
    places = order.places(folder)
    sites: dict[Kind, list[Edition]] = {}
    for edition in rendered:
        place = places[edition.kind]
        for form in place.formats:
            if form == "html":  # a page needs to know of the others
                sites.setdefault(edition.kind, []).append(edition)
            else:
                yield _WRITERS[form](edition, place.folder)
    for kind, found in sites.items():
        yield from Site(found).files(places[kind].folder)


def _notebook(edition: Edition, folder: Path) -> File:
    return edition.file(folder)


def _databricks(edition: Edition, folder: Path) -> File:
    return File(folder / edition.locale / f"{edition.lab}.py", source_text(edition.notebook))


_WRITERS = {"ipynb": _notebook, "databricks": _databricks}
