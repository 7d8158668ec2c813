"""`Plan`: what the passes transform and the batched engine runs.

A plan has a register of qubits, the product state that its leading one-qubit
gates prepare, steps, and a readout. `Values` holds the symbols' values during
one call.
"""

import copy
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.blocks import BlockStep
from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.layout import State
from tfq_hybrid.engines.batched.matrices import block_matrices
from tfq_hybrid.engines.batched.prefix import first_state
from tfq_hybrid.engines.batched.readout import AnyReadout
from tfq_hybrid.engines.batched.steps import GateStep
from tfq_hybrid.engines.register import Register


class Values:
    """The values of features (batch, features) and of weights (weights,).

    The symbols are anything with the tuples of names `features` and `weights`;
    the seed, an int tensor of shape (2,), is for what is drawn.
    """

    def __init__(self, symbols, features, weights, seed=None, matrices=None):
        self.features = features
        self.weights = weights
        self.batch = tf.shape(features)[0]
        self.dtype = features.dtype
        self._symbols = symbols
        self._seed = seed
        self._matrices = matrices or {}
        columns = tf.unstack(features, num=len(symbols.features), axis=1)
        self._columns = dict(zip(symbols.features, columns, strict=True))
        self._places = {name: i for i, name in enumerate(symbols.weights)}

    def at(self, features: tf.Tensor, weights: tf.Tensor) -> "Values":
        """The same symbols with other values."""
        return Values(
            self._symbols, features, weights, self._seed, self._matrices
        )

    def with_matrices(self, matrices: Mapping[Any, tf.Tensor]) -> "Values":
        """The same values, with the matrices of blocks."""
        values = copy.copy(self)
        values._matrices = matrices
        return values

    def matrix(self, step: BlockStep) -> tf.Tensor:
        """The matrix (d, d) of a block."""
        return self._matrices[step]

    def is_feature(self, symbol: str | None) -> bool:
        """Whether a symbol has a value for each example."""
        return symbol in self._columns

    def uniform(self, place: int) -> tf.Tensor:
        """Numbers drawn evenly from 0 to 1, of shape (batch,)."""
        seed = tf.random.experimental.stateless_fold_in(self._seed, place)
        return tf.random.stateless_uniform([self.batch], seed, dtype=self.dtype)

    def of(self, symbol: str | None) -> tf.Tensor | None:
        """A tensor (batch,), or (1,) for a weight; `None` for no symbol."""
        if symbol in self._places:
            place = self._places[symbol]
            return self.weights[place : place + 1]
        return None if symbol is None else self._columns[symbol]

    def stacked(self, symbols: Sequence[str | None]) -> tf.Tensor:
        """Values of several symbols: (symbols, batch), or (symbols, 1)."""
        if all(symbol in self._places for symbol in symbols):
            return self.linear([{symbol: 1.0} for symbol in symbols])[:, None]
        columns = [self.of(symbol) for symbol in symbols]
        if any(symbol in self._places for symbol in symbols):
            columns = [tf.broadcast_to(x, [self.batch]) for x in columns]
        return tf.stack(columns)

    def linear(self, rates: Sequence[Mapping[Any, float]]) -> tf.Tensor:
        """Linear combinations of the weights, each a dict of factors: (rates,).

        A product with a constant matrix: its gradient is another one, while
        the gradient of a gather would be a scatter.
        """
        mixing = np.zeros((len(rates), len(self._places)))
        for row, factors in enumerate(rates):
            for symbol, factor in factors.items():
                mixing[row, self._places[symbol]] += factor
        return tf.linalg.matvec(tf.constant(mixing, self.dtype), self.weights)


@dataclasses.dataclass(frozen=True)
class Plan:
    """A way to run a program.

    The prefix has a tuple of one-qubit gates for each qubit, which act before
    all steps, from the zero state.
    """

    register: Register
    features: frozenset[str]
    weights: frozenset[str]
    prefix: tuple[tuple[TrigGate, ...], ...]
    steps: tuple
    readout: AnyReadout

    @property
    def gates(self) -> list[TrigGate]:
        """The gates of a plan whose steps are still single gates."""
        return [step.gate for step in self.steps]

    def with_gates(self, gates: Sequence[TrigGate], **changes: Any) -> "Plan":
        """The plan with single gates as steps."""
        steps = tuple(GateStep(gate, self.register) for gate in gates)
        return dataclasses.replace(self, steps=steps, **changes)

    def with_steps(self, steps: Iterable[Any]) -> "Plan":
        """The plan with other steps."""
        return dataclasses.replace(self, steps=tuple(steps))


def first_plan(program, gates, register, readout):
    """The plan that no pass has touched: one step a gate."""
    empty = Plan(
        register,
        frozenset(program.features),
        frozenset(program.weights),
        prefix=((),) * register.qubits,
        steps=(),
        readout=readout,
    )
    return empty.with_gates(gates)


def plan_matrices(plan: Plan, values: Values) -> dict[BlockStep, tf.Tensor]:
    """The matrices of all blocks of a plan."""
    blocks = [step for step in plan.steps if isinstance(step, BlockStep)]
    return block_matrices(blocks, values)


def run_plan(
    plan: Plan, values: Values, states: tf.Tensor | None = None
) -> State:
    """The state after all steps of a plan.

    It starts from states (P, N, batch), for a plan without a prefix, or from
    all zeros.
    """
    planes = first_state(plan, values) if states is None else states
    state = State.of_planes(planes, plan.register)
    values = values.with_matrices(plan_matrices(plan, values))
    for step in plan.steps:
        state = step.apply(state, values)
    return state
