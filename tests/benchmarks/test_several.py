"""Several comparisons as one table, without the texts of their data."""

import json

import pytest

from benchmarks import several


def interval(value, half):
    return {"value": value, "low": value - half, "high": value + half}


def comparison(half):
    rows = ["circuit:rates-around=0.03", "linear", "majority"]
    return {
        "source": "a.tsv",
        "parts": [1000, 100, 100],
        "seeds": [0, 1],
        "rates": 3,
        "epochs": 1,
        "batch_size": 32,
        "monitor": "validation accuracy, %",
        "reference": rows[0],
        "rows": [
            {
                "name": name,
                "metrics": {"accuracy": interval(90 - place, 1)},
                "parameters": 10,
                "rate": 0.1,
            }
            for place, name in enumerate(rows)
        ],
        "beside_reference": {
            name: interval(-place, half)
            for place, name in enumerate(rows[1:], 1)
        },
        "differing": [{"text": "a secret"}],
    }


def test_a_line_for_each_comparison(tmp_path, capsys):
    for name, half in (("small", 1.0), ("large", 0.5)):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "comparison.json"
        path.write_text(json.dumps(comparison(half)))
    (tmp_path / "unfinished").mkdir()
    folders = sorted(map(str, tmp_path.iterdir()))
    several.main([*folders, "--output", str(tmp_path / "found")])
    large, small = capsys.readouterr().out.strip().splitlines()[2:]
    # The sign is that of the circuit less the other one.
    assert (
        "| 90.0 [89.0, 91.0] | 89.0 [88.0, 90.0] | +1.0 [+0.5, +1.5]" in large
    )
    # (1.96 + 0.84) / 1.96 half-widths.
    assert large.endswith("| yes (0.7) |")
    assert small.endswith("| not decidable (1.4) |")
    content = (tmp_path / "found.json").read_text()
    assert "secret" not in content and "rates-around" not in content
    for kind in ("png", "svg", "table.md"):
        assert (tmp_path / f"found.{kind}").stat().st_size > 100


def test_nothing_finished_is_said(tmp_path):
    with pytest.raises(SystemExit, match="finished comparisons"):
        several.main([str(tmp_path), "--output", str(tmp_path / "found")])
