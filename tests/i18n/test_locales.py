"""Which spellings of a locale are understood, and which are refused."""

import pytest

from kit import i18n
from kit.errors import UnknownLocaleError


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("pt", "pt"),
        ("pt-BR", "pt"),
        ("pt_BR.UTF-8", "pt"),
        ("PT", "pt"),
        ("es-419", "es"),
        ("es_ES@euro", "es"),
        ("fr-CA", "fr"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-Hans", "zh"),
        ("zh_Hans_CN", "zh"),
    ],
)
def test_usual_spellings_are_understood(identifier, expected):
    assert i18n.negotiate(identifier) == expected


@pytest.mark.parametrize("identifier", ["zh-TW", "zh-Hant", "zh_Hant_HK", "zh-HK", "xx", "", "klingon"])
def test_a_locale_that_is_not_shipped_is_refused_with_the_list(identifier):
    with pytest.raises(UnknownLocaleError) as caught:
        i18n.negotiate(identifier)
    assert ", ".join(i18n.available()) in str(caught.value)
    assert "CONTRIBUTING.md" in str(caught.value)


def test_english_comes_first_and_the_rest_in_order():
    assert i18n.available()[0] == "en"
    assert list(i18n.available()[1:]) == sorted(i18n.available()[1:])


def test_languages_are_called_what_their_speakers_call_them():
    # CLDR 47, the languages' names in themselves
    names = {locale: i18n.own_name(locale) for locale in ("en", "es", "fr", "pt", "zh")}
    assert names == {"en": "English", "es": "español", "fr": "français", "pt": "português", "zh": "中文"}


def test_the_environment_chooses_where_nobody_else_did(monkeypatch):
    monkeypatch.setattr("kit.i18n.translation._current", [])
    monkeypatch.setenv("KIT_LOCALE", "pt_BR")
    assert i18n.current() == "pt"
    monkeypatch.setenv("KIT_LOCALE", "xx")
    assert i18n.current() == "en"
