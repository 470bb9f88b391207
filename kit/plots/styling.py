"""How the kit's pictures look: font, colours, grid, numbers; and drawing without pyplot's global state.

Colours: Okabe and Ito, “Color Universal Design” (https://jfly.uni-koeln.de/color/), chosen so that they also
differ in lightness; lines differ in their dashes and areas in their hatching besides.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from kit import i18n
from kit.plots.picture import Picture

DARK = "#0072B2"  # blue; 38 % lightness
LIGHT = "#E69F00"  # orange; 66 %
STRONG = "#000000"
INK = "#333333"

_FONT = Path(__file__).parent.parent / "fonts" / "KitSansSC-Regular.otf"
_FAMILIES = ["Kit Sans SC", "DejaVu Sans"]  # the second comes with matplotlib and fills gaps
_DOTS_PER_INCH = 100
_SHARPNESS = 1.75  # pixels per CSS pixel: sharp on dense screens, and below 40 kB

_LOOK: dict[str, Any] = {
    "font.family": _FAMILIES,
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    "figure.facecolor": "white",  # a transparent picture cannot be read on a dark theme
    "figure.dpi": _DOTS_PER_INCH,
    "savefig.dpi": _DOTS_PER_INCH * _SHARPNESS,
    "lines.linewidth": 1.8,
}


@cache
def _add_font() -> None:
    from matplotlib import font_manager

    font_manager.fontManager.addfont(_FONT)


@contextmanager
def style() -> Iterator[None]:
    """Draw in the kit's style within this context; a learner's own matplotlib plots may use it, too."""
    import matplotlib as mpl

    _add_font()
    with mpl.rc_context(_LOOK):
        yield


def new_figure(panels: int = 1) -> tuple[Any, Sequence[Any]]:
    """Return a figure with panels one above the other, and their axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 2.6 * panels + 1.0), layout="constrained")
    axes = figure.subplots(panels, 1, squeeze=False, sharex=True)
    return figure, list(axes[:, 0])


def localize_numbers(axis: Any, *, whole: bool = False, as_percent: bool = False) -> None:
    """Write an axis' tick numbers as the current locale does, with as many decimals as they need."""
    from matplotlib import ticker

    class Localized(ticker.Formatter):
        def __call__(self, value: float, position: int | None = None) -> str:
            return self.format_ticks([value])[0]

        def format_ticks(self, values: Sequence[float]) -> list[str]:
            if as_percent:
                return [
                    i18n.percent(float(value), _decimals([value * 100 for value in values]))
                    for value in values
                ]
            return [i18n.number(float(value), _decimals(values)) for value in values]

    axis.set_major_locator(ticker.MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=whole))
    axis.set_major_formatter(Localized())


def _decimals(values: Sequence[float]) -> int:
    """Return the fewest decimals, four at most, that write all values exactly."""
    return next((n for n in range(4) if all(abs(value - round(value, n)) < 1e-9 for value in values)), 4)


def paragraph(sentences: Sequence[str]) -> str:
    """Join the sentences of an alternative text; Chinese has no space between them."""
    return "".join(text if text.endswith("。") else text + " " for text in sentences).strip()


def finish(figure: Any, alt: str) -> Picture:
    """Render a figure; 32 colours are plenty for a chart and make the PNG a third of its size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    FigureCanvasAgg(figure)  # draws without a window, whatever backend the notebook has chosen
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    buffer.seek(0)
    with Image.open(buffer) as image:
        small = image.convert("RGB").quantize(32, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    small.save(packed, "PNG", optimize=True)
    width, height = figure.get_size_inches() * _DOTS_PER_INCH
    return Picture(packed.getvalue(), alt, round(width), round(height), i18n.current())
