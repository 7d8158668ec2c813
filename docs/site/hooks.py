"""What the site has beside the pages of `docs`: the README, the reference.

- `index.md` is the README.
- `reference/NAME.md` has the public names of a package, from their docstrings,
  `reference/commands.md` the help of each command, from the CLI itself, and
  `reference/config.md` the keys of a training, from the dataclasses.
- `tutorials/NAME.md` is a script of `docs/tutorials`, run.
- Files of the repository that pages link to, such as figures of benchmarks, are
  copied to `repository/`.

A page that would load something from elsewhere is an error.
"""

import functools
import pathlib
import posixpath
import re
import sys

import click
import nbformat
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

import tfq_hybrid
from tfq_hybrid.adapters import METHODS
from tfq_hybrid.cli.main import commands
from tfq_hybrid.startup import quiet_imports
from tfq_hybrid.training.arguments import fields_of_training
from tfq_hybrid.training.systems import SYSTEMS

sys.path.append(str(pathlib.Path(__file__).parent))
import tutorials

quiet_imports()

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"(\]\()([^)#\s]+)(#[^)\s]*)?(\))")
LOADED = re.compile(
    r"<(?:script|img|iframe)[^>]*\ssrc=\"?https?://[^>]*>"
    r"|<link[^>]*rel=\"?(?:stylesheet|preconnect)[^>]*https?://[^>]*>"
)
OUTSIDE = "repository"
SCRIPTS = sorted((ROOT / "docs/tutorials").glob("*.py"))
KEPT = ROOT / "build/tutorials"
ROOMS = tuple(
    name
    for name in tfq_hybrid._ROOMS
    if (ROOT / "tfq_hybrid" / name / "__init__.pyi").is_file()
)


def on_config(config):
    """Adds tutorials and the reference to the navigation."""
    pages = [f"tutorials/{script.stem}.md" for script in SCRIPTS]
    config.nav.insert(2, {"Tutorials": pages})
    pages = ["reference/commands.md", "reference/config.md"]
    pages += [{f"tfq_hybrid.{name}": _page_of(name)} for name in ROOMS]
    config.nav.append({"Reference": pages})
    return config


def on_files(files, config):
    """Adds what is no file of `docs`."""
    generated = {
        "reference/commands.md": _commands(),
        "reference/config.md": _config(),
    }
    generated |= {_page_of(name): _reference(name) for name in ROOMS}
    for script in SCRIPTS:
        notebook = tutorials.executed(script, KEPT)
        page, pictures = tutorials.as_page(notebook, script.stem)
        generated[f"tutorials/{script.stem}.md"] = page
        generated[f"tutorials/{script.stem}.ipynb"] = nbformat.writes(notebook)
        generated |= {f"tutorials/{k}": v for k, v in pictures.items()}
    for path, content in generated.items():
        files.append(File.generated(config, path, content=content))
    readme = (ROOT / "README.md").read_text("utf-8")
    index = File.generated(config, "index.md", content=_at(readme, "README.md"))
    files.append(index)
    for path in sorted(_linked(files)):
        files.append(
            File.generated(
                config, f"{OUTSIDE}/{path}", abs_src_path=str(ROOT / path)
            )
        )
    return files


def on_page_markdown(markdown, page, config, files):
    """Points links out of `docs` at the copies of the files."""
    if page.file.src_uri == "index.md" or page.file.src_uri.startswith(
        ("reference/", "tutorials/")
    ):
        return markdown
    source = f"docs/{page.file.src_uri}"
    if page.file.src_uri.startswith(OUTSIDE):
        source = page.file.src_uri.removeprefix(f"{OUTSIDE}/")
    return _at(markdown, source, posixpath.dirname(page.file.src_uri))


def on_post_page(output, page, config):
    """Refuses what a reader's browser would load from elsewhere."""
    found = LOADED.search(output)
    if found:
        raise PluginError(f"{page.file.src_uri} loads {found.group()}")
    return output


def _at(markdown, source, folder=""):
    """The text of a file of the repository, as a page in a folder."""

    def changed(match):
        start, target, anchor, end = match.groups()
        path = _in_repository(target, source)
        if path is None:
            return match.group()
        inside = path.removeprefix("docs/")
        if not path.startswith("docs/"):
            inside = "index.md" if path == "README.md" else f"{OUTSIDE}/{path}"
        relative = posixpath.relpath(inside, folder or ".")
        return f"{start}{relative}{anchor or ''}{end}"

    return LINK.sub(changed, markdown)


def _in_repository(target, source):
    """The path of what a link leads to, from the root; `None` elsewhere."""
    if "://" in target or target.startswith("mailto:"):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))


def _linked(files):
    """The files outside of `docs` that its pages and the README link to."""
    pages = {
        f"docs/{file.src_uri}": pathlib.Path(file.abs_src_path)
        for file in files
        if file.is_documentation_page() and file.abs_src_path
    }
    pages["README.md"] = ROOT / "README.md"
    found, left = set(), dict(pages)
    while left:
        source, path = left.popitem()
        for match in LINK.finditer(path.read_text("utf-8")):
            target = _in_repository(match.group(2), source)
            if (
                target is None
                or target.startswith(("docs/", ".."))
                or target == "README.md"
                or target in found
                or not (ROOT / target).is_file()
            ):
                continue
            found.add(target)
            if target.endswith(".md"):
                left[target] = ROOT / target
    return found


def _page_of(name):
    return f"reference/{name}.md"


@functools.cache
def _reference(name):
    """The page of a package: each of its public names."""
    room = getattr(tfq_hybrid, name)
    about, _, rest = (room.__doc__ or "").strip().partition("\n")
    lines = [f"# tfq_hybrid.{name}", "", about, ""]
    if rest.strip():
        lines += ["```text", rest.strip("\n"), "```", ""]
    for public in sorted(room.__all__):
        value = getattr(room, public)
        module = getattr(value, "__module__", None)
        if callable(value) and module and module.startswith("tfq_hybrid"):
            lines += [f"::: {module}.{value.__qualname__}", ""]
        else:
            lines += [f"### {public}", "", f"`{_short(value)}`", ""]
    return "\n".join(lines)


def _short(value, longest=300):
    words = repr(value)
    return words if len(words) <= longest else f"{words[:longest]} …"


def _commands():
    """The help of each command."""
    lines = ["# Commands", ""]
    for name, command in commands.commands.items():
        lines += [f"## {name}", "", "```text", _help(command, name), "```", ""]
        for inner, nested in getattr(command, "commands", {}).items():
            shown = f"{name} {inner}"
            lines += [f"### {shown}", "", "```text", _help(nested, shown)]
            lines += ["```", ""]
    return "\n".join(lines)


def _help(command, name):
    context = click.Context(
        command,
        info_name=f"tfq-hybrid {name}",
        terminal_width=80,
        **command.context_settings,
    )
    return command.get_help(context)


def _config():
    """The keys of a training: those of all systems, of each, of each method."""
    fields = {name: fields_of_training(name) for name in SYSTEMS}
    common = set.intersection(*({f.key for f in x} for x in fields.values()))
    lines = [
        "# The config",
        "",
        "See [configs](../configs.md). The keys of all:",
    ]
    first = next(iter(fields.values()))
    lines += ["", *_keys(f for f in first if f.key in common)]
    for name, own in fields.items():
        lines += ["", f"## model: {name}", ""]
        lines += _keys(f for f in own if f.key not in common)
    for name in METHODS:
        own = fields_of_training(chosen={"adapter": name})
        lines += ["", f"## adapter: {name}", ""]
        lines += _keys(f for f in own if f.key.startswith("adapter."))
    return "\n".join(lines) + "\n"


def _keys(fields):
    yield "| key | default | what it is |"
    yield "|---|---|---|"
    for field in fields:
        choices = f" One of {', '.join(field.choices)}." * bool(field.choices)
        about = f"{field.help}.{choices}".replace("|", "\\|")
        default = field.meaning or f"`{_short(field.default, 80)}`"
        yield f"| `{field.key}` | {default} | {about} |"
