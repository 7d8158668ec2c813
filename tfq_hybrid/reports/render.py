"""Render pictures with Matplotlib, as files and as SVG inside a page."""

import dataclasses
import io
import pathlib
import re
import warnings
import xml.etree.ElementTree as ET
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from tfq_hybrid.estimate import plain
from tfq_hybrid.files import replacing
from tfq_hybrid.reports.document import Picture

# In a light and in a dark page. Told apart by colour-blind readers too (after
# Okabe and Ito 2008), with a contrast of at least 3 to the surface.
_COLOURS = {
    "text": ("#1c2330", "#e7ecf3"),
    "muted": ("#5b6577", "#a3afc0"),
    "grid": ("#d9dee7", "#333d4d"),
    "surface": ("#ffffff", "#171d27"),
    "accent": ("#c2410c", "#ff9a5c"),
    "s0": ("#0068a5", "#5cb8f0"),
    "s1": ("#c2410c", "#ff9a5c"),
    "s2": ("#00795a", "#4fcfa5"),
    "s3": ("#a3488a", "#e79bd0"),
    "s4": ("#8a6500", "#e3bd52"),
    "s5": ("#4b5563", "#b5c0cf"),
    "r0": ("#b4c3d6", "#44546a"),
    "r1": ("#9cb2cc", "#4d6680"),
    "r2": ("#82a2c3", "#547897"),
    "r3": ("#6791ba", "#5b8bae"),
    "r4": ("#4b80b0", "#629ec5"),
    "r5": ("#2f6da3", "#72b1da"),
    "r6": ("#195a8f", "#93c8ea"),
    "r7": ("#0a4474", "#bfe1f7"),
    "page": ("#f5f7fa", "#0e131b"),
    "hover": ("#e6f0f9", "#24324a"),
}
LIGHT = {name: light for name, (light, _) in _COLOURS.items()}
DARK = {name: dark for name, (_, dark) in _COLOURS.items()}
SERIES = [f"s{i}" for i in range(6)]
RAMP = [f"r{i}" for i in range(8)]
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[Any, ...] = (
    *("-", "--", "-.", ":"),
    *((0, (5, 1, 1, 1, 1, 1)), (0, (1, 1))),
)

_STAND_INS = {name: f"#0101{i:02x}" for i, name in enumerate(LIGHT)}


@dataclasses.dataclass(frozen=True)
class Ink:
    """The colours that a picture is drawn in, by the names of `LIGHT`.

    >>> FILE["text"], FILE.series(0), FILE.ramp(1.0)
    ('#1c2330', '#0068a5', '#0a4474')
    """

    colours: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.colours[name]

    def series(self, index: int) -> str:
        """The colour of a category; six, then again."""
        return self[SERIES[index % len(SERIES)]]

    def ramp(self, share: float) -> str:
        """From faint at 0 to strong at 1, in eight steps."""
        place = min(int(share * len(RAMP)), len(RAMP) - 1)
        return self[RAMP[max(0, place)]]

    @property
    def rc(self) -> Any:
        """Matplotlib's settings for these colours."""
        return {
            "figure.facecolor": self["surface"],
            "savefig.facecolor": self["surface"],
            "axes.facecolor": "none",
            "axes.edgecolor": self["muted"],
            "axes.labelcolor": self["text"],
            "axes.titlecolor": self["text"],
            "text.color": self["text"],
            "xtick.color": self["muted"],
            "ytick.color": self["muted"],
            "xtick.labelcolor": self["text"],
            "ytick.labelcolor": self["text"],
            "grid.color": self["grid"],
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "font.size": 10,
            "axes.titlesize": 10.5,
            "axes.titleweight": "bold",
            "font.family": "DejaVu Sans",
            # Names are the user's: a dollar sign is no formula.
            "text.parse_math": False,
            "text.usetex": False,
            "svg.fonttype": "none",
        }


FILE = Ink(LIGHT)
PAGE = Ink(_STAND_INS)


def as_variables(svg: str) -> str:
    """Replaces the stand-in colours of `PAGE` by CSS variables.

    >>> as_variables("fill: #010100")
    'fill: var(--text)'
    """
    names = {colour: name for name, colour in _STAND_INS.items()}
    return re.sub(
        r"#0101[0-9a-f]{2}", lambda found: f"var(--{names[found[0]]})", svg
    )


_SVG = "http://www.w3.org/2000/svg"
_LINK = "http://www.w3.org/1999/xlink"
_MARK = "mark:"


def mark(key: str) -> str:
    """The gid of an artist that belongs to a row's key."""
    return f"{_MARK}{key}"


def points(panel: Any, x: Any, y: Any, key: str, **style: Any) -> None:
    """Marks without a line between them, which belong to a row's key."""
    panel.plot(x, y, linestyle="none", gid=mark(key), **style)


def panels(figure: Figure, count: int, most: int = 2, **options: Any) -> Any:
    """Axes on a figure, at most so many a row, the rows of equal length."""
    rows = -(-count // most)
    columns = -(-count // rows)
    axes = figure.subplots(rows, columns, squeeze=False, **options).reshape(-1)
    for spare in axes[count:]:
        spare.set_visible(False)
    return axes[:count]


def save_files(picture: Picture, folder: pathlib.Path) -> list[pathlib.Path]:
    """Writes a picture as `NAME.png` and `NAME.svg` into a folder."""
    paths = [folder / f"{picture.name}.{kind}" for kind in ("png", "svg")]
    for path in paths:
        with replacing(path) as partial:
            partial.write_bytes(_render(picture, FILE, path.suffix[1:]))
    return paths


def inline_svg(picture: Picture) -> str:
    """A picture as an `<svg>` element for an HTML page.

    Its colours are CSS variables, and what is marked has a tip under the
    pointer.
    """
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _LINK)
    root = ET.fromstring(_render(picture, PAGE, "svg"))
    for child in list(root):
        if child.tag == f"{{{_SVG}}}metadata":
            root.remove(child)
    _link(root, picture.tips)
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", plain(picture.alt))
    root.set("style", f"--wide: {picture.size[0] * 72:.0f}px")
    return as_variables(ET.tostring(root, encoding="unicode"))


def _render(picture: Picture, ink: Ink, kind: str) -> bytes:
    # The salt makes ids that are the same each time, and a picture's own.
    settings = {**ink.rc, "svg.hashsalt": picture.name}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # The user's names may be in letters that the font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=picture.size, layout="constrained")
        picture.draw(figure, ink)
        buffer = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(buffer, format=kind, dpi=144, metadata=metadata)
    return buffer.getvalue()


def _link(root: ET.Element, tips: dict[str, str]) -> None:
    """Turns the gids of marks into attributes and tips.

    Of other ids only those stay that something refers to.
    """
    text = ET.tostring(root, encoding="unicode")
    used = set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", text))
    for element in root.iter():
        name = element.get("id")
        if name is None or name in used:
            continue
        del element.attrib["id"]
        if not name.startswith(_MARK):
            continue
        key = name.removeprefix(_MARK)
        element.set("class", "mark")
        element.set("data-key", key)
        if key in tips:
            title = ET.Element(f"{{{_SVG}}}title")
            title.text = plain(tips[key])
            element.insert(0, title)
