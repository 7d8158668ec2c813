"""Parallel coordinates: a line for each trial of a search."""

import itertools

from tfq_hybrid.reports.axis import scale_of
from tfq_hybrid.reports.document import Picture, plain
from tfq_hybrid.reports.render import mark

_MOST_AXES = 10  # more do not fit beside each other


def parallel(trials):
    """Parallel coordinates: a line for each trial over all its values."""
    if len(trials.done) < 2:
        return None
    scales = []
    for name in trials.names:
        values = [t["values"].get(name) for t in trials.done]
        scales.append(scale_of(name, values))
    varied = [s for s in scales if s.varies]
    weight = trials.importance
    if len(varied) > _MOST_AXES:
        kept = sorted(varied, key=lambda s: -(weight.get(s.name) or 0))
        kept = kept[:_MOST_AXES]
        varied = [s for s in varied if s in kept]
    results = [
        scale_of(
            name,
            [trials.metric(t, name) for t in trials.done],
            result=direction,
        )
        for name, direction in trials.objectives
    ]
    axes = [*varied, *results]
    places = range(len(axes))
    titles = [
        plain(axis.name, 22) + (" ↑" if axis in results else "")
        for axis in axes
    ]
    neighbours = itertools.pairwise(map(len, titles))
    staggered = any(a + b > 30 for a, b in neighbours)

    def draw(figure, ink):
        panel = figure.subplots()
        ranked = trials.ranked()
        for rank, (trial, share) in enumerate(ranked):
            values = [trial["values"].get(s.name) for s in varied]
            values += [trials.metric(trial, s.name) for s in results]
            heights = [
                axis.height(value)
                for axis, value in zip(axes, values, strict=True)
            ]
            # Lines through one category are set apart a little.
            apart = (rank / len(ranked) - 0.5) * 0.05
            heights = [
                h + apart * axis.is_category
                for h, axis in zip(heights, axes, strict=True)
            ]
            best = trials.is_best(trial)
            panel.plot(
                places,
                heights,
                color=ink["accent"] if best else ink.ramp(share),
                linewidth=3 if best else 1.4,
                zorder=4 if best else 2 + share,
                gid=mark(trials.key(trial)),
                solid_joinstyle="round",
            )
        for place, axis in enumerate(axes):
            panel.plot([place] * 2, [0, 1], color=ink["muted"], linewidth=1.2)
            for height, text in axis.ticks():
                panel.text(
                    place + 0.03,
                    height,
                    plain(text, 14),
                    fontsize=9,
                    va="center",
                    zorder=6,
                    bbox={
                        "facecolor": ink["surface"],
                        "edgecolor": "none",
                        "alpha": 0.82,
                        "pad": 1.2,
                    },
                )
            panel.text(
                place,
                1.2 if staggered and place % 2 else 1.08,
                titles[place],
                ha="center",
                va="bottom",
                fontsize=9.5,
                fontweight="bold",
            )
        panel.set_xlim(-0.3, len(axes) - 0.45)
        panel.set_ylim(-0.2, 1.32 if staggered else 1.18)
        panel.axis("off")

    gaps = (
        " Lines below an axis did not use that value."
        if any(axis.has_gaps for axis in axes)
        else ""
    )
    hidden = len([s for s in scales if s.varies]) - len(varied)
    more = (
        f" The {hidden} least important of the space are left out."
        if hidden
        else ""
    )
    return Picture(
        "parallel-coordinates",
        "Parallel coordinates: all trials at once",
        "Each line is a trial and crosses each axis at its value; the last "
        "axes are the results, turned so that up is better. Strong lines are "
        "good trials, the thick one is the best. Where strong lines bundle at "
        "one height of an axis, that value seems to help; where they spread, "
        "it matters little." + gaps + more,
        f"Parallel coordinates of {len(trials.done)} trials over "
        + ", ".join(plain(axis.name) for axis in axes),
        (max(9.0, 1.3 * len(axes) + 0.6), 4.6),
        draw,
        trials.tips,
    )
