"""``kit labs copy``: a learner's own folder, and nothing of theirs overwritten."""

import json
from pathlib import Path

from click.testing import CliRunner

from kit import settings
from kit.cli import main


def copy(*arguments: str):
    return CliRunner().invoke(main, ["labs", "copy", *arguments])


def test_a_learner_gets_every_lab_of_a_language_and_nothing_that_is_of_no_use_there(
    tmp_path: Path, locale: str
):
    result = copy(str(tmp_path / "mine"), "--locale", locale)
    assert result.exit_code == 0, result.output
    wanted = {path.name: path.read_bytes() for path in (settings.labs_folder() / locale).glob("*.ipynb")}
    assert wanted
    found = [path for path in (tmp_path / "mine").rglob("*") if path.is_file()]
    assert {path.name: path.read_bytes() for path in found} == wanted
    assert {path.parent for path in found} == {tmp_path / "mine" / locale}
    assert all(json.loads(text)["metadata"]["kit"]["locale"] == locale for text in wanted.values())


def test_two_languages_live_side_by_side(tmp_path: Path):
    for locale in ("pt", "es"):
        result = copy(str(tmp_path), "--locale", locale)
        assert "!" not in result.output
        assert result.output.count("✓") == 3
    for locale in ("pt", "es"):
        copied = json.loads((tmp_path / locale / "evaluate.ipynb").read_text(encoding="utf-8"))
        assert copied["metadata"]["kit"]["locale"] == locale


def test_the_course_begins_with_its_first_lab(tmp_path: Path):
    lines = copy(str(tmp_path)).output.splitlines()
    first = tmp_path / "en" / "fine-tune.ipynb"
    assert (lines[0], lines[-1]) == (f"✓ {first}", f"Open one with: jupyter lab {first}")


def test_what_a_learner_has_changed_is_kept(tmp_path: Path):
    assert copy(str(tmp_path)).exit_code == 0
    mine = tmp_path / "en" / "fine-tune.ipynb"
    mine.write_text("my work")
    (tmp_path / "en" / "evaluate.ipynb").unlink()
    result = copy(str(tmp_path))
    assert result.exit_code == 0
    assert mine.read_text() == "my work"
    assert f"! kept as it is: {mine}" in result.output
    assert f"✓ {tmp_path / 'en' / 'evaluate.ipynb'}" in result.output


def test_the_kits_own_folder_is_refused():
    result = copy(str(settings.labs_folder() / "pt"))
    assert result.exit_code == 2
    assert "the kit's own folder" in result.stderr
