"""The kit's own messages: lookup, plurals by the catalog's rule, and errors that translate themselves."""

import pickle

import polib
import pytest

from kit import i18n, settings
from kit.errors import N_, KitError
from kit.i18n import translation


@pytest.fixture
def catalogs(tmp_path, monkeypatch):
    """A folder of catalogs in which Portuguese knows three messages, one of them only fuzzily."""
    folder = tmp_path / "pt" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    po = polib.POFile()
    po.metadata = {"Plural-Forms": "nplurals=2; plural=(n > 1);", "Content-Type": "text/plain; charset=UTF-8"}
    po.append(polib.POEntry(msgid="Broken line {line}.", msgstr="Linha {line} com defeito."))
    po.append(polib.POEntry(msgid="Doubtful.", msgstr="Duvidoso.", flags=["fuzzy"]))
    po.append(
        polib.POEntry(
            msgid="{n} file", msgid_plural="{n} files", msgstr_plural={0: "{n} arquivo", 1: "{n} arquivos"}
        )
    )
    po.save(str(folder / "kit.po"))
    monkeypatch.setattr(settings, "locales_folder", lambda: tmp_path)
    monkeypatch.setattr(translation, "_current", [])
    caches = (translation._messages, translation._plural_rule, i18n.locales.available)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("catalogs")
def test_a_translated_message_is_found_and_a_fuzzy_one_is_not():
    i18n.use("pt")
    assert i18n.gettext("Broken line {line}.") == "Linha {line} com defeito."
    assert i18n.gettext("Doubtful.") == "Doubtful."
    assert i18n.gettext("Unknown.") == "Unknown."


@pytest.mark.usefixtures("catalogs")
@pytest.mark.parametrize(("n", "expected"), [(0, "0 arquivo"), (1, "1 arquivo"), (2, "2 arquivos")])
def test_brazil_counts_zero_as_singular(n, expected):
    i18n.use("pt")
    assert i18n.ngettext("{n} file", "{n} files", n).format(n=n) == expected


@pytest.mark.usefixtures("catalogs")
def test_an_error_speaks_the_current_language_and_survives_pickling():
    error = KitError(N_("Broken line {line}."), advice=N_("Doubtful."), line=7)
    assert str(error) == "Broken line 7.\nDoubtful."
    i18n.use("pt")
    assert str(pickle.loads(pickle.dumps(error))) == "Linha 7 com defeito.\nDoubtful."
    assert error._render_traceback_() == ["Linha 7 com defeito.", "Doubtful."]
