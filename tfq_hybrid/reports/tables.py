"""Markdown tables: the one writer of them."""

from tfq_hybrid.estimate import Estimate, number


def markdown_table(head, rows):
    """A table in Markdown's pipes, columns of numbers to the right.

    Args:
        head: sequence of str.
        rows: sequence of sequences of str, numbers, `Estimate` or `None`.

    Returns:
        str. A pipe is escaped, a line end becomes a space.

    Example:

    >>> print(markdown_table(("a|b", "c"), [["x", 0.25]]))
    | a\\|b | c |
    |---|---:|
    | x | 0.25 |
    """
    rows = [list(row) for row in rows]
    columns = zip(*rows, strict=True) if rows else [()] * len(head)
    marks = ["---:" if is_numeric(column) else "---" for column in columns]
    lines = [head, *([number(cell) for cell in row] for row in rows)]
    lines = ["| " + " | ".join(map(_cell, line)) + " |" for line in lines]
    return "\n".join([lines[0], f"|{'|'.join(marks)}|", *lines[1:]])


def is_numeric(column):
    """Whether the cells are numbers, or nothing in places."""
    numbers = [cell for cell in column if cell is not None]
    return bool(numbers) and all(map(is_number, numbers))


def is_number(value):
    """Whether a cell is a number or an estimate of one."""
    numeric = isinstance(value, (int, float, Estimate))
    return numeric and not isinstance(value, bool)


def one_line(text):
    """A text in a line of Markdown, without a tag in it.

    Example:

    >>> one_line("a\\n<b>")
    'a &lt;b>'
    """
    return " ".join(str(text).split()).replace("<", "&lt;")


def _cell(text):
    return one_line(text).replace("|", "\\|")
