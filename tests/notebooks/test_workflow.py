"""The whole path with its commands: template, catalogs, notebooks, and every way to fall out of step."""

import json
from pathlib import Path

import polib
import pytest
from click.testing import CliRunner

from kit import i18n
from kit.cli.catalogs import command as catalogs_command
from kit.cli.check import command as check_command
from kit.cli.render import command as render_command
from kit.errors import UsageError
from kit.notebooks.editions import Workspace
from kit.notebooks.spans import display_width

SMALL = Path(__file__).parent / "small.percent"


def read(path):
    return path.read_text(encoding="utf-8")


def write(path, text):
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A repository with one lab, a package with two messages, and the published locale pt."""
    found = Workspace(tmp_path / "templates", tmp_path / "locales", tmp_path / "labs", tmp_path / "kit")
    for folder in (found.templates, found.labs, found.package, found.locales / "pt" / "LC_MESSAGES"):
        folder.mkdir(parents=True)
    (found.templates / "small.py").write_bytes(SMALL.read_bytes())
    write(found.package / "a.py", '_("Done.")\nngettext("{n} file", "{n} files", n)\n')
    write(found.locales / "published.txt", "pt\n")
    write(found.locales / "links.csv", "key,en,pt,note\nguide,https://a.org/en,https://a.org/pt,\n")
    monkeypatch.setattr(Workspace, "default", classmethod(lambda _cls: found))
    return found


def run(command, *arguments):
    result = CliRunner().invoke(command, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value or 0, result.output


def translate_all(workspace, locale="pt"):
    """Translate every message the way a person would have to: text changes, everything else stays."""
    for path in (workspace.locales / locale / "LC_MESSAGES").glob("*.po"):
        file = polib.pofile(str(path), wrapwidth=0)
        for entry in file:
            if entry.msgid_plural:
                entry.msgstr_plural = dict.fromkeys((0, 1), f"Ж {entry.msgid_plural}")
            else:
                entry.msgstr = f"Ж {entry.msgid}"
            entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
        file.save(str(path))


@pytest.fixture
def finished(workspace):
    run(catalogs_command, "update")
    translate_all(workspace)
    run(catalogs_command, "update")
    run(render_command)
    return workspace


def everything(workspace):
    root = workspace.labs.parent
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*") if path.is_file()}


def found_rules(*arguments):
    code, output = run(check_command, "--format", "json", *arguments)
    return code, {finding["rule"] for finding in json.loads(output) if finding["severity"] == "error"}


def test_a_finished_repository_passes(finished):
    assert found_rules() == (0, set())
    assert run(render_command, "--check")[0] == 0


def test_second_runs_write_nothing(finished):
    before = everything(finished)
    run(catalogs_command, "update")
    run(render_command)
    assert everything(finished) == before


@pytest.mark.parametrize("how", ["wrapped", "header", "sorted", "CRLF"])
def test_a_catalog_as_an_editor_saves_it_is_in_step_and_only_its_layout_differs(finished, how):
    path = finished.locales / "pt" / "LC_MESSAGES" / "small.po"
    before = path.read_bytes()
    file = polib.pofile(str(path), wrapwidth=20 if how == "wrapped" else 0)
    if how == "header":
        file.metadata |= {"X-Generator": "Poedit 3.4", "Last-Translator": "Ana <ana@example.org>"}
    if how == "sorted":
        file.sort(key=lambda entry: entry.msgid)
    file.save(str(path), newline="\r\n" if how == "CRLF" else "\n")
    assert path.read_bytes() != before
    assert found_rules() == (0, set())
    found = json.loads(run(check_command, "--format", "json")[1])
    [warning] = [finding for finding in found if finding["rule"] == "catalog-layout"]
    assert warning["severity"] == "warning"
    run(catalogs_command, "update")
    assert (path.read_bytes() == before) == (how != "header")  # who has translated stays in the header
    assert "catalog-layout" not in run(check_command, "--format", "json")[1]


def test_what_a_translator_has_not_written_is_no_matter_of_layout(finished):
    path = finished.locales / "pt" / "LC_MESSAGES" / "small.po"
    file = polib.pofile(str(path), wrapwidth=20)
    file[0].comment = "something else"
    file.save(str(path))
    assert found_rules() == (1, {"stale-catalog"})


def test_an_edited_template_is_noticed_everywhere(finished):
    path = finished.templates / "small.py"
    write(path, read(path).replace("# A small lab", "# A very small lab"))
    code, output = run(render_command, "--check")
    assert code == 1
    assert output.count("is not what its template and catalog give") == 2
    assert found_rules() == (1, {"stale-catalog", "out-of-step"})
    assert "1 fuzzy" in run(catalogs_command, "update")[1]
    run(render_command)
    assert found_rules() == (1, {"fuzzy"})
    notebook = read(finished.labs / "pt" / "small.ipynb")
    assert "[en] A very small lab" in notebook
    assert "Ж A small lab" not in notebook


def test_every_file_out_of_step_is_named(finished):
    (finished.labs / "en" / "small.ipynb").unlink()
    write(finished.labs / "pt" / "small.ipynb", "{}")
    write(finished.labs / "pt" / "other.ipynb", "{}")
    code, output = run(render_command, "--check")
    assert code == 1
    assert "en/small.ipynb: is missing" in output
    assert "pt/small.ipynb: is not what" in output
    assert "pt/other.ipynb: has no template" in output
    assert found_rules()[1] == {"out-of-step", "surplus", "unreadable"}


def edit_notebook(workspace, change):
    path = workspace.labs / "pt" / "small.ipynb"
    write(path, change(read(path)))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("n_epochs = 3", "n_epochs = 4", "code"),
        ('locale = \\"pt\\"', 'locale = \\"es\\"', "code"),
        ("{n_epochs:>3}", "{n_epochs:>4}", "code"),
        ('name = \\"world\\"', 'name = \\"mundo\\"', "code"),
        ("answer = ...", "answer = (", "code"),
        ('"outputs": []', '"outputs": [{}]', "outputs"),
        ("answer = ...", "answer = 'sk-" + "a1B2" * 8 + "'", "secret"),
        ("answer = ...", "answer = '" + "0123456789abcdef" * 2 + "'", "secret"),
    ],
)
def test_edited_notebooks_are_caught(finished, old, new, rule):
    edit_notebook(finished, lambda text: text.replace(old, new, 1))
    code, rules = found_rules()
    assert code == 1
    assert rule in rules


def test_a_secret_is_not_repeated(finished):
    secret = "dapi" + "0123456789abcdef" * 2
    edit_notebook(finished, lambda text: text.replace("answer = ...", f"answer = '{secret}'"))
    _code, output = run(check_command)
    assert "dapi…" in output
    assert secret not in output


def test_translated_strings_are_no_difference_of_code(finished):
    edit_notebook(finished, lambda text: text.replace("Ж Hello, world!", "Olá, mundo!"))
    assert found_rules()[1] == {"out-of-step"}


@pytest.mark.parametrize("translation", ["1. One\\nmore", "# Title", "> quoted", "- item", "Text\\n\\nmore"])
def test_a_translation_that_changes_the_blocks_is_caught(finished, translation):
    path = finished.locales / "pt" / "LC_MESSAGES" / "small.po"
    text = read(path)
    start = text.index('msgstr "Ж It takes')
    write(path, text[:start] + f'msgstr "{translation}"' + text[text.index("\n", start) :])
    _code, output = run(check_command, "--format", "json")
    (finding,) = [finding for finding in json.loads(output) if finding["rule"] == "blocks"]
    assert finding["subject"].startswith("It takes")
    assert text.split("\n")[finding["line"] - 1].startswith("#. paragraph")  # where the entry begins


def test_a_new_language_needs_no_program(finished):
    code, output = run(catalogs_command, "init", "qps")
    assert code == 0
    assert "small.po" in output
    assert read(finished.locales / "links.csv").startswith("key,en,pt,qps,note\n")
    translate_all(finished, "qps")
    run(catalogs_command, "update")
    run(render_command, "--locale", "qps")
    notebook = read(finished.labs / "qps" / "small.ipynb")
    assert 'locale = \\"qps\\"  # Ж language of the data' in notebook
    assert "[en]" not in notebook
    assert found_rules() == (0, set())
    with pytest.raises(UsageError, match="exists already"):
        run(catalogs_command, "init", "qps")


def test_a_language_in_the_making_may_be_unfinished(finished):
    run(catalogs_command, "init", "qps")
    run(render_command)
    assert found_rules() == (0, set())
    notebook = read(finished.labs / "qps" / "small.ipynb")
    assert "This edition is not finished: 0% of it is translated." in notebook


def test_status_in_three_forms(finished):
    rows = json.loads(run(catalogs_command, "status", "--format", "json")[1])
    found = [(row["locale"], row["domain"], row["share"]) for row in rows]
    assert found == [("pt", "small", 1.0), ("pt", "kit", 1.0)]
    assert rows[1]["messages"] == {"translated": 2, "fuzzy": 0, "missing": 0}
    markdown = run(catalogs_command, "status", "--format", "markdown")[1]
    assert "| pt | kit | 2 | 0 | 0 | 2 | 0 | 100 |" in markdown
    assert "small" in run(catalogs_command, "status")[1]


def test_the_table_of_the_status_is_whole_in_80_columns(monkeypatch, locale):
    monkeypatch.setenv("COLUMNS", "80")
    i18n.use(locale)
    table = run(catalogs_command, "status")[1]
    head = table[: table.index("─")]
    titles = ["Locale", "Catalog", "Translated", "Fuzzy", "Missing", "Words left"]
    words = [word for title in titles for word in i18n.gettext(title).split()]
    assert set(words) <= set(head.split()), head
    assert {"fine-tune", "fine-tune-local", "evaluate", "readme"} <= set(table.split())
    assert max(map(display_width, table.splitlines())) <= 80


def test_annotations_for_a_workflow(finished):
    (finished.labs / "en" / "small.ipynb").unlink()
    _code, output = run(check_command, "--format", "github")
    assert output.startswith("::error file=labs/en/small.ipynb,title=kit out-of-step::")
    assert "%0ARun “kit render”." in output


def test_warnings_fail_only_when_asked(finished):
    path = finished.locales / "pt" / "LC_MESSAGES" / "small.po"
    write(path, read(path).replace("Ж Your turn", "Ж Your  turn"))
    run(render_command)
    assert run(check_command)[0] == 0
    assert run(check_command, "--strict")[0] == 1


def test_a_broken_template_does_not_hide_the_rest(finished):
    write(finished.templates / "broken.py", "no marker\n")
    write(finished.locales / "links.csv", "key,en,pt,note\nguide,https://a.org/en,,\n")
    _code, output = run(check_command, "--format", "json")
    found = json.loads(output)
    assert ("unreadable", 1) in {(finding["rule"], finding["line"]) for finding in found}
    assert "link-missing" in {finding["rule"] for finding in found}


def test_instructor_editions_go_elsewhere(finished, tmp_path):
    out = tmp_path / "class"
    run(render_command, "--audience", "instructor", "--out", str(out), "--locale", "en")
    assert "answer = 42" in read(out / "en" / "small.ipynb")
    with pytest.raises(Exception, match="--out"):
        run(render_command, "--audience", "instructor")


@pytest.mark.parametrize(("command", "arguments"), [
    (render_command, ["--lab", "nope"]),
    (render_command, ["--locale", "xx"]),
    (catalogs_command, ["update", "--locale", "xx"]),
    (catalogs_command, ["init", "pt"]),
])  # fmt: skip
def test_unknown_names_are_refused(workspace, command, arguments):
    with pytest.raises(UsageError) as caught:
        run(command, *arguments)
    assert caught.value.advice


@pytest.mark.parametrize("command", [render_command, catalogs_command, check_command])
def test_help_teaches(command):
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output
