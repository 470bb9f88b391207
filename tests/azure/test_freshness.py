"""The days are those of kit/azure/models.toml: prices of 2026-07-31, and gpt-4.1's end of 2026-10-14."""

import datetime

import pytest

from kit.azure import models
from kit.azure.freshness import notices


def of(name: str, day: str) -> set[tuple[str, str]]:
    found = notices([models.find(name)], datetime.date.fromisoformat(day))
    return {(notice.kind, notice.what) for notice in found}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-08-10", set()),
        ("2026-09-29", {("stale", "retirement")}),  # of 2026-07-07; the prices are sixty days old
        ("2026-09-30", {("stale", "retirement"), ("stale", "prices")}),
    ],
)
def test_a_figure_is_stale_after_sixty_days(day, expected):
    assert {notice for notice in of("gpt-oss-20b", day) if notice[0] == "stale"} == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-08-14", False),  # 61 days before
        ("2026-08-15", True),
        ("2026-10-14", True),
        ("2026-10-15", False),
    ],
)
def test_an_end_is_near_within_sixty_days(day, expected):
    assert (("ending", "base") in of("gpt-4.1", day)) == expected


def test_a_notice_says_where_to_read_again():
    [notice] = notices([models.find("gpt-oss-20b")], datetime.date(2026, 9, 29))
    assert notice.url.startswith("https://")
    assert notice.day == datetime.date(2026, 7, 7)
