"""Running a plan: the first state, and the steps after it."""

import tensorflow as tf

from tfq_hybrid.engines.superoperators import ZERO_STATE
from tfq_hybrid.engines.tensors import apply_gate, product_state


def run_plan(plan, values, states=None):
    """The state after all steps of a plan.

    Args:
        plan: `Plan`.
        values: `Values`.
        states: tensor of shape (P, N, batch) to start from, for a plan
            without a prefix. Defaults to `None`: all zeros.

    Returns:
        A tensor of shape (P', N, batch).
    """
    state = first_state(plan, values) if states is None else states
    for step in plan.steps:
        state = step.apply(state, values)
    return state


def first_state(plan, values):
    """The product state after the prefix, of shape (P, N, batch).

    Qubits with the same gates, but for their symbols, are computed together.
    """
    zero = (1.0, 0.0) if plan.register.radix == 2 else ZERO_STATE
    vectors = [None] * plan.register.qubits
    alike = {}
    for qubit, run in enumerate(plan.prefix):
        key = tuple((g.signature(), g.symbol is None) for g in run)
        alike.setdefault(key, []).append(qubit)
    for members in alike.values():
        ones = tf.ones([len(members), values.batch], values.dtype)
        # `None` stands for zeros, which no gate then need multiply.
        rows = [(ones if x else None, None) for x in zero]
        for place, gate in enumerate(plan.prefix[members[0]]):
            value = None
            if gate.symbol is not None:
                symbols = [plan.prefix[q][place].symbol for q in members]
                value = values.stacked(symbols)
            rows = apply_gate(rows, gate, value)
        parts = list(zip(*rows, strict=True))
        if all(part is None for part in parts[1]):
            parts.pop()
        zeros = tf.zeros_like(ones)
        stacked = tf.stack(  # (P, radix, members, batch)
            [[zeros if x is None else x for x in part] for part in parts]
        )
        per_qubit = tf.unstack(stacked, num=len(members), axis=2)
        for qubit, vector in zip(members, per_qubit, strict=True):
            vectors[qubit] = vector
    return product_state(vectors)
