"""Pictures by Matplotlib: as files, and as SVG inside a page."""

import io
import re
import warnings
import xml.etree.ElementTree as ET

import matplotlib
from matplotlib.figure import Figure

from tfq_hybrid.files import replacing
from tfq_hybrid.reports.document import plain
from tfq_hybrid.reports.ink import FILE, PAGE, as_variables

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
