"""A report as one HTML page without network, and its tables as Markdown."""

import html
import importlib.resources
import json

from tfq_hybrid.estimate import Estimate, number, plain
from tfq_hybrid.reports.render import DARK, LIGHT, css_variables, inline_svg
from tfq_hybrid.version import __version__


def to_markdown(document):
    """The title, the lead and the tables of a report.

    Args:
        document: `Document`.

    Returns:
        str.
    """
    parts = [f"# {_line(document.title)}", *map(_line, document.lead)]
    for table in document.tables:
        parts.append(f"## {_line(table.title)}")
        if table.note:
            parts.append(_line(table.note))
        parts.append(table_to_markdown(table))
    return "\n\n".join(parts) + "\n"


def table_to_markdown(table):
    """A table in Markdown's pipes, numbers to the right.

    Example:

    >>> from tfq_hybrid.reports.document import Table
    >>> print(table_to_markdown(Table("", ("a|b", "c"), [["x", 0.25]])))
    | a\\|b | c |
    | --- | ---: |
    | x | 0.25 |
    """
    numeric = [
        all(
            isinstance(row[i], (int, float, Estimate, type(None)))
            for row in table.rows
        )
        for i in range(len(table.columns))
    ]
    lines = [
        table.columns,
        ["---:" if right else "---" for right in numeric],
        *([number(cell) for cell in row] for row in table.rows),
    ]
    return "\n".join(
        "| " + " | ".join(_markdown_cell(cell) for cell in line) + " |"
        for line in lines
    )


def _markdown_cell(text):
    return _line(text).replace("|", "\\|")


def _line(text):
    return " ".join(str(text).split()).replace("<", "&lt;")


_BEHIND = {"light": "#f5f7fa", "dark": "#0e131b"}
_HOVER = {"light": "#e6f0f9", "dark": "#24324a"}
# Nothing is loaded: what is needed is in the page.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src "
_POLICY += "'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def to_html(document):
    """A report as the text of an HTML page.

    Args:
        document: `Document`.

    Returns:
        str. Everything that comes from outside is escaped.
    """
    pictures = [_figure(picture) for picture in document.pictures]
    tables = [_table(table, i) for i, table in enumerate(document.tables)]
    links = [(p.name, p.title.split(":")[0]) for p in document.pictures]
    links += [(f"table-{i}", t.title) for i, t in enumerate(document.tables)]
    settings = json.dumps(document.settings, indent=2, ensure_ascii=False)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, '
            'initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{_text(document.title)}</title>",
            f"<style>{_css()}</style>",
            "</head>",
            "<body>",
            "<header>",
            f"<h1>{_text(document.title)}</h1>",
            '<div class="lead">',
            *(f"<p>{_text(line)}</p>" for line in document.lead),
            "</div>",
            '<dl class="facts">',
            *(
                f"<div><dt>{_text(label)}</dt><dd>{_text(value)}</dd></div>"
                for label, value in document.facts
            ),
            "</dl>",
            '<nav aria-label="Contents">',
            *(f'<a href="#{_text(to)}">{_text(t)}</a>' for to, t in links),
            "</nav>",
            "</header>",
            "<main>",
            *pictures,
            *tables,
            "<section><details><summary>Settings</summary>"
            f"<pre>{_text(settings)}</pre></details></section>",
            "</main>",
            f"<footer>TFQ Hybrid {_text(__version__)}. Circuits are simulated. "
            "Point at a mark or a row to find it everywhere on the page, "
            "click to hold it; a click on a column's head sorts."
            "</footer>",
            f"<script>{_asset('page.js')}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _text(value):
    return html.escape(plain(value))


def _asset(name):
    folder = importlib.resources.files("tfq_hybrid.reports")
    return (folder / name).read_text("utf-8")


def _css():
    modes = [
        css_variables({"page": _BEHIND[mode], "hover": _HOVER[mode], **colours})
        for mode, colours in (("light", LIGHT), ("dark", DARK))
    ]
    return (
        f":root {{ color-scheme: light dark; {modes[0]} }}\n"
        "@media screen and (prefers-color-scheme: dark) "
        f"{{ :root {{ {modes[1]} }} }}\n" + _asset("page.css")
    )


def _figure(picture):
    name, title = _text(picture.name), _text(picture.title)
    return (
        f'<section id="{name}" aria-labelledby="{name}-title">\n<figure>\n'
        f'<h2 id="{name}-title">{title}</h2>\n'
        f'<div class="scroll" tabindex="0" role="group" aria-label="{title}">'
        f"{inline_svg(picture)}</div>\n"
        f"<figcaption><b>How to read it.</b> {_text(picture.reading)}"
        "</figcaption>\n</figure>\n</section>"
    )


def _table(table, index):
    title = _text(table.title)
    numeric = [
        any(_is_number(row[i]) for row in table.rows)
        and all(row[i] is None or _is_number(row[i]) for row in table.rows)
        for i in range(len(table.columns))
    ]
    heads = "".join(
        f'<th scope="col"{_kind(right)}><button type="button">{_text(name)}'
        "</button></th>"
        for name, right in zip(table.columns, numeric, strict=True)
    )
    keys = table.keys or [None] * len(table.rows)
    rows = "\n".join(
        _row(row, key, key in table.marked, numeric)
        for row, key in zip(table.rows, keys, strict=True)
    )
    note = f"<p>{_text(table.note)}</p>" if table.note else ""
    return (
        f'<section id="table-{index}" aria-labelledby="table-{index}-title">\n'
        f'<h2 id="table-{index}-title">{title}</h2>\n{note}\n'
        f'<div class="scroll tall" tabindex="0" role="group" '
        f'aria-label="{title}"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n'
        "</tbody>\n</table></div>\n</section>"
    )


def _row(row, key, is_marked, numeric):
    link = "" if key is None else f' data-key="{_text(key)}"'
    marked = ' class="marked"' if is_marked else ""
    cells = "".join(
        _cell(value, right) for value, right in zip(row, numeric, strict=True)
    )
    return f"<tr{link}{marked}>{cells}</tr>"


def _cell(value, right):
    sorted_by = value.value if isinstance(value, Estimate) else value
    data = f' data-value="{sorted_by!r}"' if _is_number(value) else ""
    return f"<td{_kind(right)}{data}>{_text(number(value))}</td>"


def _kind(right):
    return ' class="n"' if right else ' class="text"'


def _is_number(value):
    numeric = isinstance(value, (int, float, Estimate))
    return numeric and not isinstance(value, bool)
