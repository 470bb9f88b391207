"""Numbers, money, time and lists as the current locale writes them (Babel, CLDR).

Every function takes an optional ``locale``; without one the current locale of :mod:`kit.i18n.translation`
holds. Amounts of money contain U+00A0 in several locales: fit for prose and output, not for code cells.
"""

import datetime
from collections.abc import Sequence
from typing import Literal

from babel import dates, lists, numbers

from kit.i18n.locales import babel_locale
from kit.i18n.translation import current

Unit = Literal["second", "minute", "hour", "day"]

_SECONDS: dict[Unit, int] = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def number(value: float, decimals: int | None = None, *, locale: str = "") -> str:
    """Format a number; ``decimals`` fixes the digits after the separator."""
    pattern = None if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
    return numbers.format_decimal(value, format=pattern, locale=babel_locale(locale or current()))


def signed(value: float, decimals: int, *, locale: str = "") -> str:
    """Format a difference: “+3.5”, “-2.0”, and “0.0” where rounding leaves nothing of it."""
    rounded = round(value, decimals) + 0.0  # no negative zero
    text = number(rounded, decimals, locale=locale)
    return f"+{text}" if rounded > 0 else text


def compact(value: float, *, locale: str = "") -> str:
    """Format a large number in short: “10M”, “1000万”."""
    return numbers.format_compact_decimal(value, locale=babel_locale(locale or current()))


def percent(share: float, decimals: int = 0, *, locale: str = "") -> str:
    """Format a share between 0 and 1 as a percentage."""
    parsed = babel_locale(locale or current())
    pattern = parsed.percent_formats[None].pattern
    if decimals:
        pattern = pattern.replace("#,##0", "#,##0." + "0" * decimals)
    return numbers.format_percent(share, format=pattern, locale=parsed)


def money(amount: float, currency: str = "USD", decimals: int | None = None, *, locale: str = "") -> str:
    """Format an amount of money; ``decimals`` shows fractions of a cent where prices are that small."""
    parsed = babel_locale(locale or current())
    pattern = parsed.currency_formats["standard"].pattern
    if decimals is not None:
        pattern = pattern.replace("0.00", "0." + "0" * decimals if decimals else "0")
    return numbers.format_currency(
        amount, currency, format=pattern, locale=parsed, currency_digits=decimals is None
    )


def duration(amount: float, unit: Unit = "minute", *, locale: str = "") -> str:
    """Format a length of time given in ``second``, ``minute``, ``hour`` or ``day``: “90 minutes”.

    ``format_timedelta`` and not ``format_unit``: in Babel 2.18 the latter fails for long minutes in
    Chinese and long days in Portuguese.
    """
    delta = datetime.timedelta(seconds=round(amount * _SECONDS[unit]))
    return dates.format_timedelta(
        delta, granularity=unit, threshold=1e9, locale=babel_locale(locale or current())
    )


def date(value: datetime.date | str, *, locale: str = "") -> str:
    """Format a day, given as a date or in ISO form, in the locale's long style."""
    day = datetime.date.fromisoformat(value) if isinstance(value, str) else value
    return dates.format_date(day, format="long", locale=babel_locale(locale or current()))


def joined(items: Sequence[str], *, locale: str = "") -> str:
    """Join items as a sentence does: “pt, es and zh”."""
    return lists.format_list(list(items), locale=babel_locale(locale or current()))
