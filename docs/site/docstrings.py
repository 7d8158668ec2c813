"""Gives the examples of docstrings the heading that the parser knows."""

import re

import griffe

HEADING = re.compile(r"^Example:$", re.MULTILINE)
PROMPT = re.compile(r"(?<=\n\n)(?=>>> )")


class Examples(griffe.Extension):
    """`Example:` and bare prompts begin a section `Examples:`."""

    def on_instance(self, *, obj, **kwargs):
        if obj.docstring is not None:
            obj.docstring.value = with_headings(obj.docstring.value)


def with_headings(text: str) -> str:
    """A docstring whose examples are in sections.

    >>> print(with_headings("Adds.\\n\\n>>> 1 + 1\\n2"))
    Adds.
    <BLANKLINE>
    Examples:
        >>> 1 + 1
        2
    """
    text = HEADING.sub("Examples:", text)
    before, *examples = PROMPT.split(text)
    for example in examples:
        code, blank, rest = example.partition("\n\n")
        lines = "".join(f"    {line}\n" for line in code.splitlines())
        before += f"Examples:\n{lines.rstrip()}{blank}{rest}"
    return before
