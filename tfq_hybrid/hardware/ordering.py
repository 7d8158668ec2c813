"""Whether a sampler gives bits in the order in which they were measured."""

from collections.abc import Sequence

import cirq

from tfq_hybrid.errors import UserError, check_integer

# The first row is the calibration pattern; with the others each qubit has bits
# of its own, so that any exchange of two shows.
PATTERNS = [
    {"b": (1, 0, 1), "a": (1, 0)},
    {"b": (0, 1, 1), "a": (0, 0)},
    {"b": (0, 0, 0), "a": (1, 1)},
]


def check_order(
    sampler: cirq.Sampler,
    qids: Sequence[cirq.Qid] | None = None,
    repetitions: int = 100,
) -> None:
    """Raises where bits, keys or shots come back in another order.

    Five qubits are prepared as 1,0,1,1,0, and twice more so that no two are
    always alike, and measured under two keys, of which the later in the
    alphabet comes first; and one coin is measured on all, whose bits must be
    equal shot by shot. Providers differ in all three. Single readout errors are
    tolerated.

    Args:
        sampler: what is checked.
        qids: five qubits. Defaults to `None`: of a line.
        repetitions: of each circuit, at least 50. Defaults to 100.

    Raises:
        UserError: the order is another one; the message says which.

    Example:

    >>> check_order(cirq.Simulator())
    """
    check_integer("repetitions", repetitions, minimum=50)
    qids = [*qids] if qids is not None else cirq.LineQubit.range(5)
    if len(qids) != 5:
        raise UserError(f"Expected five qubits. Received: {len(qids)}")
    parts = {"b": qids[:3], "a": qids[3:]}
    readout = cirq.Moment(cirq.measure(*own, key=k) for k, own in parts.items())
    coin = [cirq.H(qids[0]), *(cirq.CNOT(qids[0], q) for q in qids[1:])]
    prepared = [
        [
            cirq.X(qid)
            for key, own in parts.items()
            for qid, bit in zip(own, pattern[key], strict=True)
            if bit
        ]
        for pattern in PATTERNS
    ]
    found = sampler.run_batch(
        [cirq.Circuit(gates, readout) for gates in (*prepared, coin)],
        repetitions=repetitions,
    )
    *records, coins = (_checked(one, repetitions) for [one] in found)
    for pattern, bits in zip(PATTERNS, records, strict=True):
        for key, wanted in pattern.items():
            share = bits[key].mean(axis=0).round().astype(int)
            if tuple(share) != wanted:
                raise UserError(
                    f"Expected the bits {wanted} under the key {key!r}. "
                    f"Received: {tuple(map(int, share))}: the sampler orders "
                    "bits or keys in another way"
                )
    # The pair that noise leaves nearest to equal; in shuffled shots none is.
    pairs = coins["b"][:, :, None] == coins["a"][:, None, :]
    equal = pairs.mean(axis=0).max()
    if equal < 0.7:
        raise UserError(
            "Expected the bits of one shot in one row. Received: bits of two "
            f"keys that agree in {equal:.0%} of the shots of a state where "
            "they are equal: the sampler orders the shots of each key in its "
            "own way"
        )


def _checked(result, repetitions):
    """Bits (repetitions, qubits) by key."""
    for key, bits in PATTERNS[0].items():
        found = result.records.get(key)
        shape = (repetitions, 1, len(bits))
        if found is None or found.shape != shape:
            raise UserError(
                f"Expected bits of shape {shape} under the key {key!r}. "
                f"Received: {'none' if found is None else found.shape}"
            )
    return {key: result.records[key][:, 0] for key in PATTERNS[0]}
