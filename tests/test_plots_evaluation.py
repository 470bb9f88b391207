"""Pictures of an evaluation: legible in every language, described in words, and not blank."""

import io
import subprocess
import sys

import polib
import pytest
from PIL import Image

from kit import i18n, plots
from kit.errors import UsageError
from kit.evaluation.languages import sentiment
from kit.i18n import translation
from kit.plots import Estimate, ReliabilityPoint

COUNTS = [[31, 5, 3, 1], [2, 36, 0, 2]]
POINTS = [ReliabilityPoint(0.55, 0.5, 0.2, 0.8, 6), ReliabilityPoint(0.95, 0.75, 0.6, 0.86, 40)]


def draw_all(labels=("negative", "positive")):
    names = list(labels)
    columns = [*names, "refused", "no_label"]
    scores = {"F1": Estimate(0.81, 0.7, 0.9), names[0]: Estimate(0.9)}
    bars = {"F1": [Estimate(0.8, 0.7, 0.9), Estimate(0.6, 0.4, 0.7)]}
    bars |= {name: [Estimate(0.5), Estimate(0.4)] for name in names}
    return [
        plots.confusion_matrix(COUNTS, names, columns),
        plots.score_intervals(scores),
        plots.score_intervals({"BLEU": Estimate(34.2, 30.1, 38)}, names[1]),
        plots.score_groups(names, bars),
        plots.reliability(POINTS, 0.18),
    ]


def test_every_picture_is_legible_small_and_not_blank(locale):
    i18n.use(locale)
    for picture in draw_all(
        sentiment(locale).names()
    ):  # a missing glyph is a warning, and warnings are errors
        assert len(picture.png) <= 40_000
        with Image.open(io.BytesIO(picture.png)) as image:
            assert image.size == (picture.width * 1.75, picture.height * 1.75)
            colours = image.convert("RGB").getcolors()
        assert len(colours) > 20
        assert max(count for count, _ in colours) < 0.99 * image.width * image.height
        assert picture.locale == locale


class Chinese(dict):
    """A catalog that puts Chinese around every message, fields kept."""

    def get(self, message):
        return polib.POEntry(msgid=message, msgstr=f"混淆矩阵“校准”，困惑度与正确标签：{message}。")


def test_chinese_is_drawn_in_glyphs_and_said_in_the_alternative_text(monkeypatch):
    monkeypatch.setattr(translation, "_messages", lambda locale: Chinese())
    i18n.use("zh")
    for picture in draw_all(("负面", "正面")):
        assert picture.alt.startswith("混淆矩阵")
        assert 'lang="zh-Hans"' in picture._repr_html_()


def test_a_character_that_no_font_has_would_be_noticed():
    with pytest.warns(UserWarning, match="missing from font"):
        plots.confusion_matrix([[1]], ["\U00020bb7"])


def test_the_alternative_text_carries_the_message():
    matrix, scores, bleu, groups, curve = draw_all()
    assert "number of answers: 80." in matrix.alt
    assert "“negative”, answered: negative 31, positive 5, Refused 3, and No label 1." in matrix.alt
    assert "F1: 81.0% (from 70.0% to 90.0%)." in scores.alt
    assert "negative: 90.0%." in scores.alt
    assert "positive. BLEU: 34.2 (from 30.1 to 38)." in bleu.alt
    assert "positive: F1 60.0% (from 40.0% to 70.0%), negative 40.0%, and positive 40.0%." in groups.alt
    assert "number of answers: 46. Expected calibration error: 18.0%." in curve.alt
    assert "Confidence 95%: 75% right (40)." in curve.alt


def test_numbers_follow_the_locale():
    i18n.use("pt")
    assert "81,0%" in draw_all()[1].alt


def test_the_same_data_give_the_same_bytes():
    assert [picture.png for picture in draw_all()] == [picture.png for picture in draw_all()]


def test_cells_are_shaded_by_their_share_of_the_row():
    """The darkest cell is the one with the largest share, not the largest count."""
    picture = plots.confusion_matrix([[10, 0], [200, 300]], ["rare", "frequent"])
    with Image.open(io.BytesIO(picture.png)) as image:
        grey = image.convert("L")
        left, right = (grey.crop((x, 150, x + 60, 200)).getextrema()[0] for x in (300, 900))
    assert left < right


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.confusion_matrix([], []),
        lambda: plots.confusion_matrix([[0, 0]], ["a"], ["a", "no_label"]),
        lambda: plots.confusion_matrix([[1, 2]], ["a"]),
        lambda: plots.score_intervals({}),
        lambda: plots.score_groups([], {}),
        lambda: plots.score_groups(["a"], {"F1": []}),
        lambda: plots.score_groups(["a"], {str(n): [Estimate(1)] for n in range(5)}),
        lambda: plots.reliability([]),
    ],
)
def test_what_cannot_be_drawn_is_said(draw):
    with pytest.raises(UsageError):
        draw()


def test_importing_the_pictures_does_not_load_matplotlib():
    code = "import kit.plots, sys; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
