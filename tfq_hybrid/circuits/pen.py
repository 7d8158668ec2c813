"""The marks of a drawn circuit: wires, gates, words."""

import re
from collections.abc import Sequence
from typing import Any

import cirq

# Fill and edge of a gate whose angle is fed, is trained, or that has none.
COLOURS = {
    "fed": ("#dbe9f6", "#2b6ca3"),
    "trained": ("#fde3c8", "#b85c00"),
    "fixed": ("#ececec", "#555555"),
}


class Pen:
    """Draws on axes whose unit is one column by one wire."""

    def __init__(self, axes: Any, trained: set[str]):
        self._axes = axes
        self._trained = trained
        self._roles: set[str] = set()

    def wire(self, y, end, name, goes_on, goes_further):
        start = -0.75
        self._line([start, end - 0.25], [y, y], "#888888", zorder=1)
        self._text(start - 0.15, y, name, ha="right", size=10)
        for x, is_cut in ((start, goes_on), (end - 0.05, goes_further)):
            if is_cut:
                self._text(x + 0.05, y, "…", size=9, background="white")

    def label(self, x: float, y: float, text: str) -> None:
        self._text(x - 0.15, y, text, ha="left", size=10)

    def gate(
        self, x: float, rows: Sequence[float], operation: cirq.Operation
    ) -> None:
        role = self._role(operation)
        self._roles.add(role)
        fill, edge = COLOURS[role]
        symbols, exponent = _symbols(operation)
        if len(rows) > 1:
            self._line([x, x], [min(rows), max(rows)], edge, zorder=2)
        for place, (symbol, y) in enumerate(zip(symbols, rows, strict=True)):
            if symbol == "@":
                self._disc(x, y, 0.09, edge, edge)
            elif symbol == "X" and "@" in symbols and exponent == 1:
                self._disc(x, y, 0.2, "white", edge)
                self._line([x - 0.2, x + 0.2], [y, y], edge, zorder=4)
                self._line([x, x], [y - 0.2, y + 0.2], edge, zorder=4)
            elif symbol in ("×", "swap"):
                self._text(x, y, "×", size=16, color=edge)
            else:
                head, argument = _head_and_argument(symbol, exponent)
                if place and symbol == symbols[0]:
                    argument = ""  # once is enough
                self._box(x, y, head, argument, fill, edge)

    def _role(self, operation: cirq.Operation) -> str:
        names = cirq.parameter_names(operation)
        if not names:
            return "fixed"
        return "trained" if names & self._trained else "fed"

    def _box(self, x, y, head, argument, fill, edge):
        from matplotlib.patches import FancyBboxPatch

        box = FancyBboxPatch(
            (x - 0.34, y - 0.34),
            0.68,
            0.68,
            boxstyle="round,pad=0.02,rounding_size=0.08",
            facecolor=fill,
            edgecolor=edge,
            linewidth=1,
            zorder=3,
        )
        self._axes.add_patch(box)
        if not argument:
            size = 10 if len(head) < 3 else max(5, min(8.5, 46 / len(head)))
            self._text(x, y, head, size=size, color=edge)
            return
        length = len(re.sub(r"[$_{}]", "", argument))
        size = 8.5 if length < 5 else max(4.5, 38 / length)
        self._text(x, y - 0.13, head, size=8.5, color=edge)
        self._text(x, y + 0.15, argument, size=size, color="#222222")

    def legend(
        self, x: float, y: float, title: str, notes: Sequence[str]
    ) -> None:
        if title:
            self._text(x, -1.15, title, ha="left", size=10, weight="bold")
        words = {"fed": "fed", "trained": "trained", "fixed": "fixed"}
        for role in ("fed", "trained", "fixed"):
            if role in self._roles:
                fill, edge = COLOURS[role]
                self._disc(x + 0.1, y, 0.13, fill, edge)
                self._text(x + 0.35, y, words[role], ha="left", size=9)
                x += 1.75
        if notes:
            self._text(x + 0.1, y, "; ".join(notes), ha="left", size=9)

    def _disc(self, x, y, radius, fill, edge):
        from matplotlib.patches import Circle

        self._axes.add_patch(
            Circle((x, y), radius, facecolor=fill, edgecolor=edge, zorder=3)
        )

    def _line(self, x, y, colour, zorder):
        self._axes.plot(x, y, color=colour, linewidth=1, zorder=zorder)

    def _text(self, x, y, text, size, ha="center", color="#222222", **options):
        background = options.pop("background", None)
        if background:
            options["bbox"] = {"facecolor": background, "edgecolor": "none"}
            options["bbox"]["pad"] = 1
        self._axes.text(
            x,
            y,
            text,
            ha=ha,
            va="center_baseline",
            fontsize=size,
            color=color,
            zorder=5,
            **options,
        )


def symbol_text(name: str) -> str:
    """A symbol's name for matplotlib: `w_07` as w with the index 7.

    >>> symbol_text("w_07"), symbol_text("alpha_beta")
    ('$w_{7}$', 'alpha_beta')
    """
    if name == "pi":
        return "π"
    match = re.fullmatch(r"([A-Za-z])_?(\d+)", name)
    return f"${match[1]}_{{{int(match[2])}}}$" if match else name


def _symbols(operation: cirq.Operation) -> tuple[list[str], Any]:
    """Cirq's words for an operation, one for each wire, and the exponent."""
    info = cirq.circuit_diagram_info(operation, default=None)
    count = len(operation.qubits)
    if info is None or len(info.wire_symbols) != count:
        name = str(operation.gate or operation)
        return [name[:10]] * count, 1
    return list(info.wire_symbols), info.exponent


def _head_and_argument(symbol: str, exponent: Any) -> tuple[str, str]:
    """`Ry(w_0)` as `Ry` and the symbol; `Z` with an exponent as both."""
    match = re.fullmatch(r"([^()]+)\((.+)\)", symbol)
    head, argument = (match[1], match[2]) if match else (symbol, "")
    if exponent != 1:
        power = f"{exponent:.3g}" if isinstance(exponent, float) else exponent
        argument += f"^{power}"
    parts = re.split(r"([A-Za-z_]\w*)", argument)
    words = [
        symbol_text(part) if re.match(r"[A-Za-z_]", part) else part
        for part in parts
    ]
    return head, "".join(words).replace("*", "")
