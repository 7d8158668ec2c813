"""Tutorials: scripts in cells, run as notebooks and shown with their outputs.

A script is in the percent format: a cell begins with `# %%`, one of text with
`# %% [markdown]`, whose lines are comments. Each becomes a page of the site and
a notebook to download, both with what its cells printed and drew.
"""

import base64
import hashlib
import itertools
import pathlib
import re
from typing import Any

import nbclient
import nbformat
from nbformat import v4

CELL = re.compile(r"^# %%(?P<text> \[markdown\])?$", re.MULTILINE)
SECONDS = 900  # of a cell, at most
SETUP = "%matplotlib inline"  # figures are shown, whoever made them
PICTURES = {"image/png": "png", "image/svg+xml": "svg"}


def cells_of(script: str) -> list[Any]:
    """The cells of a script; what stands before the first is left out."""
    marks = [*CELL.finditer(script), None]
    cells = []
    for mark, following in itertools.pairwise(marks):
        end = following.start() if following else len(script)
        source = script[mark.end() : end].strip("\n")
        if mark["text"]:
            lines = source.splitlines()
            source = "\n".join(re.sub(r"^# ?", "", line) for line in lines)
            cells.append(v4.new_markdown_cell(source))
        else:
            cells.append(v4.new_code_cell(source))
    return cells


def executed(path: pathlib.Path, kept: pathlib.Path) -> Any:
    """The notebook of a script, run in a folder of its own.

    Args:
        path: of the script.
        kept: a folder of executed notebooks; one of the same script is taken.
    """
    script = path.read_text("utf-8")
    digest = hashlib.sha256(script.encode()).hexdigest()[:16]
    file = kept / f"{path.stem}-{digest}.ipynb"
    if file.is_file():
        return nbformat.read(file, as_version=4)
    first = v4.new_code_cell(SETUP)
    notebook = v4.new_notebook(cells=[first, *cells_of(script)])
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{path.stem.replace('_', '-')}-{number}"
    folder = kept / path.stem
    folder.mkdir(parents=True, exist_ok=True)
    nbclient.NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when each cell ran
        if cell.cell_type == "code":  # without the chatter of libraries
            cell.outputs = [
                x for x in cell.outputs if x.get("name") != "stderr"
            ]
    nbformat.write(notebook, file)
    return notebook


def as_page(notebook: Any, name: str) -> tuple[str, dict[str, bytes]]:
    """A notebook as Markdown, and its pictures by the names of their files."""
    parts, pictures = [], {}
    for cell in notebook.cells[1:]:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            data = output.get("data", {})
            kind = next((kind for kind in PICTURES if kind in data), None)
            if kind is not None:
                file = f"{name}-{len(pictures)}.{PICTURES[kind]}"
                content = data[kind]
                pictures[file] = (
                    base64.b64decode(content)
                    if kind == "image/png"
                    else content.encode()
                )
                parts.append(f"![What the cell above draws]({file})")
                continue
            text = output.get("text") or data.get("text/plain", "")
            if not text.startswith("<"):  # an object without a word
                parts.append(f"```text\n{text.rstrip()}\n```")
    first, *rest = parts
    note = f"*Run by `make docs`; as a [notebook]({name}.ipynb).*"
    return "\n\n".join([first, note, *rest]) + "\n", pictures
