"""The Python of the documents runs, and their commands name real options."""

import pathlib
import re
import shlex

import PIL.Image
import pytest

from benchmarks import overview
from tfq_hybrid.cli.config_command import ConfigCommand
from tfq_hybrid.cli.main import commands
from tfq_hybrid.comparison.reproduce import RECIPES

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIRST_STEPS = ROOT / "docs/first_steps.md"
RESULTS = ROOT / "docs/results/README.md"
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "docs/examples/README.md",
    RESULTS,
]


def run_blocks(page):
    """Runs the Python of a page in one namespace, which is returned."""
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    namespace = {}
    for block in blocks:
        exec(compile(block, str(page), "exec"), namespace)
    return namespace


# Of google.api_core, on importing cirq_google.
@pytest.mark.filterwarnings("ignore:You are using a Python:FutureWarning")
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page != FIRST_STEPS],
    ids=lambda page: page.stem,
)
def test_python_of_the_pages_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_blocks(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.long
def test_python_of_the_first_steps_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = run_blocks(FIRST_STEPS)
    quantum, dense, matched = (
        namespace[name].count_params()
        for name in ("quantum", "dense", "matched")
    )
    assert quantum < dense
    assert abs(matched / quantum - 1) < 0.05


@pytest.mark.parametrize(
    "line",
    [
        line
        for page in PAGES
        for line in re.findall(
            r"^    (tfq-hybrid (?:.*\\\n)*.*)", page.read_text(), re.MULTILINE
        )
    ],
)
def test_commands_are_real(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("run.yaml").write_text("circuit: {qubits: 6}")
    pathlib.Path("compare.yaml").write_text("methods: [lora]")
    _, name, *words = shlex.split(line.replace("\\\n", " "), comments=True)
    command = commands.commands[name]
    if hasattr(command, "commands") and words:  # its first word is one
        command = command.commands[words[0]]
    if isinstance(command, ConfigCommand):
        command.make_context(name, words)
        return
    options = {o for p in command.params for o in p.opts}
    for word in words:
        if word.startswith("--"):
            assert word in options


def rows_of(text, section):
    """The rows of the tables of a section, without their heads."""
    body = text.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    tables = re.findall(r"(?:^\|.*\n)+", body, re.MULTILINE)
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for table in tables
        for line in table.splitlines()[2:]
    ]


def of_report(report):
    """The findings and the goals of a report, a set of rows."""
    return {
        tuple(row)
        for section in ("In short", "Goals")
        if f"## {section}\n" in report
        for row in rows_of(report, section)
    }


def test_results_are_those_of_the_reports():
    """A row begins with a link to the report that says the same.

    No row of a report's findings and goals is left out.
    """
    seen, missing = set(), {}
    for link, *cells in rows_of(RESULTS.read_text("utf-8"), "Results"):
        [target] = re.findall(r"\]\((.*)\)", link)
        report = (RESULTS.parent / target).read_text("utf-8")
        missing.setdefault(target, of_report(report)).discard(tuple(cells))
        found = [
            row
            for section in ("In short", "Goals", "What the paper says")
            if f"## {section}\n" in report
            for row in rows_of(report, section)
        ]
        assert cells in found, (link, cells)
        seen.add(pathlib.Path(target).parent.name)
    assert not any(missing.values()), missing
    published = {path.name for path in RESULTS.parent.glob("*/")}
    assert seen == published <= set(RECIPES)


def test_the_readme_is_one_screen_after_another():
    text = PAGES[0].read_text("utf-8")
    assert text.count("\n") <= 150
    places = [text.index(word) for word in ("docs/overview.png", "```python")]
    assert places == sorted(places) and places[0] < 600


def test_the_picture_of_the_readme_is_up_to_date():
    with PIL.Image.open(overview.PICTURE) as picture:
        assert picture.text["inputs"] == overview.digest(), (
            "run: python -m benchmarks.overview"
        )
