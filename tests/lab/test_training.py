"""What the local lab shows around ``transformers``: no service, costs of padding, and nothing left behind."""

import pytest

from kit import lab
from kit.errors import SettingsError, UsageError
from kit.training import extra


@pytest.fixture
def started():
    if extra.missing():
        pytest.skip("the extra “train” is not installed")
    lab.start("fine-tune-local", {"locale": "en"}, service=False)
    yield
    lab.finish()


def test_a_lab_without_a_service_starts_and_says_so(started, capsys):
    assert lab.versions("torch").rows[0][1]
    with pytest.raises(UsageError, match="asks no service"):
        lab.connect()


def test_without_the_extra_the_command_is_named(monkeypatch):
    monkeypatch.setattr(extra, "PACKAGES", ("no_such_package",))
    with pytest.raises(SettingsError) as caught:
        lab.start("fine-tune-local", {"locale": "en"}, service=False)
    assert "no_such_package" in str(caught.value)
    assert "pip install 'llm-teaching-kit[train]'" in str(caught.value)


def test_the_costs_of_padding_are_those_of_a_count_by_hand(started):
    rows = lab.padding_costs([2, 8, 4, 6], 2, 10).rows
    # By hand: 4 × 10; (2, 8) to 8 and (4, 6) to 6; sorted (2, 4) to 4 and (6, 8) to 8. 20 tokens in all.
    assert [row[1] for row in rows] == ["40", "28", "24"]
    assert [row[2] for row in rows] == ["20"] * 3
    assert [row[3] for row in rows] == ["50%", "29%", "17%"]


def test_what_is_left_is_named_with_its_size(started, tmp_path):
    (tmp_path / "run" / "deep").mkdir(parents=True)
    (tmp_path / "run" / "deep" / "weights").write_bytes(bytes(2_500_000))
    assert [row[1:] for row in lab.left_here(tmp_path / "run").rows] == [["run", "2.5 MB"]]
    assert lab.left_here(tmp_path / "gone").rows == []
