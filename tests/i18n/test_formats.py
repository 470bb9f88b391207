"""Numbers, money and time in every shipped language.

Expected values: Unicode CLDR charts (by-type charts for numbers, currencies, units and list patterns).
"""

import datetime

import pytest

from kit import i18n

NBSP = "\u00a0"
NNBSP = "\u202f"


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en", "128,000.5"),
        ("pt", "128.000,5"),
        ("es", "128.000,5"),
        ("zh", "128,000.5"),
        ("fr", f"128{NNBSP}000,5"),
    ],
)
def test_number(locale, expected):
    assert i18n.number(128000.5, locale=locale) == expected


def test_number_with_fixed_decimals():
    assert i18n.number(3, 2, locale="en") == "3.00"
    assert i18n.number(2.34567, 3, locale="pt") == "2,346"


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en", ["+3.5", "-16.7", "0.0", "0.0"]),
        ("zh", ["+3.5", "-16.7", "0.0", "0.0"]),
        *((locale, ["+3,5", "-16,7", "0,0", "0,0"]) for locale in ("pt", "es", "fr")),
    ],
)
def test_a_difference_shows_its_sign_unless_nothing_is_left_of_it(locale, expected):
    """The signs and separators are those of CLDR 47."""
    assert [i18n.signed(value, 1, locale=locale) for value in (3.46, -16.67, -0.04, 0.0)] == expected


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("en", "82.5%"), ("pt", "82,5%"), ("es", f"82,5{NBSP}%"), ("zh", "82.5%"), ("fr", f"82,5{NBSP}%")],
)
def test_percent(locale, expected):
    assert i18n.percent(0.825, 1, locale=locale) == expected


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en", "$4.20"),
        ("pt", f"US${NBSP}4,20"),
        ("es", f"4,20{NBSP}US$"),
        ("zh", "US$4.20"),
        ("fr", f"4,20{NBSP}$US"),
    ],
)
def test_money(locale, expected):
    assert i18n.money(4.2, "USD", locale=locale) == expected


def test_small_amounts_of_money_keep_their_digits():
    assert i18n.money(0.0123, decimals=4, locale="en") == "$0.0123"


@pytest.mark.parametrize(
    ("locale", "unit", "expected"),
    [
        ("en", "second", "90 seconds"),
        ("en", "minute", "90 minutes"),
        ("en", "hour", "90 hours"),
        ("en", "day", "90 days"),
        ("pt", "second", "90 segundos"),
        ("pt", "minute", "90 minutos"),
        ("pt", "hour", "90 horas"),
        ("pt", "day", "90 dias"),
        ("es", "second", "90 segundos"),
        ("es", "minute", "90 minutos"),
        ("es", "hour", "90 horas"),
        ("es", "day", "90 días"),
        ("fr", "second", f"90{NBSP}secondes"),
        ("fr", "minute", "90 minutes"),
        ("fr", "hour", f"90{NBSP}heures"),
        ("fr", "day", f"90{NBSP}jours"),
        ("zh", "second", "90秒钟"),
        ("zh", "minute", "90分钟"),
        ("zh", "hour", "90小时"),
        ("zh", "day", "90天"),
    ],
)
def test_every_unit_of_time_in_every_locale(locale, unit, expected):
    assert i18n.duration(90, unit, locale=locale) == expected


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en", "October 14, 2026"),
        ("pt", "14 de outubro de 2026"),
        ("es", "14 de octubre de 2026"),
        ("fr", "14 octobre 2026"),
        ("zh", "2026年10月14日"),
    ],
)
def test_date_from_text_and_from_a_date(locale, expected):
    assert i18n.date("2026-10-14", locale=locale) == expected
    assert i18n.date(datetime.date(2026, 10, 14), locale=locale) == expected


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("en", "a, b, and c"), ("pt", "a, b e c"), ("es", "a, b y c"), ("zh", "a、b和c"), ("fr", "a, b et c")],
)
def test_list(locale, expected):
    assert i18n.joined(["a", "b", "c"], locale=locale) == expected
