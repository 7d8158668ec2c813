"""Angles of OpenQASM: numbers and SymPy expressions, to text and back.

A text is read as data: each number by `float`, each node of an expression
with symbols built by SymPy's classes, never by its parser.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import sympy

from tfq_hybrid.circuits.qasm.tokens import Tokens, fail
from tfq_hybrid.errors import UserError

CONSTANTS = {"pi": math.pi, "π": math.pi, "tau": math.tau, "euler": math.e}
_SYMBOLIC = {"pi": sympy.pi, "π": sympy.pi, "tau": 2 * sympy.pi}
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "exp": math.exp,
    "ln": math.log,
    "log": math.log,
    "sqrt": math.sqrt,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
}
_DEEPEST = 50  # parentheses within parentheses
_LARGEST = 200  # nodes of an expression with symbols


def angle_text(angle: Any, names: Mapping[str, str]) -> str:
    """An angle as an expression of OpenQASM 3.

    Args:
        angle: a number, or a SymPy expression of sums, products and powers.
        names: the identifier of each symbol, by its name.

    Raises:
        UserError: the expression holds something else.

    Example:

    >>> angle_text(2 * sympy.pi * sympy.Symbol("w"), {"w": "w_"})
    '2*pi*w_'
    """
    if not isinstance(angle, sympy.Basic) or angle.is_Number:
        number = float(angle)
        if not math.isfinite(number):
            raise UserError(f"Expected finite angles. Received: {number}")
        return repr(number)
    return _text(angle, names)


def _text(node, names):
    if node.is_Symbol:
        return names[node.name]
    if node == sympy.pi:
        return "pi"
    if node.is_Integer:
        text = str(node)
    elif node.is_Number or not node.free_symbols:
        text = repr(float(node))
    elif node.is_Add:
        return "(" + " + ".join(_text(arg, names) for arg in node.args) + ")"
    elif node.is_Mul:
        return "*".join(_text(arg, names) for arg in node.args)
    elif node.is_Pow and node.exp.is_Number:
        return f"({_text(node.base, names)} ** {_text(node.exp, names)})"
    else:
        raise UserError(
            "Expected angles of sums, products and powers of symbols. "
            f"Received: {str(node)[:200]}"
        )
    return f"({text})" if text.startswith("-") else text


def read_angle(
    tokens: Tokens, values: Mapping[str, Any], version: int
) -> float | sympy.Expr:
    """Reads an expression up to the token that ends it.

    Args:
        tokens: those that come.
        values: numbers or expressions, by the names that are known.
        version: 2 or 3: there is `^` in one and `**` in the other.

    Raises:
        UserError: it is malformed, too large, or not a finite real number.
    """
    return _Expression(tokens, values, version).sum(0)


class _Expression:
    """A recursive descent, one method for each level of precedence."""

    def __init__(self, tokens, values, version):
        self.tokens = tokens
        self.values = values
        self.power = "^" if version == 2 else "**"

    def sum(self, depth):
        if depth > _DEEPEST:
            self._fail("parentheses within parentheses", "more than 50")
        result = self.product(depth)
        while (sign := self.tokens.take("+", "-")) is not None:
            other = self.product(depth)
            if isinstance(result, sympy.Basic) or isinstance(
                other, sympy.Basic
            ):
                result, other = _symbolic(result), _symbolic(other)
            result = result + other if sign == "+" else result - other
            result = self._checked(result)
        return result

    def product(self, depth):
        result = self.signed(depth)
        while (sign := self.tokens.take("*", "/")) is not None:
            other = self.signed(depth)
            if sign == "/" and other == 0:
                self._fail("a number to divide by", "0")
            if isinstance(result, sympy.Basic) or isinstance(
                other, sympy.Basic
            ):
                result, other = _symbolic(result), _symbolic(other)
            result = result * other if sign == "*" else result / other
            result = self._checked(result)
        return result

    def signed(self, depth):
        negative = False
        while (sign := self.tokens.take("+", "-")) is not None:
            negative ^= sign == "-"
        result = self.raised(depth)
        return -result if negative else result

    def raised(self, depth):
        base = self.atom(depth)
        if self.tokens.take(self.power) is None:
            return base
        if depth >= _DEEPEST:
            self._fail("powers within powers", "more than 50")
        sign = -1 if self.tokens.take("-") else 1
        exponent = sign * self.raised(depth + 1)
        if isinstance(exponent, sympy.Basic) or abs(exponent) > 64:
            self._fail("an exponent from -64 to 64", str(exponent)[:100])
        if isinstance(base, sympy.Basic):
            return self._checked(base ** _symbolic(exponent))
        try:
            return self._checked(math.pow(base, exponent))
        except (ValueError, OverflowError):
            return self._fail("a real number", f"{base} to {exponent}")

    def atom(self, depth):
        if self.tokens.take("(") is not None:
            result = self.sum(depth + 1)
            self.tokens.expect(")")
            return result
        token = self.tokens.next("an angle")
        if token[0].isdigit() or token[0] == ".":
            return self._checked(float(token.replace("_", "")))
        if token in self.values:
            return self.values[token]
        if token in CONSTANTS:
            return CONSTANTS[token]
        if token in FUNCTIONS:
            self.tokens.expect("(")
            argument = self.sum(depth + 1)
            self.tokens.expect(")")
            if isinstance(argument, sympy.Basic):
                self._fail(f"a number in {token}()", str(argument)[:100])
            try:
                return self._checked(FUNCTIONS[token](argument))
            except (ValueError, OverflowError):
                self._fail(f"an argument that {token}() takes", argument)
        return self._fail("a number or a name that is known", repr(token))

    def _checked(self, value):
        if not isinstance(value, sympy.Basic):
            if not math.isfinite(value):
                self._fail("a finite angle", value)
            return value
        if value.has(sympy.nan, sympy.zoo, sympy.oo):
            self._fail("a finite angle", str(value)[:100])
        for count, _ in enumerate(sympy.preorder_traversal(value)):
            if count > _LARGEST:
                self._fail(
                    f"an expression of at most {_LARGEST} parts", "a larger one"
                )
        return value

    def _fail(self, expected, received):
        raise fail(expected, received, self.tokens.line)


def _symbolic(value):
    """A number for SymPy: as a multiple of pi where it is one."""
    if isinstance(value, sympy.Basic):
        return value
    if value in CONSTANTS.values():
        name = next(n for n, v in CONSTANTS.items() if v == value)
        return _SYMBOLIC.get(name, sympy.Float(value))
    if value == int(value) and abs(value) < 2**53:
        return sympy.Integer(int(value))
    return sympy.Float(value)
