"""A report as one HTML page without network, and its tables as Markdown."""

import functools
import importlib.resources
import json

import jinja2
import markupsafe

from tfq_hybrid.estimate import Estimate, number, plain
from tfq_hybrid.reports.render import DARK, LIGHT, css_variables, inline_svg
from tfq_hybrid.reports.tables import (
    is_number,
    is_numeric,
    markdown_table,
    one_line,
)
from tfq_hybrid.version import __version__


def to_markdown(document):
    """The title, the lead and the tables of a report.

    Args:
        document: `Document`.

    Returns:
        str.
    """
    parts = [f"# {one_line(document.title)}", *map(one_line, document.lead)]
    for table in document.tables:
        parts.append(f"## {one_line(table.title)}")
        if table.note:
            parts.append(one_line(table.note))
        parts.append(markdown_table(table.columns, table.rows))
    return "\n\n".join(parts) + "\n"


_BEHIND = {"light": "#f5f7fa", "dark": "#0e131b"}
_HOVER = {"light": "#e6f0f9", "dark": "#24324a"}


def to_html(document):
    """A report as the text of an HTML page.

    Args:
        document: `Document`.

    Returns:
        str. Everything that comes from outside is escaped.
    """
    modes = {
        mode: css_variables(
            {"page": _BEHIND[mode], "hover": _HOVER[mode], **colours}
        )
        for mode, colours in (("light", LIGHT), ("dark", DARK))
    }
    return _template().render(
        document=document,
        settings=json.dumps(document.settings, indent=2, ensure_ascii=False),
        css=_asset("page.css"),
        js=_asset("page.js"),
        version=__version__,
        **modes,
    )


@functools.cache
def _template():
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


def _numeric_columns(table):
    """Whether each column holds numbers, a list of bool."""
    columns = range(len(table.columns))
    return [is_numeric([row[i] for row in table.rows]) for i in columns]


def _asset(name):
    folder = importlib.resources.files("tfq_hybrid.reports")
    return (folder / name).read_text("utf-8")
