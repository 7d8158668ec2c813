"""Render pictures with Matplotlib, as files and as SVG inside a page."""

import dataclasses
import io
import re
import warnings
import xml.etree.ElementTree as ET

import matplotlib
from matplotlib.figure import Figure

from tfq_hybrid.estimate import plain
from tfq_hybrid.files import replacing

# Told apart by colour-blind readers too (after Okabe and Ito 2008), with a
# contrast of at least 3 to the surface in each mode.
LIGHT = {
    "text": "#1c2330",
    "muted": "#5b6577",
    "grid": "#d9dee7",
    "surface": "#ffffff",
    "accent": "#c2410c",
    "s0": "#0068a5",
    "s1": "#c2410c",
    "s2": "#00795a",
    "s3": "#a3488a",
    "s4": "#8a6500",
    "s5": "#4b5563",
    "r0": "#b4c3d6",
    "r1": "#9cb2cc",
    "r2": "#82a2c3",
    "r3": "#6791ba",
    "r4": "#4b80b0",
    "r5": "#2f6da3",
    "r6": "#195a8f",
    "r7": "#0a4474",
}
DARK = {
    "text": "#e7ecf3",
    "muted": "#a3afc0",
    "grid": "#333d4d",
    "surface": "#171d27",
    "accent": "#ff9a5c",
    "s0": "#5cb8f0",
    "s1": "#ff9a5c",
    "s2": "#4fcfa5",
    "s3": "#e79bd0",
    "s4": "#e3bd52",
    "s5": "#b5c0cf",
    "r0": "#44546a",
    "r1": "#4d6680",
    "r2": "#547897",
    "r3": "#5b8bae",
    "r4": "#629ec5",
    "r5": "#72b1da",
    "r6": "#93c8ea",
    "r7": "#bfe1f7",
}
SERIES = ("s0", "s1", "s2", "s3", "s4", "s5")
RAMP = ("r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7")
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))

_STAND_INS = {name: f"#0101{i:02x}" for i, name in enumerate(LIGHT)}


@dataclasses.dataclass(frozen=True)
class Ink:
    """The colours that a picture is drawn in.

    Attributes:
        colours: dict of a name of `LIGHT` -> hex colour.

    Example:

    >>> FILE["text"], FILE.series(0), FILE.ramp(1.0)
    ('#1c2330', '#0068a5', '#0a4474')
    """

    colours: dict

    def __getitem__(self, name):
        return self.colours[name]

    def series(self, index):
        """The colour of a category; six, then again."""
        return self[SERIES[index % len(SERIES)]]

    def ramp(self, share):
        """From faint at 0 to strong at 1, in eight steps."""
        place = min(int(share * len(RAMP)), len(RAMP) - 1)
        return self[RAMP[max(0, place)]]

    @property
    def rc(self):
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
            "svg.hashsalt": "tfq-hybrid",
        }


FILE = Ink(LIGHT)
PAGE = Ink(_STAND_INS)


def as_variables(svg):
    """Replaces the stand-in colours of `PAGE` by CSS variables.

    Example:

    >>> as_variables("fill: #010100")
    'fill: var(--text)'
    """
    names = {colour: name for name, colour in _STAND_INS.items()}
    return re.sub(
        r"#0101[0-9a-f]{2}", lambda found: f"var(--{names[found[0]]})", svg
    )


def css_variables(colours):
    """The declarations of the variables.

    Example:

    >>> css_variables({"text": "#000000"})
    '--text: #000000;'
    """
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


_SVG = "http://www.w3.org/2000/svg"
_LINK = "http://www.w3.org/1999/xlink"
_MARK = "mark:"


def mark(key):
    """The gid of an artist that belongs to a row's key."""
    return f"{_MARK}{key}"


def save_files(picture, folder):
    """Writes a picture as `NAME.png` and `NAME.svg`.

    Args:
        picture: `Picture`.
        folder: `pathlib.Path`, which exists.

    Returns:
        A list of both paths.
    """
    paths = [folder / f"{picture.name}.{kind}" for kind in ("png", "svg")]
    for path in paths:
        with replacing(path) as partial:
            partial.write_bytes(_render(picture, FILE, path.suffix[1:]))
    return paths


def inline_svg(picture):
    """A picture as an `<svg>` element for an HTML page.

    Its colours are CSS variables, its ids begin with its name, and what is
    marked has a tip under the pointer.

    Args:
        picture: `Picture`.

    Returns:
        str.
    """
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _LINK)
    root = ET.fromstring(_render(picture, PAGE, "svg"))
    for child in list(root):
        if child.tag == f"{{{_SVG}}}metadata":
            root.remove(child)
    _rename_ids(root, picture.name)
    _mark(root, picture.tips)
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", plain(picture.alt))
    root.set("style", f"--wide: {picture.size[0] * 72:.0f}px")
    return as_variables(ET.tostring(root, encoding="unicode"))


def _render(picture, ink, kind):
    """A picture as the bytes of a file of some kind."""
    with matplotlib.rc_context(ink.rc), warnings.catch_warnings():
        # The user's names may be in letters that the font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=picture.size, layout="constrained")
        picture.draw(figure, ink)
        buffer = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(buffer, format=kind, dpi=144, metadata=metadata)
    return buffer.getvalue()


def _rename_ids(root, prefix):
    """Keeps only ids that something refers to, unique in the page."""
    text = ET.tostring(root, encoding="unicode")
    used = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", text))
    used = {name for pair in used for name in pair if name}
    for element in root.iter():
        name = element.get("id")
        if name in used:
            element.set("id", f"{prefix}-{name}")
        elif name is not None and not name.startswith(_MARK):
            del element.attrib["id"]
        for key, value in element.attrib.items():
            if key == f"{{{_LINK}}}href":
                element.set(key, f"#{prefix}-{value[1:]}")
            elif "url(#" in value:
                element.set(key, value.replace("url(#", f"url(#{prefix}-"))


def _mark(root, tips):
    """Turns the gids of marks into attributes and tips."""
    for element in root.iter():
        name = element.get("id", "")
        if not name.startswith(_MARK):
            continue
        key = name.removeprefix(_MARK)
        del element.attrib["id"]
        element.set("class", "mark")
        element.set("data-key", key)
        if key in tips:
            title = ET.Element(f"{{{_SVG}}}title")
            title.text = plain(tips[key])
            element.insert(0, title)
