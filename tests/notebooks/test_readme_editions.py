"""The README in every language: complete, with the same commands, and with links that lead somewhere."""

import ntpath
import os
import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from kit import i18n
from kit.notebooks.editions import Workspace, beside
from kit.notebooks.readme import relocated, with_figures

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TRANSLATED = [locale for locale in i18n.available() if locale != i18n.SOURCE]


def fences(text: str) -> list[str]:
    return re.findall(r"^```bash\n.*?^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("locale", TRANSLATED)
def test_an_edition_has_the_commands_of_the_readme_and_nothing_untranslated(locale):
    text = (ROOT / "labs" / locale / "README.md").read_text(encoding="utf-8")
    assert fences(text) == fences(README)
    assert "[en]" not in text
    assert text.count("\n## ") == README.count("\n## ")


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_relative_link_of_an_edition_leads_somewhere(locale):
    path = ROOT / "labs" / locale / "README.md"
    links = re.findall(r"""(?:\]\(|href="|src=")((?!https?:|#)[^)"#]+)""", path.read_text(encoding="utf-8"))
    assert len(links) > 5
    assert not [link for link in links if not (path.parent / link).exists()]


def test_every_language_is_linked_at_the_top():
    top = README.split("\n## ")[0]
    targets = {f"labs/{locale}/README.md" for locale in TRANSLATED} | {"README.md"}
    assert set(re.findall(r'href="([^"]+)"', top)) == targets


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("[a](LICENSE)", "[a](../../LICENSE)"),
        ("[a](labs/pt/README.md)", "[a](../pt/README.md)"),
        ('<a href="README.md">', '<a href="../../README.md">'),
        ("[a](https://example.org/x) [b](#there)", "[a](https://example.org/x) [b](#there)"),
        ("![a](.github/p.png)", "![a](../../.github/p.png)"),
    ],
)
def test_links_are_made_for_the_folder(text, moved):
    assert relocated(text, PurePosixPath("labs/zh")) == moved


@pytest.mark.parametrize(
    ("locale", "row"),
    [
        ("pt", "| `a.b` 1.5 | 42,7 | 38,8 – 46,6 | 0,610 |"),
        ("zh", "| `a.b` 1.5 | 42.7 | 38.8 – 46.6 | 0.610 |"),
    ],
)
def test_figures_are_written_as_the_locale_does(locale, row):
    assert with_figures("| `a.b` 1.5 | 42.7 | 38.8 – 46.6 | 0.610 |", locale) == row


def test_links_on_windows_are_those_of_everywhere(monkeypatch):
    monkeypatch.setattr(os, "path", ntpath)
    assert relocated("[a](.github/p.png)", PurePosixPath("labs/zh")) == "[a](../../.github/p.png)"


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this copy is no checkout")
def test_a_checkout_on_windows_has_the_bytes_of_everywhere():
    """Whatever the person has set: the kit compares files byte for byte."""
    command = ["git", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", "check-attr", "eol", "text", "--"]
    paths = [
        "labs/pt/fine-tune.ipynb",
        "locales/pt/LC_MESSAGES/kit.po",
        "locales/links.csv",
        "databricks.yml",
    ]
    found = subprocess.run([*command, *paths], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert found.splitlines() == [f"{p}: {a}" for p in paths for a in ("eol: lf", "text: auto")]


def test_rendering_writes_what_is_there():
    assert not [file.path for file in beside(Workspace.default()) if file.fault()]
