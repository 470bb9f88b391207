"""Which notebooks there are, and bringing them and the catalogs in step with the templates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit import settings
from kit.errors import N_, UsageError
from kit.i18n import catalogs
from kit.i18n.catalogs import KIT_DOMAIN, Catalog, SourceMessage
from kit.i18n.extraction import kit_messages
from kit.i18n.locales import SOURCE
from kit.i18n.merging import Merge, merge
from kit.notebooks import bundle, readme
from kit.notebooks.files import File
from kit.notebooks.messages import extract_template
from kit.notebooks.parameters import Parameter, read_parameters, shared_out
from kit.notebooks.rendering import AUDIENCES, TARGETS, notebook_text, render
from kit.notebooks.templates import Template, read_template, template_paths
from kit.notebooks.values import Values

_COURSE = ("fine-tune", "evaluate", "fine-tune-local")


def course_order(lab: str) -> tuple[int, str]:
    """Return what sorts labs in the order in which they are taught; those of other names come last."""
    return [*_COURSE, lab].index(lab), lab


@dataclass(frozen=True)
class Workspace:
    """The folders that the localization path reads and writes."""

    templates: Path
    locales: Path
    labs: Path
    package: Path

    @classmethod
    def default(cls) -> "Workspace":
        """Return the folders of this checkout or installation."""
        return cls(
            settings.templates_folder(),
            settings.locales_folder(),
            settings.labs_folder(),
            Path(settings.__file__).resolve().parent,
        )

    def locale_names(self) -> list[str]:
        """Return the locales of the editions, English first."""
        return [SOURCE, *catalogs.locales_in(self.locales)]

    def lab_names(self) -> list[str]:
        """Return the names of the labs in alphabetical order."""
        return [path.stem for path in template_paths(self.templates)]

    def template(self, lab: str) -> Template:
        """Read the template of a lab.

        Raises:
            UsageError: there is no such lab.
            TemplateError: the template cannot be read.
        """
        if lab not in self.lab_names():
            raise UsageError(
                N_("There is no lab “{lab}”."),
                advice=N_("Choose one of: {labs}."),
                lab=lab,
                labs=", ".join(self.lab_names()) or "–",
            )
        return read_template(self.templates / f"{lab}.py")

    @property
    def readme_file(self) -> Path:
        """Return where the README lies; an installed kit has none."""
        return self.templates.parent / "README.md"

    def domains(self) -> list[str]:
        """Return the catalogs' domains: every lab, the README, and the kit itself."""
        return [*self.lab_names(), *([readme.DOMAIN] if self.readme_file.exists() else []), KIT_DOMAIN]

    def source(self, domain: str) -> Template | None:
        """Read what the messages of a domain stand in; those of the kit stand in no template.

        Raises:
            UsageError: there is no such domain.
            TemplateError: the template cannot be read.
        """
        if domain == KIT_DOMAIN:
            return None
        return readme.read_readme(self.readme_file) if domain == readme.DOMAIN else self.template(domain)

    def source_messages(self, domain: str) -> list[SourceMessage]:
        """Return what there is to translate in a domain, each message once, in the order of its source."""
        template = self.source(domain)
        if template is None:
            return kit_messages(self.package)
        source = template.path.relative_to(self.templates.parent).as_posix()
        messages: dict[str, SourceMessage] = {}
        for message in extract_template(template):
            comment = message.kind + (f": {message.context}" if message.context else "")
            messages.setdefault(
                message.msgid, SourceMessage(message.msgid, comment=comment, sources=(source,))
            )
        return list(messages.values())


def updated(workspace: Workspace, locale: str, domain: str, messages: Sequence[SourceMessage]) -> Merge:
    """Return the catalog of a locale and domain as it is in step with its source; nothing is written."""
    return merge(catalogs.load(workspace.locales, locale, domain).file, messages)


Kind = tuple[str, str]  # an audience and a target
USUAL: Kind = (AUDIENCES[0], TARGETS[0])


@dataclass(frozen=True)
class Selection:
    """Which editions are wanted: each of these labs in each of these languages, of each of these kinds.

    Attributes:
        labs: names of labs; none stands for all.
        locales: locale identifiers; none stands for all.
        kinds: for whom and where to run: some of :data:`kit.notebooks.rendering.AUDIENCES`, each with one of
            :data:`kit.notebooks.rendering.TARGETS`.
        parameters: new defaults for the parameters cells, each for the labs that have it.
    """

    labs: Sequence[str] = ()
    locales: Sequence[str] = ()
    kinds: Sequence[Kind] = (USUAL,)
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Edition:
    """One rendered notebook: a lab in a language, for an audience, to run in a certain place.

    ``said`` is what the kit itself says in the language, by its English.
    """

    lab: str
    locale: str
    kind: Kind
    notebook: dict[str, Any]
    said: Mapping[str, str]

    def file(self, folder: Path) -> File:
        """Return the file that holds the notebook below a folder such as ``labs``."""
        return File(folder / self.locale / f"{self.lab}.ipynb", notebook_text(self.notebook))


def editions(workspace: Workspace, selection: Selection | None = None) -> Iterator[Edition]:
    """Render editions one at a time: all that a learner gets, unless told otherwise.

    Raises:
        KitError: a lab, a template, a catalog, a value or a parameter cannot be used.
    """
    selection = selection or Selection()
    templates = [workspace.template(lab) for lab in selection.labs or workspace.lab_names()]
    presets = shared_out(selection.parameters, {each.name: _parameters(each) for each in templates})
    for locale in selection.locales or workspace.locale_names():
        said = _said_by_kit(workspace, locale)
        values = Values(locale, workspace.locales)
        for template in templates:
            catalog = _catalog(workspace, locale, template.name)
            for audience, target in selection.kinds:
                notebook = render(
                    template,
                    locale,
                    catalog,
                    audience,
                    values=values,
                    said=said,
                    target=target,
                    presets=presets[template.name],
                )
                yield Edition(template.name, locale, (audience, target), notebook, said)


def _parameters(template: Template) -> dict[str, Parameter]:
    cells = [
        {"cell_type": cell.kind, "source": cell.source, "metadata": {"tags": cell.tags}}
        for cell in template.cells
    ]
    return read_parameters({"cells": cells})


def _said_by_kit(workspace: Workspace, locale: str) -> Mapping[str, str]:
    return catalogs.load(workspace.locales, locale, KIT_DOMAIN) if locale != SOURCE else {}


def _catalog(workspace: Workspace, locale: str, lab: str) -> Catalog:
    if locale == SOURCE:
        return Catalog(locale, lab, catalogs.new_file(locale, lab))
    return catalogs.load(workspace.locales, locale, lab)


def surplus(workspace: Workspace) -> list[Path]:
    """Return the notebooks in the folder of the labs that no template and locale stands for."""
    root = workspace.labs
    wanted = {
        root / locale / f"{lab}.ipynb" for locale in workspace.locale_names() for lab in workspace.lab_names()
    }
    return sorted(path for path in root.glob("*/*.ipynb") if path not in wanted)


def beside(workspace: Workspace, locales: Sequence[str] = ()) -> Iterator[File]:
    """Yield what else a checkout holds: the README's editions, and the labs as Databricks jobs.

    Args:
        workspace: an installed kit has nothing of this.
        locales: languages of the README; by default all but its own.

    Raises:
        KitError: the README or a catalog cannot be used.
    """
    if not workspace.readme_file.exists():
        return
    template = readme.read_readme(workspace.readme_file)
    for locale in locales or workspace.locale_names():
        if locale != SOURCE:
            catalog = _catalog(workspace, locale, readme.DOMAIN)
            text = readme.render_readme(template, locale, catalog, _said_by_kit(workspace, locale))
            yield File(readme.readme_path(workspace.labs, locale), text)
    if workspace.lab_names():
        jobs = bundle.bundle_text(workspace.lab_names(), workspace.locale_names())
        yield File(workspace.readme_file.with_name(bundle.FILE_NAME), jobs)
