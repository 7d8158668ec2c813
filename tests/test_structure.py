"""The order of imports, and names that must stay inside the package."""

import ast
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tfq_hybrid"
ORDER = [
    ["version", "errors", "estimate", "shapes"],
    ["reading", "files", "signals"],
    ["config"],
    ["startup", "cluster", "jobs"],
    ["circuits"],
    ["engines"],
    ["diagnostics", "layers"],
    ["bases"],
    ["adapters", "hardware", "optimizers"],
    ["encoders"],
    ["training"],
    ["tuning", "serving", "reports", "verify", "environment"],
    ["comparison"],
    ["models"],
    ["cli"],
]
LINKS = ("models", "tuning")
CLONE_ONLY = ("benchmarks", "tests")
RANK = {room: i for i, rooms in enumerate(ORDER) for room in rooms}
SOURCES = sorted(
    path.relative_to(ROOT)
    for room in PACKAGE.iterdir()
    for path in ([room] if room.suffix == ".py" else room.rglob("*.py"))
)


def imports_of(path):
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            if node.module == "tfq_hybrid":
                yield from (f"tfq_hybrid.{a.name}" for a in node.names)


def room_of(parts):
    name = parts[1] if len(parts) > 1 else "__init__"
    name = name.removesuffix(".py")
    return "cli" if name == "__main__" else name


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_imports_point_one_way(path):
    room = room_of(path.parts)
    for name in imports_of(path):
        top = name.split(".")[0]
        # Keras would register a class twice under two module names.
        assert top not in (*LINKS, *CLONE_ONLY), f"import {name}"
        if top == "tensorflow_quantum":  # its import draws random numbers
            assert path.as_posix().endswith("engines/tfq/ops.py"), path
        if room == "circuits":
            assert top not in ("tensorflow", "keras", "tensorflow_quantum")
        if top != "tfq_hybrid" or room == "__init__":
            continue
        target = room_of(name.split("."))
        if target in ("__init__", "__version__"):
            continue
        if room == "data" or target == "data":
            # Stands apart: needs no room, and any later one may use it.
            assert room != "data" or target in (
                "data",
                "errors",
                "reading",
                "version",
            )
            continue
        assert RANK[target] <= RANK[room], f"{room} imports {target}"


def test_links_lead_to_the_sibling_folders():
    for name in LINKS:
        assert (PACKAGE / name).is_symlink()
        assert (PACKAGE / name).resolve() == ROOT / name


def test_every_folder_is_a_package():
    """The wheel leaves out a folder without `__init__.py`."""
    for path in SOURCES:
        assert (ROOT / path).with_name("__init__.py").is_file(), path


def test_registered_once():
    import keras

    from tfq_hybrid import layers, models

    for kind in (
        *(getattr(layers, n) for n in layers.__all__),
        models.QFFNBert,
    ):
        if isinstance(kind, type):
            name = keras.saving.get_registered_name(kind)
            assert name == f"tfq_hybrid>{kind.__name__}"
            assert kind.__module__.startswith("tfq_hybrid.")


def test_git_tracks_the_results_of_the_docs():
    """`results/` alone in `.gitignore` would hide them in silence."""
    lines = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert {"/results/", "/runs/"} <= set(lines)
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        return
    for path in ("docs/results/new/report.md", "benchmarks/results/new.json"):
        command = ["git", "check-ignore", "--quiet", path]
        assert subprocess.run(command, cwd=ROOT).returncode == 1, path
