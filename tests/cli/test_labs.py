"""``kit labs copy``: a learner's own folder, and nothing of theirs overwritten."""

import json
from pathlib import Path

from click.testing import CliRunner

from kit import settings
from kit.cli import main


def copy(*arguments: str):
    return CliRunner().invoke(main, ["labs", "copy", *arguments])


def test_a_learner_gets_every_lab_of_a_language(tmp_path: Path, locale: str):
    result = copy(str(tmp_path / "mine"), "--locale", locale)
    assert result.exit_code == 0, result.output
    wanted = {path.name: path.read_bytes() for path in (settings.labs_folder() / locale).glob("*.ipynb")}
    assert wanted
    assert {path.name: path.read_bytes() for path in (tmp_path / "mine").glob("*.ipynb")} == wanted
    assert all(json.loads(text)["metadata"]["kit"]["locale"] == locale for text in wanted.values())


def test_what_a_learner_has_changed_is_kept(tmp_path: Path):
    assert copy(str(tmp_path)).exit_code == 0
    mine = tmp_path / "fine-tune.ipynb"
    mine.write_text("my work")
    (tmp_path / "evaluate.ipynb").unlink()
    result = copy(str(tmp_path))
    assert result.exit_code == 0
    assert mine.read_text() == "my work"
    assert f"! kept as it is: {mine}" in result.output
    assert f"✓ {tmp_path / 'evaluate.ipynb'}" in result.output


def test_the_kits_own_folder_is_refused():
    result = copy(str(settings.labs_folder() / "pt"))
    assert result.exit_code == 2
    assert "the kit's own folder" in result.stderr
