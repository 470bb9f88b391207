"""Catalogs on disk and merging: stable text, fuzzy matches, and no translator's work lost."""

import random
import time

import polib
import pytest

from kit.errors import CatalogError, UsageError
from kit.i18n import catalogs
from kit.i18n.catalogs import Catalog, SourceMessage, canonical, load, new_file, plural_forms, save, status
from kit.i18n.extraction import kit_messages
from kit.i18n.merging import merge

OLD = "Upload the training file and wait until the service has read it."
EDITED = "Upload the training file and wait until the service has processed it."
UNRELATED = "The confusion matrix shows which classes are taken for one another."


def messages(*msgids, **fields):
    return [SourceMessage(msgid, **fields) for msgid in msgids]


def translated(*pairs, **fields):
    file = merge(new_file("pt", "lab"), messages(*(msgid for msgid, _text in pairs), **fields)).file
    for entry, (_msgid, text) in zip(file, pairs, strict=True):
        entry.msgstr = text
    return file


def active(file):
    return {entry.msgid: entry for entry in file if not entry.obsolete}


def test_exact_matches_keep_everything_a_person_wrote():
    old = translated(("a", "A"), ("b", "B"))
    old[0].tcomment = "a translator's note"
    merged = merge(old, messages("b", "a", comment="heading", sources=("templates/lab.py",))).file
    assert [(entry.msgid, entry.msgstr) for entry in merged] == [("b", "B"), ("a", "A")]
    assert merged[1].tcomment == "a translator's note"
    assert (merged[1].comment, merged[1].occurrences) == ("heading", [("templates/lab.py", "")])


def test_an_edited_message_becomes_fuzzy_with_its_earlier_text():
    result = merge(translated((OLD, "Envie.")), messages(EDITED))
    entry = active(result.file)[EDITED]
    assert (entry.msgstr, entry.fuzzy, entry.previous_msgid) == ("Envie.", True, OLD)
    assert (result.added, result.fuzzy, result.removed) == (0, 1, 1)


def test_a_new_message_is_never_fuzzy():
    entry = active(merge(translated((OLD, "Envie.")), messages(UNRELATED)).file)[UNRELATED]
    assert (entry.msgstr, entry.fuzzy, entry.previous_msgid) == ("", False, None)


def test_a_message_that_is_still_there_lends_nothing():
    """Only removed messages are compared: a variant beside the original is new."""
    merged = merge(translated((OLD, "Envie.")), messages(OLD, EDITED)).file
    assert active(merged)[EDITED].msgstr == ""
    assert active(merged)[OLD].msgstr == "Envie."


def test_one_translation_serves_one_message():
    third = EDITED.replace("processed", "checked")
    merged = merge(translated((OLD, "Envie.")), messages(EDITED, third)).file
    assert sorted(entry.fuzzy for entry in active(merged).values()) == [False, True]


def test_removed_work_stays_as_obsolete_and_comes_back():
    gone = merge(translated(("a", "A"), (UNRELATED, "Matriz.")), messages("a")).file
    assert [entry.msgid for entry in gone if entry.obsolete] == [UNRELATED]
    back = merge(gone, messages("a", UNRELATED))
    assert back.revived == 1
    assert active(back.file)[UNRELATED].msgstr == "Matriz."
    assert not active(back.file)[UNRELATED].fuzzy


def test_an_edit_that_is_taken_back_restores_the_translation():
    edited = merge(translated((OLD, "Envie.")), messages(EDITED)).file
    restored = merge(edited, messages(OLD)).file
    assert active(restored)[OLD].msgstr == "Envie."
    assert not active(restored)[OLD].fuzzy
    assert [entry.msgid for entry in restored] == [OLD]  # the guess for the edit held nothing of its own


def test_two_edits_in_a_row_keep_the_text_that_the_translation_belongs_to():
    once = merge(translated((OLD, "Envie.")), messages(EDITED)).file
    twice = EDITED.replace("wait until", "wait a minute until")
    entry = active(merge(once, messages(twice)).file)[twice]
    assert (entry.fuzzy, entry.previous_msgid) == (True, OLD)


def test_untranslated_messages_leave_without_a_trace():
    assert list(merge(translated(("a", ""), ("b", "B")), messages("b")).file)[-1].msgid == "b"


def test_a_reworked_guess_is_work():
    once = merge(translated((OLD, "Envie.")), messages(EDITED)).file
    active(once)[EDITED].msgstr = "Envie o arquivo e espere."
    kept = merge(once, messages(UNRELATED)).file
    assert "Envie o arquivo e espere." in [entry.msgstr for entry in kept if entry.obsolete]


def test_a_guess_of_a_guess_leaves_without_a_trace(tmp_path):
    """However often a text is edited before its translator comes, its translation is kept once."""
    path = tmp_path / "pt" / "LC_MESSAGES" / "lab.po"
    save(translated((OLD, "Envie."), (UNRELATED, "Matriz.")), path, "pt", "lab")
    for word in ("processed", "checked", "counted", "opened"):
        edited = messages(OLD.replace("read", word), UNRELATED)
        save(merge(load(tmp_path, "pt", "lab").file, edited).file, path, "pt", "lab")
        assert not save(merge(load(tmp_path, "pt", "lab").file, edited).file, path, "pt", "lab"), word
    save(merge(load(tmp_path, "pt", "lab").file, messages(UNRELATED)).file, path, "pt", "lab")
    file = load(tmp_path, "pt", "lab").file
    assert [(entry.msgid, entry.msgstr) for entry in file.obsolete_entries()] == [(OLD, "Envie.")]


def test_reworked_guesses_that_agree_are_kept_once(tmp_path):
    path = tmp_path / "pt" / "LC_MESSAGES" / "lab.po"
    once = merge(translated((OLD, "Envie.")), messages(EDITED)).file
    active(once)[EDITED].msgstr = "Envie o arquivo e espere."
    save(merge(once, messages(EDITED.replace("processed", "checked"))).file, path, "pt", "lab")
    twice = merge(load(tmp_path, "pt", "lab").file, messages(UNRELATED))
    assert save(twice.file, path, "pt", "lab")
    assert not save(merge(load(tmp_path, "pt", "lab").file, messages(UNRELATED)).file, path, "pt", "lab")
    kept = [entry.msgstr for entry in load(tmp_path, "pt", "lab").file.obsolete_entries()]
    assert sorted(kept) == ["Envie o arquivo e espere.", "Envie."]


@pytest.mark.parametrize("text", ["Matriz.", ""])
def test_a_message_in_use_and_obsolete_at_once_becomes_one(text):
    """What joining two branches' catalogs line by line can leave."""
    file = translated((OLD, "Envie."), (UNRELATED, text))
    file.append(polib.POEntry(msgid=UNRELATED, msgstr="Matriz.", obsolete=True))
    used = merge(file, messages(OLD, UNRELATED)).file
    assert [(entry.msgid, entry.msgstr) for entry in used] == [(OLD, "Envie."), (UNRELATED, "Matriz.")]
    file.append(polib.POEntry(msgid=UNRELATED, msgstr="Matriz.", obsolete=True))
    unused = merge(file, messages(OLD)).file
    assert [entry.msgid for entry in unused] == [OLD, UNRELATED]


def test_plural_messages_merge():
    old = merge(new_file("pt", "kit"), [SourceMessage("{n} file", "{n} files")]).file
    old[0].msgstr_plural = {0: "{n} arquivo", 1: "{n} arquivos"}
    merged = merge(old, [SourceMessage("{n} file found", "{n} files found")]).file
    entry = active(merged)["{n} file found"]
    assert (entry.msgstr_plural, entry.fuzzy) == ({0: "{n} arquivo", 1: "{n} arquivos"}, True)
    assert entry.previous_msgid_plural == "{n} files"


@pytest.mark.parametrize(("locale", "forms"), [("zh", 1), ("pt", 2), ("pl", 3)])
def test_a_new_plural_message_has_a_line_for_each_form(locale, forms):
    file = merge(new_file(locale, "kit"), [SourceMessage("{n} file", "{n} files")]).file
    assert f'msgstr[{forms - 1}] ""' in canonical(file, locale, "kit")
    assert f"msgstr[{forms}]" not in canonical(file, locale, "kit")


def test_the_text_is_stable(tmp_path):
    path = tmp_path / "pt" / "LC_MESSAGES" / "lab.po"
    wanted = messages("a " * 90 + "end", "two\nlines", comment="paragraph", sources=("templates/lab.py",))
    assert save(merge(new_file("pt", "lab"), wanted).file, path, "pt", "lab")
    text = path.read_text(encoding="utf-8")
    assert not save(merge(load(tmp_path, "pt", "lab").file, wanted).file, path, "pt", "lab")
    assert path.read_text(encoding="utf-8") == text
    assert "Date" not in text
    assert "#: templates/lab.py\n" in text
    assert max(len(line) for line in text.splitlines()) > 180  # not wrapped


def test_what_an_editor_adds_does_not_stay(tmp_path):
    """Poedit writes dates, its name and wrapped lines; the next update takes them out again."""
    path = tmp_path / "lab.po"
    file = translated((OLD * 3, "Envie. " * 30))
    save(file, path, "pt", "lab")
    clean = path.read_bytes()
    file.metadata |= {"PO-Revision-Date": "2026-11-02 09:00+0000", "X-Generator": "Poedit 3.4"}
    file.wrapwidth = 78
    file.save(str(path))
    assert path.read_bytes() != clean
    save(catalogs.read_file(path), path, "pt", "lab")
    assert path.read_bytes() == clean


# Plural-Forms as the GNU gettext manual (“Plural forms”) and CLDR 47 have them; pt is Brazilian Portuguese.
@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("pt", "nplurals=2; plural=(n > 1);"),
        ("pt_PT", "nplurals=2; plural=(n != 1);"),
        ("es", "nplurals=2; plural=(n != 1);"),
        ("zh", "nplurals=1; plural=0;"),
        ("fr", "nplurals=2; plural=(n > 1);"),
        ("qps", "nplurals=2; plural=(n != 1);"),
    ],
)
def test_plural_forms(locale, expected):
    assert plural_forms(locale) == expected


def test_a_catalog_holds_only_finished_translations():
    file = translated(("a", "A"), ("b", "B"), ("c", ""))
    file[1].flags = ["fuzzy"]
    catalog = Catalog("pt", "lab", file)
    assert dict(catalog) == {"a": "A"}
    assert [catalog.state(msgid) for msgid in "abcd"] == ["translated", "fuzzy", "missing", "missing"]


def test_status_counts_messages_and_words():
    file = translated(("one two", "um dois"), ("three", ""), ("four five six", "quatro"))
    file[2].flags = ["fuzzy"]
    counted = status(Catalog("pt", "lab", file))
    assert counted.messages == {"translated": 1, "fuzzy": 1, "missing": 1}
    assert counted.words == {"translated": 2, "fuzzy": 3, "missing": 1}
    assert counted.share == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "content",
    [b"no catalog", b'msgid "a"\nmsgstr "\xff"\n', b'msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n'],
)
def test_a_broken_catalog_is_named(tmp_path, content):
    path = tmp_path / "pt" / "LC_MESSAGES" / "lab.po"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=r"lab\.po"):
        load(tmp_path, "pt", "lab")


@pytest.mark.parametrize("locale", ["pt", "en", "../x", "", "_fr"])
def test_locales_that_cannot_be_started(tmp_path, locale):
    (tmp_path / "pt" / "LC_MESSAGES").mkdir(parents=True)
    with pytest.raises(UsageError):
        catalogs.check_new_locale(tmp_path, locale)


def test_extraction_of_the_kits_messages(tmp_path):
    package = tmp_path / "kit"
    package.mkdir()
    (package / "b.py").write_text('_("second")\n_(f"no {x}")\nngettext("{n} file", "{n} files", n)\n')
    (package / "a.py").write_text('# Translators: a hint\nN_("first {x}")\n_("second")\n')
    found = kit_messages(package)
    assert [message.msgid for message in found] == ["first {x}", "second", "{n} file"]
    assert found[0].comment == "a hint"
    assert found[0].flags == ("python-brace-format",)
    assert found[1].sources == ("kit/a.py", "kit/b.py")
    assert found[2].plural == "{n} files"


def sentences(count, seed=105):
    """Return different sentences made of made-up words, about as long as those of a lesson."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("aeioubcdlmnrst", k=chance.randint(2, 9))) for _ in range(2000)]
    return [" ".join(chance.choices(words, k=chance.randint(4, 30))).capitalize() + "." for _ in range(count)]


def test_a_large_catalog_merges_at_once():
    """4,550 messages, 84 of them edited: all edits are found, and nothing else becomes fuzzy."""
    old = sentences(4550)
    edited = {msgid: msgid.replace(" ", " zzz ", 1) for msgid in old[100:4300:50]}
    file = translated(*((msgid, msgid.upper()) for msgid in old))
    new = [*(edited.get(msgid, msgid) for msgid in old), *sentences(40, seed=7)]
    start = time.perf_counter()
    result = merge(file, messages(*new))
    assert time.perf_counter() - start < 1.5  # 0.05 s on an idle machine
    assert len(edited) == 84
    fuzzy = {entry.previous_msgid: entry.msgid for entry in result.file if entry.fuzzy}
    assert fuzzy == edited
    assert result.added == 40


def test_a_header_of_any_tool_is_read():
    po = polib.pofile(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "a"\nmsgstr "A"\n'
    )
    assert "nplurals=1" in canonical(po, "zh", "lab")
