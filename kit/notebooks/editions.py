"""Which notebooks there are, and bringing them and the catalogs in step with the templates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kit import settings
from kit.errors import N_, UsageError
from kit.i18n import catalogs
from kit.i18n.catalogs import KIT_DOMAIN, Catalog, SourceMessage
from kit.i18n.extraction import kit_messages
from kit.i18n.locales import SOURCE
from kit.i18n.merging import Merge, merge
from kit.notebooks import readme
from kit.notebooks.messages import extract_template
from kit.notebooks.rendering import Surroundings, notebook_text, render
from kit.notebooks.templates import Template, read_template, template_paths
from kit.notebooks.values import Values

Fault = Literal["missing", "differing", "surplus"]


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


@dataclass(frozen=True)
class Edition:
    """One rendered notebook and the file that holds it."""

    lab: str
    locale: str
    path: Path
    notebook: dict[str, Any]

    def fault(self) -> Fault | None:
        """Tell how the file differs from what it should be, if at all."""
        return file_fault(self.path, notebook_text(self.notebook))


def file_fault(path: Path, text: str) -> Fault | None:
    """Tell how a file differs from the text it should have, if at all."""
    if not path.exists():
        return "missing"
    return None if path.read_bytes() == text.encode() else "differing"


def editions(
    workspace: Workspace,
    labs: Sequence[str] = (),
    locales: Sequence[str] = (),
    audience: str = "learner",
    folder: Path | None = None,
) -> Iterator[Edition]:
    """Render editions: all labs in all locales unless told otherwise, one at a time.

    Args:
        workspace: where templates and catalogs lie.
        labs: names of labs.
        locales: locale identifiers.
        audience: ``learner`` or ``instructor``.
        folder: where the files belong; by default the workspace's ``labs``.

    Raises:
        KitError: a lab, a template, a catalog or a value cannot be used.
    """
    templates = [workspace.template(lab) for lab in labs or workspace.lab_names()]
    for locale in locales or workspace.locale_names():
        kit = catalogs.load(workspace.locales, locale, KIT_DOMAIN) if locale != SOURCE else {}
        surroundings = Surroundings(Values(locale, workspace.locales), kit)
        for template in templates:
            catalog = _catalog(workspace, locale, template.name)
            notebook = render(template, locale, catalog, audience, surroundings=surroundings)
            path = (folder or workspace.labs) / locale / f"{template.name}.ipynb"
            yield Edition(template.name, locale, path, notebook)


def _catalog(workspace: Workspace, locale: str, lab: str) -> Catalog:
    if locale == SOURCE:
        return Catalog(locale, lab, catalogs.new_file(locale, lab))
    return catalogs.load(workspace.locales, locale, lab)


def surplus(workspace: Workspace, folder: Path | None = None) -> list[Path]:
    """Return the notebooks that no template and locale stands for."""
    root = folder or workspace.labs
    wanted = {
        root / locale / f"{lab}.ipynb" for locale in workspace.locale_names() for lab in workspace.lab_names()
    }
    return sorted(path for path in root.glob("*/*.ipynb") if path not in wanted)


def readmes(workspace: Workspace, locales: Sequence[str] = ()) -> Iterator[tuple[Path, str]]:
    """Yield path and text of the README's editions: in every language but its own, unless told otherwise.

    Raises:
        KitError: the README or a catalog cannot be used.
    """
    if not workspace.readme_file.exists():
        return
    template = readme.read_readme(workspace.readme_file)
    for locale in locales or workspace.locale_names():
        if locale != SOURCE:
            kit = catalogs.load(workspace.locales, locale, KIT_DOMAIN)
            text = readme.render_readme(template, locale, _catalog(workspace, locale, readme.DOMAIN), kit)
            yield readme.readme_path(workspace.labs, locale), text
