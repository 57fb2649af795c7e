"""Figures that everyone can read: `show(fig, alt=…, caption=…)`, one style, colours that survive colour blindness.

Importing this module applies the course's style sheet (`course.mplstyle`): Okabe–Ito colours that have at least
3:1 contrast on white, each series with its own marker and dash as a second channel.

`show` emits an HTML `<figure>` whose `<img>` carries the alternative text, because JupyterLab and nbconvert drop
the one in image metadata. The picture is SVG, drawn once and coloured twice: the dark twin is shown under
JupyterLab's dark theme. Figures with many marks (SVG above 300 kB) become PNG on white.
"""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from course.errors import UsageMistake

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "BLACK",
    "BLUE",
    "FAINT",
    "GREEN",
    "ORANGE",
    "PURPLE",
    "QUIET",
    "SKY",
    "VERMILLION",
    "Shown",
    "show",
    "use_style",
]

# Okabe and Ito, "Color Universal Design" (2008), with ink in place of black. Lines take the first five. Orange and
# sky are pale on white (2.3:1), so they are for fills with a dark edge.
BLUE, VERMILLION, GREEN, PURPLE, BLACK = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#1b1f24"
ORANGE, SKY = "#e69f00", "#56b4e9"
QUIET, FAINT = "#5b6470", "#dfe3e8"  # ticks and their labels; the grid

STYLE = Path(__file__).with_name("course.mplstyle")
LARGEST_SVG = 300_000  # bytes; beyond this a page of figures gets heavy and PNG is smaller

# What each colour of the light picture becomes in the dark one. Paper is transparent there.
DARK = {
    BLACK: "#e4e7eb",  # ink
    QUIET: "#a8b0bb",
    FAINT: "#3a4149",
    BLUE: "#5cb3ee",
    VERMILLION: "#ff8a3d",
    GREEN: "#2fc79a",
    PURPLE: "#e39bc4",
}


def use_style() -> None:
    """Apply the course's style sheet to every figure made from here on."""
    plt.style.use(STYLE)


use_style()


@dataclass(frozen=True)
class Shown:
    """A figure as it is displayed: HTML for people, its alternative text for everything else."""

    html: str = field(repr=False)
    alt: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": f"Figure: {self.alt}"}


def show(figure: Figure, *, alt: str, caption: str = "") -> Shown:
    """Show a figure with its alternative text.

    `alt` says what a reader would see, with its numbers: the kind of figure, both axes, and the finding.
    `caption` is printed below it. The figure is closed. Make this the last line of a cell.

    Raises `UsageMistake` where `alt` is missing or an axis with data has no label.
    """
    if len(alt.strip()) < 20:
        raise UsageMistake(
            "the figure has no alternative text to speak of",
            help="say in `alt` what it shows: the kind of figure, its axes, and what to see",
        )
    for axes in figure.axes:
        if axes.get_label() == "<colorbar>" and (axes.get_xlabel() or axes.get_ylabel()):
            continue  # a colour bar has one scale, and one label
        for name, label in (("x", axes.get_xlabel()), ("y", axes.get_ylabel())):
            if axes.axison and axes.has_data() and not label.strip():
                raise UsageMistake(
                    f"the {name} axis has no label",
                    help=f'axes.set_{name}label("time (ms)"), unit in parentheses; for a picture: axes.axis("off")',
                )
    light = _svg(figure)
    pictures = [_image(light.encode(), "image/svg+xml", alt, dark=False)]
    if len(light) > LARGEST_SVG:
        pictures = [_image(_png(figure), "image/png", alt, dark=False, card=True)]
    else:
        pictures.append(_image(_darkened(light).encode(), "image/svg+xml", alt, dark=True))
    plt.close(figure)
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return Shown(f'{_STYLE}<figure class="course-figure">{"".join(pictures)}{below}</figure>', alt)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    # A fixed salt and no date: the same figure gives the same bytes, so recordings change only with their source.
    with mpl.rc_context({"svg.hashsalt": "course"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=144, metadata={"Software": None})
    return buffer.getvalue()


def _darkened(svg: str) -> str:
    for light, dark in DARK.items():
        svg = svg.replace(light, dark)
    return svg


def _image(data: bytes, kind: str, alt: str, *, dark: bool, card: bool = False) -> str:
    # The dark twin is hidden inline, so that a page which drops our <style> shows one picture, not two.
    names = " ".join(n for n, on in (("course-dark", dark), ("course-light", not dark and not card)) if on)
    style = "display:none" if dark else "max-width:100%"
    url = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return f'<img class="{names}" style="{style}" alt="{html.escape(alt)}" src="{url}">'


_STYLE = (
    "<style>"
    ".course-figure{margin:.6em 0;max-width:46em}"
    ".course-figure img{height:auto}"
    ".course-figure figcaption{color:var(--jp-content-font-color2,#555);font-size:.92em;margin-top:.3em}"
    "[data-jp-theme-light=false] .course-figure .course-light{display:none!important}"
    "[data-jp-theme-light=false] .course-figure .course-dark{display:inline!important;max-width:100%}"
    "</style>"
)
