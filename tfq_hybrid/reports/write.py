"""`write_report`: the files of a report, from one of the JSON files."""

import pathlib
from typing import NamedTuple

from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.files import check_output_folder, write_text
from tfq_hybrid.reading import read_json, reading
from tfq_hybrid.reports import diagnosis, screening, search
from tfq_hybrid.reports.page import to_html, to_markdown
from tfq_hybrid.reports.render import save_files

WHOLE = "a whole result"
KINDS = {
    "search": search.document,
    "screening": screening.document,
    "diagnosis": diagnosis.document,
}


class ReportFiles(NamedTuple):
    """What `write_report` wrote.

    Attributes:
        page: path of the HTML page.
        table: path of the Markdown table, or `None`.
        plots: list of the paths of PNG and SVG files.
    """

    page: pathlib.Path
    table: pathlib.Path | None
    plots: list


def write_report(path, page=None):
    """Makes a search, a screening or a diagnosis into a report.

    Args:
        path: of the folder that holds `search.json`, `screening.json` or
            `diagnosis.json`, or of such a file.
        page: path of the HTML page. With it, the page alone is written.
            Defaults to `None`: beside the JSON file `report.html`,
            `table.md`, and every picture as PNG and SVG in `plots`.

    Returns:
        `ReportFiles`.

    Raises:
        UserError: there is no such file, more than one, or a damaged one; or
            the page cannot be written.
    """
    file = find_content(path)
    document = read_document(file)
    if page is not None:
        page = pathlib.Path(page)
        check_output_folder(page.parent)
        if page.is_dir():
            raise UserError(
                f"Expected the page to be a file. Received: {page}, a folder"
            )
        page.parent.mkdir(parents=True, exist_ok=True)
        with reading(WHOLE, file):  # pictures are drawn only now
            html = to_html(document)
        write_text(page, html)
        return ReportFiles(page, None, [])
    plots = file.parent / "plots"
    check_output_folder(plots)
    table, page = file.parent / "table.md", file.parent / "report.html"
    with reading(WHOLE, file):
        html, tables = to_html(document), to_markdown(document)
    plots.mkdir(exist_ok=True)
    files = [p for one in document.pictures for p in save_files(one, plots)]
    write_text(table, tables)
    write_text(page, html)
    return ReportFiles(page, table, files)


def markdown(content):
    """The tables of a report as Markdown.

    Args:
        content: dict, the content of one of the JSON files.

    Returns:
        str.
    """
    return to_markdown(_document(content, "the content"))


def find_content(path):
    """The one JSON file at a path that a report can be made of.

    Raises:
        UserError: there is none, or more than one.
    """
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
    elif (path / "settings.json").is_file():
        what = "which is not finished: the command that made it goes on"
    raise UserError(
        f"Expected a folder with one of {', '.join(names)}, or the file. "
        f"Received: {path}, {what}"
    )


def read_document(file):
    """The report of a JSON file.

    Raises:
        UserError: it is damaged or of no known kind.
    """
    return _document(read_json(file, WHOLE), file)


def _document(content, source):
    check_choice("kind", content.get("kind"), KINDS)
    with reading(WHOLE, source):
        return KINDS[content["kind"]](content)
