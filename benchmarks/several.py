"""Several comparisons of the same rows as one table: tasks, encoders, poolings.

    python -m benchmarks.several runs/hb/*/ --output FOLDER/pretrained

keeps what each `comparison.json` found in one JSON file, without its texts, and
writes the table and the picture beside it. The name of a folder is that of its
line.
"""

import argparse
import json
import pathlib
import re
from typing import Any

from tfq_hybrid.comparison.found import FILE
from tfq_hybrid.files import write_json
from tfq_hybrid.reports.render import FILE as INK
from tfq_hybrid.reports.render import MARKERS

KEPT = ("source", "parts", "seeds", "rates", "epochs", "batch_size", "monitor")
# What a study with 95 % intervals finds in four of five cases, in half-widths:
# (1.96 + 0.84) / 1.96.
DETECTABLE = 1.43
POINTS = 1.0  # a smaller difference is not asked for


def kept(folder: pathlib.Path) -> dict[str, Any]:
    """What is published of a comparison."""
    content = json.loads((folder / FILE).read_text("utf-8"))
    rows = [
        {
            "name": _short(row["name"]),
            "metrics": row["metrics"],
            "parameters": row["parameters"],
            "rate": row["rate"],
        }
        for row in content["rows"]
    ]
    beside = content["beside_reference"]
    return {
        **{name: content[name] for name in KEPT},
        "metric": next(iter(content["rows"][0]["metrics"])),
        "reference": _short(content["reference"]),
        "rows": rows,
        "less_reference": {_short(k): v for k, v in beside.items()},
    }


def table(found: dict[str, dict[str, Any]]) -> str:
    """The table: a line for each comparison, its reference and other rows."""
    first = next(iter(found.values()))
    names = [row["name"] for row in first["rows"]][:-1]  # without the floor
    others = names[1:]
    head = [
        "",
        "train / validate / test",
        *(f"`{name}`" for name in names),
        *(f"circuit less `{name}`" for name in others),
        "can decide",
    ]
    lines = [_line(head), _line("---" for _ in head)]
    for name, one in found.items():
        rows = {row["name"]: row for row in one["rows"]}
        values = [rows[row]["metrics"][one["metric"]] for row in names]
        beside = [_turned(one["less_reference"][row]) for row in others]
        lines.append(
            _line(
                [
                    name,
                    " / ".join(f"{count:,}" for count in one["parts"]),
                    *map(_interval, values),
                    *(_interval(each, "+") for each in beside),
                    _decides(beside[0]),
                ]
            )
        )
    return "\n".join(lines) + "\n"


def draw(found: dict[str, dict[str, Any]], path: pathlib.Path) -> None:
    """Draws the first row less each other one, a line for each comparison."""
    # The object interface: pyplot would ask for a display.
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    first = next(iter(found.values()))
    others = [row["name"] for row in first["rows"]][1:-1]
    with matplotlib.rc_context(INK.rc):
        size = (8, 1.2 + 0.16 * len(found) * (len(others) + 1))
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.axvline(0, color=INK["muted"], linestyle="--")
        for index, other in enumerate(others):
            values = [
                _turned(x["less_reference"][other]) for x in found.values()
            ]
            mean = [x["value"] for x in values]
            ends = [
                [x["value"] - x["low"] for x in values],
                [x["high"] - x["value"] for x in values],
            ]
            axes.errorbar(
                mean,
                [line + 0.18 * index for line in range(len(found))],
                xerr=ends,
                fmt=MARKERS[index],
                color=INK.series(index),
                label=f"less {other.replace(first['reference'] + ':', '')}",
            )
        axes.set_yticks(
            [x + 0.18 * (len(others) - 1) / 2 for x in range(len(found))]
        )
        axes.set_yticklabels(found)
        axes.invert_yaxis()
        axes.set(
            xlabel=f"{first['metric']} of {first['reference']}, less that of "
            "others, points",
            title=f"{len(first['seeds'])} seeds, 95 % CI",
        )
        figure.legend(loc="outside right upper")
        for kind in ("png", "svg"):
            figure.savefig(path.with_suffix(f".{kind}"), dpi=110)


def _short(name):
    """The name of a row without the rates around which it was tried."""
    return re.sub(r":rates-around=[^:]*", "", name)


def _turned(interval):
    """The difference the other way round."""
    return {
        "value": -interval["value"],
        "low": -interval["high"],
        "high": -interval["low"],
    }


def _decides(interval):
    """Whether a difference of a point would be found beside the first."""
    half = (interval["high"] - interval["low"]) / 2
    least = DETECTABLE * half
    verdict = "yes" if least <= POINTS else "not decidable"
    return f"{verdict} ({least:.1f})"


def _interval(interval, sign=""):
    value, low, high = (interval[name] for name in ("value", "low", "high"))
    return f"{value:{sign}.1f} [{low:{sign}.1f}, {high:{sign}.1f}]"


def _line(cells):
    return "| " + " | ".join(cells) + " |"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args(arguments)
    found = {
        folder.name: kept(folder)
        for folder in options.folders
        if (folder / FILE).is_file()
    }
    if not found:
        raise SystemExit("Expected folders of finished comparisons.")
    write_json(options.output.with_suffix(".json"), found)
    text = table(found)
    options.output.with_suffix(".table.md").write_text(text, "utf-8")
    draw(found, options.output)
    print(text)


if __name__ == "__main__":
    main()
