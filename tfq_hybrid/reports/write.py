"""`write_report`: the page, tables and plots of one of the JSON files."""

import functools
import importlib
import importlib.resources
import json
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jinja2
import markupsafe

from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.estimate import Estimate, number, plain
from tfq_hybrid.files import check_output_folder, write_text
from tfq_hybrid.reading import read_json, reading
from tfq_hybrid.reports.document import (
    Document,
    Table,
    is_number,
    is_numeric,
    to_markdown,
)
from tfq_hybrid.reports.render import DARK, LIGHT, inline_svg, save_files
from tfq_hybrid.version import __version__

WHOLE = "a whole result"


def _made(kind: str, content: Mapping[str, Any]) -> Document:
    module = importlib.import_module(f"tfq_hybrid.reports.{kind}")
    return module.document(content)


KINDS: dict[str, Callable[[Mapping[str, Any]], Document]] = {
    kind: functools.partial(_made, kind)
    for kind in (
        "search",
        "screening",
        "diagnosis",
        "comparison",
        "reproduction",
    )
}


class ReportFiles(NamedTuple):
    """What `write_report` wrote.

    Attributes:
        page: The HTML page.
        table: The Markdown table, or `None`.
        plots: PNG and SVG files.
    """

    page: pathlib.Path
    table: pathlib.Path | None
    plots: list[pathlib.Path]


def write_report(
    path: str | os.PathLike[str], page: str | os.PathLike[str] | None = None
) -> ReportFiles:
    """Makes a report of what a search, a comparison or the like found.

    Args:
        path: The folder that holds `search.json`, `screening.json`,
            `diagnosis.json`, `comparison.json` or `reproduction.json`, or
            such a file.
        page: The HTML page. With it, the page alone is written. Defaults to
            `None`: beside the JSON file `report.html`, `table.md` (of a
            reproduction `report.md`), and every picture as PNG and SVG in
            `plots`.

    Returns:
        The paths of what was written.

    Raises:
        UserError: there is no such file, more than one, or a damaged one; or
            the page cannot be written.
    """
    file = find_content(path)
    document = read_document(file)
    if page is not None:
        return ReportFiles(_write_page(document, file, page), None, [])
    plots = file.parent / "plots"
    check_output_folder(plots)
    page = file.parent / "report.html"
    table = file.parent / ("report.md" if document.markdown else "table.md")
    with reading(WHOLE, file):
        html, tables = to_html(document), to_markdown(document)
    plots.mkdir(exist_ok=True)
    files = [p for one in document.pictures for p in save_files(one, plots)]
    write_text(table, tables)
    write_text(page, html)
    return ReportFiles(page, table, files)


def write_page(
    content: Mapping[str, Any], page: str | os.PathLike[str]
) -> pathlib.Path:
    """Writes the HTML page of a result that is no file.

    Args:
        content: as of one of the JSON files.
        page: the file.

    Raises:
        UserError: the content is damaged or of no known kind, or the page
            cannot be written.
    """
    source = "the content"
    return _write_page(_document(content, source), source, page)


def _write_page(document, source, page):
    page = pathlib.Path(page)
    check_output_folder(page.parent)
    if page.is_dir():
        raise UserError(
            f"Expected the page to be a file. Received: {page}, a folder"
        )
    page.parent.mkdir(parents=True, exist_ok=True)
    with reading(WHOLE, source):  # pictures are drawn only now
        html = to_html(document)
    write_text(page, html)
    return page


def markdown(content: Mapping[str, Any]) -> str:
    """The tables of a report as Markdown.

    Args:
        content: Of one of the JSON files.

    Raises:
        UserError: it is damaged or of no known kind.
    """
    return to_markdown(_document(content, "the content"))


def find_content(path: str | os.PathLike[str]) -> pathlib.Path:
    """The one JSON file at a path that a report can be made of."""
    path = pathlib.Path(path)
    names = [f"{kind}.json" for kind in KINDS]
    if path.is_file():
        return path
    found = [path / name for name in names if (path / name).is_file()]
    if len(found) == 1:
        return found[0]
    what = "which holds none of them"
    if found:
        what = f"which holds {' and '.join(file.name for file in found)}"
    elif not path.exists():
        what = "which is not there"
    elif any((path / f"{s}.json").is_file() for s in ("settings", "results")):
        what = "which is not finished: the command that made it goes on"
    raise UserError(
        f"Expected a folder with one of {', '.join(names)}, or the file. "
        f"Received: {path}, {what}"
    )


def read_document(file: pathlib.Path) -> Document:
    """The report of a JSON file, which may be damaged or of no known kind."""
    return _document(read_json(file, WHOLE), file)


def _document(content: Mapping[str, Any], source: Any) -> Document:
    check_choice("kind", content.get("kind"), KINDS)
    with reading(WHOLE, source):
        return KINDS[content["kind"]](content)


def to_html(document: Document) -> str:
    """A report as the text of an HTML page.

    Everything that comes from outside is escaped.
    """
    light, dark = (
        " ".join(f"--{name}: {value};" for name, value in colours.items())
        for colours in (LIGHT, DARK)
    )
    return _template().render(
        document=document,
        settings=json.dumps(document.settings, indent=2, ensure_ascii=False),
        css=_asset("page.css"),
        js=_asset("page.js"),
        version=__version__,
        light=light,
        dark=dark,
    )


@functools.cache
def _template() -> jinja2.Template:
    """The page, whose values are escaped unless the template says `raw`."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "is_number": is_number,
        "number": number,
        "numeric_columns": _numeric_columns,
        "plain": plain,
        "raw": markupsafe.Markup,
        "sort_key": lambda v: repr(v.value if isinstance(v, Estimate) else v),
        "svg": inline_svg,
    }
    return environment.from_string(_asset("page.html.j2"))


def _numeric_columns(table: Table) -> list[bool]:
    columns = range(len(table.columns))
    return [is_numeric([row[i] for row in table.rows]) for i in columns]


def _asset(name: str) -> str:
    folder = importlib.resources.files("tfq_hybrid.reports")
    return (folder / name).read_text("utf-8")
