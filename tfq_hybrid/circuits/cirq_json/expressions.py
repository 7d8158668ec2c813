"""Symbolic angles: a small tree of sums, products, powers and functions.

SymPy is given numbers and SymPy objects, never a text; and it computes while
it builds, so that each node is measured before it is built.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import sympy

from tfq_hybrid.circuits.cirq_json.limits import (
    LARGEST_BASE_BITS,
    LARGEST_BITS,
    LARGEST_DEGREE,
    LARGEST_EXPRESSION,
    LARGEST_INTEGER,
    LARGEST_TERMS,
    RefusedError,
    check_size,
)

# A word, then words and numbers set off by other characters: theta, w_0,
# x[0,1], alpha_{2}, \phi-3, θ.1. Cirq may hand a name to SymPy's parser,
# where none of these calls anything or is a huge number.
_NAME = re.compile(
    r"\\?[^\W\d]\w*+(?:[,\-\[\]{}]++(?:[^\W\d]\w*+|[0-9]{1,9}(?!\w))?"
    r"|\.[0-9]{1,9}(?!\w))*+"  # possessive: the time does not explode
)
_WORD = re.compile(r"[^\W\d]\w*")
_LARGEST_NAME = 100
_LARGEST_DEPTH = 32
_ASSUMPTIONS = frozenset(
    "algebraic antihermitian complex composite even extended_negative "
    "extended_nonnegative extended_nonpositive extended_nonzero "
    "extended_positive extended_real finite hermitian imaginary infinite "
    "integer irrational negative noninteger nonnegative nonpositive nonzero "
    "odd polar positive prime rational real transcendental zero".split()
)
_CONSTANTS = {
    "sympy.pi": sympy.pi,
    "sympy.E": sympy.E,
    "sympy.EulerGamma": sympy.EulerGamma,
}
FUNCTIONS = {
    "sympy.sin": sympy.sin,
    "sympy.cos": sympy.cos,
    "sympy.exp": sympy.exp,
    "sympy.log": sympy.log,
}
# Of a function of a number: SymPy computes those of exp on and on.
_LARGEST_ARGUMENT = 700
_FIELDS = {
    "sympy.Symbol": {"name"},
    "sympy.Integer": {"i"},
    "sympy.Float": {"approx"},
    "sympy.Rational": {"p", "q"},
    "sympy.Add": {"args"},
    "sympy.Mul": {"args"},
    "sympy.Pow": {"args"},
    **{name: {"args"} for name in FUNCTIONS},
    **{name: set() for name in _CONSTANTS},
}


class Measure(NamedTuple):
    """The size of an expression, from above.

    These are nodes of the tree, the degree as a polynomial, terms once
    expanded, and the bits of numerators and denominators.
    """

    nodes: int = 1
    degree: int = 0
    terms: int = 1
    bits: int = 1


_SYMBOL = Measure(degree=1)


def is_symbol_name(name: str) -> bool:
    """Whether a symbol may have this name."""
    return len(name) <= _LARGEST_NAME and bool(_NAME.fullmatch(name))


def is_word(name: str) -> bool:
    """Whether a name is a word of letters, digits and underscores."""
    return len(name) <= _LARGEST_NAME and bool(_WORD.fullmatch(name))


def is_expression(node: Any) -> bool:
    """Whether a JSON object names an expression."""
    name = node.get("cirq_type") if isinstance(node, dict) else None
    return isinstance(name, str) and name in _FIELDS


def is_real(value: Any) -> bool:
    """Whether a JSON value is a number that an angle may be."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < LARGEST_INTEGER
    return isinstance(value, float) and math.isfinite(value)


def read_expression(node: dict) -> tuple[sympy.Expr, Measure]:
    """The expression of a JSON object for which `is_expression` holds.

    A `RefusedError` says that it has another field or kind, is too large, or is
    not a finite real number where it has no symbol.
    """
    expression, measure = _read(node)
    if expression.is_Symbol:
        return expression, measure
    if measure.nodes > 1:
        for atom in expression.atoms():
            if not atom.is_Symbol and atom not in _CONSTANTS.values():
                _check_finite(atom)
    if not expression.free_symbols:
        _check_finite(expression)
    return expression, measure


def _read(node: Any, depth: int = 0) -> tuple[Any, Measure]:
    if is_real(node):
        number = sympy.Integer if isinstance(node, int) else sympy.Float
        return number(node), _measure_number(node)
    if not is_expression(node):
        raise RefusedError(f"{_shown(node)} in an expression")
    kind = node["cirq_type"]
    if kind == "sympy.Symbol":
        return _read_symbol(node)
    keys = node.keys() - {"cirq_type"}
    if keys != _FIELDS[kind]:
        raise RefusedError(f"{kind} with the fields {_shown(sorted(keys))}")
    if kind in _CONSTANTS:
        return _CONSTANTS[kind], Measure()
    if kind in ("sympy.Add", "sympy.Mul", "sympy.Pow"):
        return _read_operation(kind, node["args"], depth + 1)
    if kind in FUNCTIONS:
        return _read_function(kind, node["args"], depth + 1)
    values = [node[key] for key in sorted(keys)]
    for value in values:
        whole = isinstance(value, int) or kind == "sympy.Float"
        if not whole or not is_real(value):
            raise RefusedError(f"{_shown(value)} in {kind}")
    if kind == "sympy.Rational":
        if not node["q"]:
            raise RefusedError("a fraction with the denominator 0")
        return sympy.Rational(*values), _measure_number(*values)
    number = sympy.Float if kind == "sympy.Float" else sympy.Integer
    return number(*values), _measure_number(*values)


def _read_symbol(node: dict) -> tuple[sympy.Symbol, Measure]:
    name, assumptions = node.get("name"), node.get("assumptions", {})
    if node.keys() - {"cirq_type", "name", "assumptions"}:
        raise RefusedError(f"sympy.Symbol with the fields {_shown([*node])}")
    if not isinstance(name, str) or not is_symbol_name(name):
        raise RefusedError(
            f"{_shown(name)} as the name of a symbol, which is a word of "
            f"letters and digits, with indices like [0] or _{{1}}, of at "
            f"most {_LARGEST_NAME} characters"
        )
    if not assumptions:
        return sympy.Symbol(name), _SYMBOL
    if not isinstance(assumptions, dict) or not all(
        key in _ASSUMPTIONS and isinstance(value, bool)
        for key, value in assumptions.items()
    ):
        raise RefusedError(f"assumptions {_shown(assumptions)} of a symbol")
    try:
        return sympy.Symbol(name, **assumptions), _SYMBOL
    except ValueError:  # InconsistentAssumptions
        raise RefusedError(f"assumptions of {name} that clash") from None


def _read_operation(kind: str, nodes: Any, depth: int) -> tuple[Any, Measure]:
    check_size("nested sums, products, powers", depth, _LARGEST_DEPTH)
    if not isinstance(nodes, list) or not nodes:
        raise RefusedError(f"{_shown(nodes)} as the arguments of {kind}")
    check_size("arguments of an expression", len(nodes), LARGEST_EXPRESSION)
    pairs = [_read(node, depth) for node in nodes]
    arguments, measures = zip(*pairs, strict=True)
    if kind == "sympy.Pow":
        measure = _measure_power(arguments, measures)
        build = sympy.Pow
    elif kind == "sympy.Add":
        build = sympy.Add
        measure = Measure(
            1 + sum(m.nodes for m in measures),
            max(m.degree for m in measures),
            sum(m.terms for m in measures),
            len(measures) + sum(m.bits for m in measures),
        )
    else:
        build = sympy.Mul
        measure = Measure(
            1 + sum(m.nodes for m in measures),
            sum(m.degree for m in measures),
            math.prod(m.terms for m in measures),
            sum(m.bits for m in measures),
        )
    check_size("nodes of an expression", measure.nodes, LARGEST_EXPRESSION)
    check_size("factors in an expression", measure.degree, LARGEST_DEGREE)
    check_size("terms of an expression", measure.terms, LARGEST_TERMS)
    check_size("bits of a number", measure.bits, LARGEST_BITS)
    return build(*arguments), measure


def _read_function(kind: str, nodes: Any, depth: int) -> tuple[Any, Measure]:
    check_size("nested functions", depth, _LARGEST_DEPTH)
    if not isinstance(nodes, list) or len(nodes) != 1:
        raise RefusedError(f"{_shown(nodes)} as the argument of {kind}")
    argument, size = _read(nodes[0], depth)
    check_size("nodes of an expression", size.nodes + 1, LARGEST_EXPRESSION)
    if not argument.free_symbols:
        value = _check_finite(argument)
        if abs(value) > _LARGEST_ARGUMENT:
            raise RefusedError(f"{kind} of a number above {_LARGEST_ARGUMENT}")
        if kind == "sympy.log" and value <= 0:
            raise RefusedError("a logarithm that is no real number")
    measure = Measure(size.nodes + 1, min(size.degree, 1), 1, size.bits)
    return FUNCTIONS[kind](argument), measure


def _measure_power(arguments: Sequence, measures: Sequence[Measure]) -> Measure:
    if len(arguments) != 2:
        raise RefusedError(f"a power of {len(arguments)} arguments")
    base, exponent = arguments
    size, exponent_size = measures
    if exponent.free_symbols:
        raise RefusedError("a power whose exponent has a symbol")
    power = _check_finite(exponent)
    check_size("as an exponent", math.ceil(abs(power)), LARGEST_DEGREE)
    check_size("bits of a base", size.bits, LARGEST_BASE_BITS)
    check_size("bits of an exponent", exponent_size.bits, LARGEST_BASE_BITS)
    if not base.free_symbols:
        value = _check_finite(base)
        if value < 0 and not exponent.is_Integer:
            raise RefusedError("a power that is no real number")
        if value == 0 and power < 0:
            raise RefusedError("a division by 0")
    times = max(1, math.ceil(abs(power)))
    return Measure(
        1 + size.nodes + exponent_size.nodes,
        size.degree * times,
        math.comb(size.terms + times - 1, times),
        size.bits * times,
    )


def _measure_number(*values: float) -> Measure:
    bits = [v.bit_length() for v in values if isinstance(v, int)]
    return Measure(bits=max(bits, default=1))


def _check_finite(expression: Any) -> float:
    """The value of an expression without symbols."""
    try:
        value = float(expression)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise RefusedError("an expression that is no finite real number")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
