"""The report of a reproduction: its questions, beside claims and goals."""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from tfq_hybrid.estimate import plain
from tfq_hybrid.reports.comparison import (
    Compared,
    by_class,
    captioned,
    check_compared,
    more_pictures,
)
from tfq_hybrid.reports.document import (
    Document,
    Picture,
    Table,
    markdown_table,
)
from tfq_hybrid.reports.stored import picture_of
from tfq_hybrid.shapes import check_shape


class _Section(TypedDict):
    title: str
    header: list[str]
    rows: list[list[str]]
    note: str
    picture: dict | None


class _Compared(Compared):
    test_examples: int


class _Question(TypedDict):
    name: str
    subject: str
    seeds: int
    is_headline: bool
    sections: list[_Section]
    comparison: _Compared | None


class ReproductionFile(TypedDict):
    """What is used of `reproduction.json`."""

    title: str
    scale: str
    seeds: int
    headlines: list[list[str]]
    questions: list[_Question]
    goals: list[list[str]]
    skipped: dict[str, str]
    published: list[list[str]]
    choices: list[str]


TABLES = {  # what is one table each, and its columns
    "headlines": (
        "In short",
        ("", "circuit", "classical baseline", "difference"),
    ),
    "goals": ("Goals", ("goal", "found", "")),
    "published": ("What the paper says", ("claim", "figure", "source")),
}
CHOICES = "Our choices, which the paper does not give"


def document(content: Mapping[str, Any]) -> Document:
    """The report of the content of `reproduction.json`."""
    check_shape(content, ReproductionFile)
    questions = content["questions"]
    for question in questions:
        if question["comparison"]:
            check_compared(question["comparison"])
    lead = [_scope(content)]
    pictures, tables = [], [*_tables(content, "headlines", "goals")]
    for question in questions:
        compared = question["comparison"]
        if compared and question["is_headline"]:
            told = " ".join(compared["sentences"])
            lead.append(f"{question['subject']}: {told}")
        pictures += [
            captioned(picture, _below(question, picture.title))
            for picture in _pictures(question)
        ]
        tables += _of_question(question)
    facts = [
        ("scale", plain(content["scale"])),
        ("seeds", str(content["seeds"])),
        *(
            (f"left out: {name}", plain(why))
            for name, why in content["skipped"].items()
        ),
    ]
    tables += _tables(content, "published")
    tables.append(Table(CHOICES, ("",), [[c] for c in content["choices"]]))
    return Document(
        plain(content["title"]),
        lead,
        facts,
        pictures,
        tables,
        markdown=markdown(content),
    )


def _several(number, noun):
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _scope(content):
    """How much was run, and what the figures are."""
    return (
        f"Scale `{content['scale']}`, {_several(content['seeds'], 'seed')}. "
        "Circuits are simulated. Intervals are 95 %, paired "
        "over seeds and examples; models are selected on validation data, and "
        "each that was selected answers the test data, once for every way in "
        "which it is run."
        + (
            " Of one seed an interval tells nothing of other seeds: this is a "
            "test of the pipe, and no result."
            if content["seeds"] == 1
            else ""
        )
    )


def _below(question, title):
    """What stands under the title in a picture: of what data it is."""
    subject = plain(question["subject"], 80)
    parts = [] if title.startswith(subject) else [subject]
    if question["comparison"]:
        count = question["comparison"]["test_examples"]
        parts.append(_several(count, "test example"))
    parts += [_several(question["seeds"], "seed"), "circuits are simulated"]
    return "; ".join(parts)


def _pictures(question) -> Iterator[Picture]:
    for section in question["sections"]:
        if section["picture"]:
            yield picture_of(section["picture"])
    if question["comparison"]:
        yield from more_pictures(question["comparison"], f"{question['name']}-")


def _tables(content, *names):
    for name in names:
        title, columns = TABLES[name]
        if content[name]:
            yield Table(title, columns, [[*row] for row in content[name]])


def _of_question(question) -> Iterator[Table]:
    compared = question["comparison"]
    said = compared["sentences"] if compared else []
    for section in question["sections"]:
        rows = [[*row] for row in section["rows"]]
        note = " ".join([section["note"], *said])
        if rows or section["note"]:
            yield Table(section["title"], section["header"], rows, note.strip())
        said = []  # beside the first of them, which compares
    if compared and compared["label_names"]:
        table = by_class(compared)
        title = f"{question['subject']}: by class"
        yield Table(title, table.columns, table.rows, table.note)


def markdown(content: Mapping[str, Any]) -> str:
    """The report as Markdown, its pictures in the folder `plots`."""
    parts = [f"# {content['title']}", _scope(content)]
    parts += _markdown(_tables(content, "headlines"))
    told: set[str] = set()
    for question in content["questions"]:
        for section in question["sections"]:
            parts.append(f"## {section['title']}")
            if section["note"]:
                parts.append(section["note"])
            if section["rows"]:
                parts.append(markdown_table(section["header"], section["rows"]))
            if section["picture"]:
                parts += _shown(section, told)
    parts += _markdown(_tables(content, "goals"))
    if content["skipped"]:
        lines = [
            f"- `{name}`: {why}" for name, why in content["skipped"].items()
        ]
        parts += ["## Left out", "\n".join(lines)]
    parts += _markdown(_tables(content, "published"))
    parts += [f"## {CHOICES}"]
    parts += ["\n".join(f"- {choice}" for choice in content["choices"])]
    return "\n\n".join(parts) + "\n"


def _markdown(tables):
    for table in tables:
        yield f"## {table.title}"
        yield markdown_table(table.columns, table.rows)


def _shown(section, told):
    """The paragraphs that show a section's picture.

    How to read a kind of picture is told once: `told` keeps what was.
    """
    picture = picture_of(section["picture"])
    alt = "The table above, drawn." if section["rows"] else picture.alt
    alt = alt.replace("[", "(").replace("]", ")")
    below = f"[SVG](plots/{picture.name}.svg)"
    if picture.reading not in told:
        told.add(picture.reading)
        below = f"{picture.reading} ({below})"
    return [f"![{alt}](plots/{picture.name}.png)", below]
