"""Whether a sampler gives bits in the order in which they were measured."""

from collections.abc import Sequence

import cirq

from tfq_hybrid.errors import UserError, check_integer

PATTERN = {"b": (1, 0, 1), "a": (1, 0)}


def check_order(
    sampler: cirq.Sampler,
    qids: Sequence[cirq.Qid] | None = None,
    repetitions: int = 40,
) -> None:
    """Raises where bits, keys or shots come back in another order.

    Five qubits are prepared as 1,0,1,1,0 and measured under two keys, of which
    the later in the alphabet comes first; and one coin is measured under both,
    whose bits must be equal shot by shot. Providers differ in all three. Single
    readout errors are tolerated.

    Args:
        sampler: what is checked.
        qids: five qubits. Defaults to `None`: of a line.
        repetitions: of both circuits. Defaults to 40.

    Raises:
        UserError: the order is another one; the message says which.

    Example:

    >>> check_order(cirq.Simulator())
    """
    check_integer("repetitions", repetitions, minimum=20)
    qids = [*qids] if qids is not None else cirq.LineQubit.range(5)
    if len(qids) != 5:
        raise UserError(f"Expected five qubits. Received: {len(qids)}")
    parts = {"b": qids[:3], "a": qids[3:]}
    bits = [bit for key in parts for bit in PATTERN[key]]
    readout = cirq.Moment(cirq.measure(*own, key=k) for k, own in parts.items())
    ones = [cirq.X(q) for q, bit in zip(qids, bits, strict=True) if bit]
    coin = [cirq.H(qids[0]), *(cirq.CNOT(qids[0], q) for q in qids[1:])]
    [prepared], [coins] = sampler.run_batch(
        [cirq.Circuit(ones, readout), cirq.Circuit(coin, readout)],
        repetitions=repetitions,
    )
    for key, wanted in PATTERN.items():
        found = prepared.records.get(key)
        shape = (repetitions, 1, len(wanted))
        if found is None or found.shape != shape:
            raise UserError(
                f"Expected bits of shape {shape} under the key {key!r}. "
                f"Received: {'none' if found is None else found.shape}"
            )
        share = found[:, 0].mean(axis=0).round().astype(int)
        if tuple(share) != wanted:
            raise UserError(
                f"Expected the bits {wanted} under the key {key!r}. Received: "
                f"{tuple(map(int, share))}: the sampler orders bits or keys in "
                "another way"
            )
    equal = coins.records["b"][:, 0, 0] == coins.records["a"][:, 0, 0]
    if equal.mean() < 0.8:
        raise UserError(
            "Expected the bits of one shot in one row. Received: bits of two "
            f"keys that agree in {equal.mean():.0%} of the shots of a state "
            "where they are equal: the sampler orders the shots of each key in "
            "its own way"
        )
