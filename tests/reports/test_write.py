"""Where a report is read from and written to; what bad input gets."""

import json

import pytest

from tests.reports.contents import screening, search
from tfq_hybrid.errors import UserError
from tfq_hybrid.reports import markdown, write_report


def test_page_alone(tmp_path):
    (tmp_path / "search.json").write_text(json.dumps(search()))
    files = write_report(tmp_path, tmp_path / "new" / "page.html")
    assert files.table is None and not files.plots
    names = sorted(p.name for p in tmp_path.rglob("*") if p.is_file())
    assert names == ["page.html", "search.json"]


def test_markdown():
    text = markdown(screening("a|b <i>"))
    lines = text.splitlines()
    assert lines[0] == "# Screening of val_accuracy"
    start = lines.index("## Every effect") + 4
    assert lines[start].startswith("| factor | low level |")
    assert lines[start + 2].startswith(
        "| a\\|b &lt;i> | 1 | 2 | 4 (3.5 to 4.5) |"
    )


@pytest.mark.parametrize(
    "content,message",
    [
        ("{", "damaged"),
        ("[]", "not an object"),
        ("{}", "kind to be one of"),
        ('{"kind": "serach"}', "Did you mean 'search'"),
        ('{"kind": "search"}', "'objectives' is missing"),
        ('{"kind": "screening", "design": 1}', "is missing"),
        ('{"kind": "diagnosis", "circuits": 3, "settings": {}}', "damaged"),
        (
            '{"kind": "search", "objectives": [], "space": [], "trials": []}',
            "damaged",
        ),
    ],
)
def test_damaged_content_is_named(content, message, tmp_path):
    (tmp_path / "search.json").write_text(content)
    with pytest.raises(UserError, match=message):
        write_report(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["search.json"]


def test_folders_without_or_with_several(tmp_path):
    with pytest.raises(UserError, match="not there"):
        write_report(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds none"):
        write_report(tmp_path)
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(UserError, match="not finished"):
        write_report(tmp_path)
    for kind in ("search", "screening"):
        (tmp_path / f"{kind}.json").write_text("{}")
    with pytest.raises(UserError, match=r"search.json and screening.json"):
        write_report(tmp_path)


def test_page_over_a_folder(tmp_path):
    (tmp_path / "search.json").write_text(json.dumps(search()))
    with pytest.raises(UserError, match="a folder"):
        write_report(tmp_path, tmp_path)
