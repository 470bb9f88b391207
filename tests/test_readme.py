"""The README says what is true: its languages, its commands and its folders are the real ones."""

import re
from pathlib import Path

import pytest

from kit import i18n
from kit.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the text below a heading, up to the next one of the same level."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_every_language_is_listed_and_no_other():
    listed = re.findall(r"^\| [^|]+ \| `(\w+)` \|", section("Languages"), flags=re.MULTILINE)
    assert listed == list(i18n.available())


def test_every_command_is_listed_and_no_other():
    listed = re.findall(r"^\| `kit (\w+)", section("The command `kit`"), flags=re.MULTILINE)
    assert sorted(listed) == sorted(main.list_commands(None))


def test_every_folder_is_listed_and_no_other():
    listed = re.findall(r"^\| `(\w+)/` \|", section("Folders"), flags=re.MULTILINE)
    assert sorted(listed) == sorted(
        entry.name
        for entry in ROOT.iterdir()
        if entry.is_dir()
        and not entry.name.startswith((".", "_"))
        and entry.name not in {"runs", "build", "dist"}
        and not entry.name.endswith(".egg-info")
        and not (entry / "pyvenv.cfg").exists()
    )


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_relative_link_leads_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    assert not [target for target in targets if not (ROOT / target).exists()]
