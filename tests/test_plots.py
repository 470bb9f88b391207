"""Pictures: legible in every language, described, small, and not blank."""

import base64
import io
import unicodedata
from itertools import pairwise
from pathlib import Path

import nbformat
import polib
import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from nbconvert import HTMLExporter
from PIL import Image

import kit
from kit import i18n, plots
from kit.errors import UsageError
from kit.i18n import translation

FONTS = Path(kit.__file__).parent / "fonts"
TOTAL = [40, 55, 61, 61, 70, 75, 82, 90, 130, 191]
ASSISTANT = [10, 15, 21, 21, 22, 25, 31, 33, 50, 76]
ROWS = [
    {
        "step": step,
        "train_loss": 3 - step / 8,
        "valid_loss": 3.2 - step / 8 if step % 2 else None,
        "full_valid_loss": 1.5 - step / 100 if step in {10, 20} else None,
        "train_mean_token_accuracy": 0.4 + step / 50,
        "valid_mean_token_accuracy": None,
        "full_valid_mean_token_accuracy": 0.5 + step / 100 if step in {10, 20} else None,
    }
    for step in range(1, 21)
]


def draw_all(labels=("House style", "chrF")):
    return [
        plots.token_histogram(TOTAL, ASSISTANT, 65536),
        plots.token_histogram(TOTAL, ASSISTANT, 150),
        plots.token_histogram([7], [3]),
        plots.loss_curves(ROWS),
        plots.loss_curves([{"step": 1, "train_loss": 2.5}]),
        plots.score_bars([0.12, 0.34], [0.81, 0.9], list(labels)),
        plots.score_bars(12.5, 48, labels[0]),
    ]


def test_every_picture_is_legible_small_and_not_blank(locale):
    i18n.use(locale)
    for picture in draw_all():  # a missing glyph is a warning of matplotlib, and warnings are errors here
        assert len(picture.png) <= 40_000
        with Image.open(io.BytesIO(picture.png)) as image:
            assert image.size == (picture.width * 1.75, picture.height * 1.75)
            pixels = image.width * image.height
            colours = {colour: count for count, colour in image.convert("RGB").getcolors()}
        assert 0.5 < colours[(255, 255, 255)] / pixels < 0.99
        assert len(colours) > 20
        assert picture.locale == locale


class Chinese(dict):
    """A catalog that puts Chinese around every message, fields kept."""

    def get(self, message):
        return polib.POEntry(msgid=message, msgstr=f"训练损失“准确率”，每个示例的词元数：{message}。")


def test_chinese_is_drawn_in_glyphs_and_said_in_the_alternative_text(monkeypatch):
    monkeypatch.setattr(translation, "_messages", lambda locale: Chinese())
    i18n.use("zh")
    for picture in draw_all(("问候语", "完整回答")):
        assert picture.alt.startswith("训练损失")
        assert 'lang="zh-Hans"' in picture._repr_html_()
    assert "。 " not in picture.alt


def test_a_character_that_no_font_has_would_be_noticed():
    with pytest.warns(UserWarning, match="missing from font"):
        plots.score_bars(0.1, 0.2, "\U00020bb7")


def test_the_alternative_text_carries_the_message():
    tokens, _, _, loss, _, bars, _ = draw_all()
    assert "from 40 to 191, mean 85.5, median 72.5" in tokens.alt
    assert "from 10 to 76, mean 30.4, median 23.5" in tokens.alt
    assert "limit of 65,536 tokens: 0." in tokens.alt
    assert "Training: loss 2.88 at first, 0.50 at the end." in loss.alt
    assert "Validation, all examples: token accuracy 60% at first, 70% at the end." in loss.alt
    assert "House style: base 12%, tuned 81%." in bars.alt


def test_numbers_follow_the_locale():
    i18n.use("pt")
    assert "mediana 72,5" in draw_all()[0].alt.replace("median 72,5", "mediana 72,5")
    assert "65.536" in draw_all()[0].alt


def test_nbconvert_shows_picture_and_alternative_text():
    picture = plots.score_bars(0.1, 0.9, 'Say "hi" & <wave>')
    data, metadata = picture._repr_mimebundle_()
    assert data["text/plain"] == repr(picture) == picture.alt
    assert base64.b64decode(data["image/png"]) == picture.png
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    cell = nbformat.v4.new_code_cell("plot", outputs=[output])
    cell["id"] = "plot"
    page, _resources = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    image = BeautifulSoup(page, "html.parser").find_all("img")
    assert [each["alt"] for each in image] == [picture.alt]
    assert "No description" not in page


def test_a_picture_can_be_saved(tmp_path):
    picture = plots.score_bars(0.1, 0.9, "a")
    assert picture.save(tmp_path / "bars.png").read_bytes() == picture.png


def test_the_same_data_give_the_same_bytes():
    assert plots.loss_curves(ROWS).png == plots.loss_curves(ROWS).png


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.token_histogram([], []),
        lambda: plots.loss_curves([]),
        lambda: plots.loss_curves([{"step": 1, "train_loss": None}]),
        lambda: plots.score_bars([], [], []),
        lambda: plots.score_bars([0.1, 0.2], [0.3], ["a", "b"]),
    ],
)
def test_nothing_to_draw_is_said(draw):
    with pytest.raises(UsageError):
        draw()


def test_the_style_ends_with_its_context():
    import matplotlib as mpl

    before = mpl.rcParams["font.family"]
    with plots.style():
        assert mpl.rcParams["font.family"][0] == "Kit Sans SC"
    assert mpl.rcParams["font.family"] == before


def grey(colour):
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255  # ITU-R BT.601


def test_colours_differ_in_grey():
    greys = sorted(grey(colour) for colour in (plots.styling.DARK, plots.styling.LIGHT, plots.styling.STRONG))
    assert min(after - before for before, after in pairwise(greys)) > 0.2


class TestFont:
    path = FONTS / "KitSansSC-Regular.otf"

    def test_it_is_small_and_has_a_name_of_its_own(self):
        assert self.path.stat().st_size < 900_000
        names = {entry.nameID: entry.toUnicode() for entry in TTFont(self.path)["name"].names}
        assert names[1] == names[4] == "Kit Sans SC"
        assert "Adobe" in names[0]
        assert "Open Font License" in names[13]

    def test_it_has_the_promised_characters(self):
        has = TTFont(self.path).getBestCmap()
        # GB 2312 level 1: rows 16 to 55, 3,755 characters (GB 2312-80)
        pairs = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
        level_1 = {text for pair in pairs if (text := pair.decode("gb2312", "ignore"))}
        assert len(level_1) == 3755
        assert not [sign for sign in level_1 if ord(sign) not in has]
        others = "áàâãçéêíóôõúüñ¿¡œÀÉÑÜ“”‘’…—–·，。、；：？！（）【】《》「」％→−×≤≥"
        assert not [unicodedata.name(sign) for sign in others if ord(sign) not in has]

    def test_licence_and_recipe_lie_beside_it(self):
        assert "Copyright 2014-2021 Adobe" in (FONTS / "OFL.txt").read_text(encoding="utf-8")
        assert "Kit Sans SC" in (FONTS / "README.md").read_text(encoding="utf-8")
