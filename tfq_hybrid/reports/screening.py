"""The report of a screening: which factors move the response."""

from tfq_hybrid.estimate import Estimate, number, plain
from tfq_hybrid.reports.document import Document, Table
from tfq_hybrid.reports.screening_pictures import (
    Screening,
    effects,
    half_normal,
    level,
    means,
    signed,
)


def document(content):
    """The report of a screening.

    Args:
        content: dict, the content of `screening.json`.

    Returns:
        A `Document`.
    """
    found = Screening(content)
    pictures = [effects(found)] if found.effects else []
    if found.runs:
        pictures.append(means(found))
    if len(found.effects) > 2:
        pictures.append(half_normal(found))
    facts = [
        ("design", plain(content["design"], 40)),
        ("factors", number(len(found.factors))),
        ("runs", number(len(content["runs"]))),
        ("response", plain(found.response, 40)),
    ]
    failed = len(content["runs"]) - len(found.runs)
    if failed:
        facts.append(("runs without a response", number(failed)))
    known = ("kind", "runs", "effects")
    settings = {k: v for k, v in content.items() if k not in known}
    return Document(
        f"Screening of {plain(found.response, 60)}",
        _lead(found),
        facts,
        pictures,
        [_effects_table(found, content), _runs_table(found, content["runs"])],
        settings,
    )


def _lead(found):
    response = plain(found.response, 60)
    if not found.effects:
        return ["No effect could be estimated."]
    if not found.clear:
        largest = found.effects[0]
        first = (
            f"No factor moves {response} significantly: every 95 % CI includes "
            f"0. The largest effect is that of {plain(largest['factor'], 60)}, "
            f"{signed(largest)}."
        )
    else:
        parts = [
            f"{plain(e['factor'], 60)} {signed(e)}" for e in found.clear[:4]
        ]
        more = len(found.clear) - len(parts)
        first = f"What moves {response} clearly: {'; '.join(parts)}"
        first += f"; and {more} more." if more else "."
    return [
        first,
        "An effect is the mean response at a factor's high level less that "
        "at its low level, over all other factors; in brackets its 95 % "
        "interval.",
    ]


def _effects_table(found, content):
    note = "In brackets the 95 % interval; rows that stand out exclude zero."
    aliases = content.get("aliases") or []
    if aliases:
        shown = "; ".join(plain(alias) for alias in aliases[:20])
        more = f"; and {len(aliases) - 20} more" if len(aliases) > 20 else ""
        note += f" This design does not tell apart: {shown}{more}."
    return Table(
        "Every effect",
        ("factor", "low level", "high level", "effect"),
        [
            [
                e["factor"],
                *(
                    level(v)
                    for v in found.factors.get(e["factor"], (None, None))
                ),
                Estimate.of(e, "effect"),
            ]
            for e in found.effects
        ],
        note,
        tuple(found.keys[e["factor"]] for e in found.effects),
        frozenset(found.keys[e["factor"]] for e in found.clear),
    )


def _runs_table(found, runs):
    factors = list(found.factors)
    rows = []
    for run in runs:
        values = run.get("values", {})
        settings = []
        for name in factors:
            value = values.get(name)
            if value is None:
                value = found.factors[name][run["levels"][name] > 0]
            is_plain = isinstance(value, (int, float, str))
            settings.append(value if is_plain else level(value))
        rows.append([*settings, run.get("seed"), run["response"]])
    return Table(
        "Every run",
        (*factors, "seed", found.response),
        rows,
    )
