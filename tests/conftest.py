"""Fixtures and options that every test may use."""

from collections.abc import Iterator
from typing import Any

import pytest

from kit import i18n


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write golden files instead of comparing with them"
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written; without it a missing golden file is a failure."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(params=i18n.available())
def locale(request: pytest.FixtureRequest) -> str:
    """Every shipped locale in turn: a test that takes it covers a language added tomorrow."""
    return str(request.param)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Let no test inherit another one's language."""
    i18n.use("en")
    yield
    i18n.use("en")


@pytest.fixture(scope="session")
def simulator() -> Iterator[Any]:
    """A simulator on a free port, one for all tests: name your files and deployments for yourself."""
    from kit.simulator import serve

    with serve(port=0) as server:
        yield server
