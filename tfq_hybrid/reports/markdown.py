"""A report's tables as Markdown."""

from tfq_hybrid.reports.document import Interval, number


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
            isinstance(row[i], (int, float, Interval, type(None)))
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
        "| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines
    )


def _cell(text):
    return _line(text).replace("|", "\\|")


def _line(text):
    return " ".join(str(text).split()).replace("<", "&lt;")
