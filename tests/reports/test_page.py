"""The page: whole, self-contained, escaped, readable by everyone."""

import html.parser
import json
import re

import pytest

from tests.reports.contents import CONTENTS
from tfq_hybrid.reports import KINDS, write_report
from tfq_hybrid.reports.render import DARK, LIGHT, RAMP, SERIES
from tfq_hybrid.reports.write import to_html

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(html.parser.HTMLParser):
    """Tags, attributes and texts; fails where a tag is not closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.texts = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(params=CONTENTS, scope="module")
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def text(kind):
    return to_html(KINDS[kind](CONTENTS[kind]()))


def test_loads_nothing(text):
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "img", "object", "embed")
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert attributes.get(name, "#").startswith("#")
        for value in attributes.values():
            assert "url(" not in (value or "").replace("url(#", "")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "url(" not in style and "@import" not in style
    policy = page.all("meta")[1]["content"]
    assert policy.startswith("default-src 'none'")


def test_is_small(text):
    assert len(text) < 400_000


def test_references_lead_somewhere(text):
    page = Page(text)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    used = set(re.findall(r"url\(#([^)]+)\)", text))
    for _, attributes in page.tags:
        for name in ("href", "xlink:href", "aria-labelledby"):
            if name in attributes:
                used.add(attributes[name].removeprefix("#"))
    assert used <= set(ids)


def test_each_picture_is_described(text):
    page = Page(text)
    pictures = page.all("svg")
    assert len(pictures) >= 3
    assert all(
        p["role"] == "img" and len(p["aria-label"]) > 30 for p in pictures
    )
    assert text.count("<b>How to read it.</b>") == len(pictures)


def test_marks_have_their_rows(text):
    page = Page(text)
    rows = {a["data-key"] for a in page.all("tr") if "data-key" in a}
    marks = {
        a["data-key"] for tag, a in page.tags if tag != "tr" and "data-key" in a
    }
    assert marks and marks <= rows


def test_follows_the_readers_mode(text):
    assert "prefers-color-scheme: dark" in text
    # No stand-in colour is left, and none of a file's.
    assert "#0101" not in text
    assert "var(--text)" in text
    drawn = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert LIGHT["text"] not in drawn


HOSTILE = "<script>alert('x')</script>\"&$a_b$\x00\ud800 é 量子"


def test_names_are_escaped(kind):
    content = (
        CONTENTS[kind]((HOSTILE, "b"))
        if kind == "search"
        else CONTENTS[kind](HOSTILE)
    )
    text = to_html(KINDS[kind](content))
    text.encode("utf-8")
    page = Page(text)
    assert len(page.all("script")) == 1
    assert any("<script>alert('x')" in told for told in page.texts)
    assert "\x00" not in text
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    """Of two colours, as WCAG 2.2 defines it."""
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(colours):
    surface = colours["surface"]
    for name in ("text", "muted"):
        assert contrast(colours[name], surface) >= 4.5
    for name in (*SERIES, "accent"):
        assert contrast(colours[name], surface) >= 3
    ramp = [contrast(colours[name], surface) for name in RAMP]
    assert ramp == sorted(ramp)
    assert ramp[0] > 1.7 and ramp[-1] > 8


@pytest.mark.long
def test_files(kind, tmp_path):
    source = tmp_path / f"{kind}.json"
    source.write_text(json.dumps(CONTENTS[kind]()))
    files = write_report(tmp_path)
    assert files.page == tmp_path / "report.html"
    assert files.page.read_text("utf-8").startswith("<!DOCTYPE html>")
    stems = [path.stem for path in files.plots]
    assert stems[::2] == stems[1::2]
    for path in files.plots:
        begin = path.read_bytes()[:5]
        assert begin in (b"\x89PNG\r", b"<?xml")
    assert files.table.read_text("utf-8").startswith("# ")
    # The same content gives the same bytes.
    again = write_report(source, tmp_path / "again.html")
    assert again.page.read_bytes() == files.page.read_bytes()
