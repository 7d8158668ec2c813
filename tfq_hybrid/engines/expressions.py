"""Angles that are any smooth expression of symbols, computed before an engine.

Engines know symbols times numbers plus a number. Whatever else stands in a gate
gets a symbol of its own, whose value TensorFlow computes, with its derivatives.
"""

import dataclasses
import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import cirq
import sympy
import tensorflow as tf

from tfq_hybrid.engines.program import Engine, Program
from tfq_hybrid.errors import UserError

FUNCTIONS: dict[Any, Callable[[tf.Tensor], tf.Tensor]] = {
    sympy.sin: tf.sin,
    sympy.cos: tf.cos,
    sympy.exp: tf.exp,
    sympy.log: tf.math.log,
}


@dataclasses.dataclass(frozen=True)
class Expressions:
    """Where the inputs of a program without expressions come from.

    Attributes:
        source: the program with expressions.
        features: an expression for each feature of the other one.
        weights: likewise.
        symbols: the names of the features and then of the weights.
    """

    source: Program
    features: tuple[sympy.Expr, ...]
    weights: tuple[sympy.Expr, ...]
    symbols: tuple[str, ...]

    def values(
        self, features: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Features (batch, …) and weights (…,) of the program that runs."""
        rows = dict(
            zip(self.source.features, tf.unstack(features, axis=1), strict=True)
        )
        shared = dict(
            zip(self.source.weights, tf.unstack(weights), strict=True)
        )
        blank = tf.zeros_like(features[:, 0]) if rows else features[:, :0]
        own = [
            _value(one, {**shared, **rows}, features.dtype) + blank
            for one in self.features
        ]
        own_weights = [
            _value(one, shared, weights.dtype) for one in self.weights
        ]
        return (
            tf.stack(own, axis=1) if own else features[:, :0],
            tf.stack(own_weights) if own_weights else weights[:0],
        )

    def with_slopes(
        self, features: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The values of all symbols, and their derivatives by the weights.

        Returns:
            Values of shape (batch, symbols): the features, then the weights,
            of the program that runs. And for each symbol that a weight is in
            a tensor of shape (batch, weights).
        """
        batch = tf.shape(features)[0]
        rows = tf.tile(weights[tf.newaxis], [batch, 1])
        names = self.source.weights
        trained = {*map(sympy.Symbol, names)}
        columns, slopes = [], {}
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(rows)
            given = dict(
                zip(
                    (*self.source.features, *names),
                    tf.unstack(tf.concat([features, rows], axis=1), axis=1),
                    strict=True,
                )
            )
            for one in (*self.features, *self.weights):
                value = _value(one, given, features.dtype)
                columns.append(value + tf.zeros_like(rows[:, 0]))
        for name, one, column in zip(
            self.symbols, (*self.features, *self.weights), columns, strict=True
        ):
            if one.free_symbols & trained:
                slopes[name] = tape.gradient(column, rows)
        return tf.stack(columns, axis=1), slopes


class ExpressionEngine:
    """An engine behind the expressions of its program.

    Args:
        engine: runs the program without expressions.
        expressions: what its inputs are.
    """

    def __init__(self, engine: Engine, expressions: Expressions):
        self.name = getattr(engine, "name", "batched")
        self.program = expressions.source
        self.inner = engine
        self._expressions = expressions

    def __call__(
        self,
        features: tf.Tensor,
        weights: tf.Tensor,
        states: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
        **data: tf.Tensor,
    ) -> tf.Tensor:
        """Expectations for a batch, as of the engine behind it."""
        own = self._expressions.values(features, weights)
        if states is not None:  # no engine of data circuits takes any
            data["states"] = states
        return self.inner(*own, seed=seed, **data)


def without_expressions(
    program: Program, scaled_only: bool = False
) -> tuple[Program, Expressions | None]:
    """A program of symbols times numbers, and where these come from.

    `None` stands for a program that is one already.

    Args:
        program: with or without expressions.
        scaled_only: whether nothing may be added to a symbol. Defaults to
            `False`.

    Raises:
        UserError: an angle has a function that is not known.

    Example:

    >>> w, x = sympy.symbols("w x")
    >>> circuit = cirq.Circuit(cirq.X(cirq.LineQubit(0)) ** (w * x))
    >>> program = Program(circuit, (cirq.Z(cirq.LineQubit(0)),), ("x",), ("w",))
    >>> plain, expressions = without_expressions(program)
    >>> plain.features, expressions.features
    (('expression/0',), (w*x,))
    """
    replacing = _Replacing(_is_scaled if scaled_only else _is_linear)
    circuit = cirq.resolve_parameters_once(program.circuit, replacing)
    if not replacing.found:
        return program, None
    features = [sympy.Symbol(name) for name in program.features]
    names = cirq.parameter_names(circuit)
    given: dict[bool, dict[str, sympy.Expr]] = {True: {}, False: {}}
    for symbol in features:
        if str(symbol) in names:
            given[True][str(symbol)] = symbol
    for name in program.weights:
        if name in names:
            given[False][name] = sympy.Symbol(name)
    for expression, symbol in replacing.found.items():
        is_feature = bool(expression.free_symbols & {*features})
        given[is_feature][str(symbol)] = expression
    plain = dataclasses.replace(
        program,
        circuit=circuit,
        features=tuple(given[True]),
        weights=tuple(given[False]),
    )
    expressions = Expressions(
        program,
        tuple(given[True].values()),
        tuple(given[False].values()),
        (*given[True], *given[False]),
    )
    return plain, expressions


class _Replacing(cirq.ParamResolver):
    """Gives every expression that is not plain a symbol."""

    def __init__(self, given: Any) -> None:
        if given is self:  # Cirq calls it again on what it is given
            return
        super().__init__({"": 0})  # an empty one does nothing
        self._is_plain = given
        self.found: dict[sympy.Expr, sympy.Symbol] = {}

    def value_of(self, value: Any, recursive: bool = True) -> Any:
        if not isinstance(value, sympy.Expr) or self._is_plain(value):
            return value
        _check(value)
        name = f"expression/{len(self.found)}"
        return self.found.setdefault(value, sympy.Symbol(name))


@functools.lru_cache(maxsize=4096)
def _is_linear(expression):
    symbols = expression.free_symbols
    if expression.is_Symbol or not symbols:
        return True
    expanded = sympy.expand(expression)
    slopes = [sympy.diff(expanded, symbol) for symbol in symbols]
    return all(not slope.free_symbols for slope in slopes)


def _is_scaled(expression):
    symbols = expression.free_symbols
    if len(symbols) > 1 or not _is_linear(expression):
        return False
    return expression.subs(dict.fromkeys(symbols, 0)) == 0 or not symbols


def _check(expression):
    """Raises where a part of it has no function here."""
    for part in sympy.preorder_traversal(expression):
        if part.is_Atom or part.is_Add or part.is_Mul:
            continue
        if part.func in FUNCTIONS:
            continue
        if part.is_Pow and not part.exp.free_symbols:
            continue
        names = ", ".join(kind.__name__ for kind in FUNCTIONS)
        raise UserError(
            "Expected angles of sums, products, powers by numbers, and the "
            f"functions {names}. Received: {part} in {expression}"
        )


def _value(expression: Any, values: dict[str, tf.Tensor], dtype: Any) -> Any:
    """The tensor of an expression."""
    if expression.is_Symbol:
        return values[str(expression)]
    if not expression.free_symbols:
        number = float(expression)
        if not math.isfinite(number):
            raise UserError(f"Expected finite angles. Received: {expression}")
        return tf.constant(number, dtype)
    parts: Sequence[Any] = expression.args
    if expression.is_Add or expression.is_Mul:
        tensors = (_value(part, values, dtype) for part in parts)
        combine = operator.add if expression.is_Add else operator.mul
        return functools.reduce(combine, tensors)
    if expression.func in FUNCTIONS:
        return FUNCTIONS[expression.func](_value(parts[0], values, dtype))
    base = _value(parts[0], values, dtype)
    exponent = float(parts[1])
    if exponent.is_integer() and 0 < exponent <= 8:
        # `pow` has no derivative at 0, where a product has.
        return functools.reduce(operator.mul, [base] * int(exponent))
    return tf.pow(base, tf.constant(exponent, dtype))
