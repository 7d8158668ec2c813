"""Under which conditions a dimension is searched, beside the others."""

from tfq_hybrid.errors import UserError
from tfq_hybrid.tuning.catalogue import CATALOGUE, MANY_QUBITS
from tfq_hybrid.tuning.configured import circuit_of, flat
from tfq_hybrid.tuning.dimensions import Condition


def conditioned(config, chosen, given):
    """The dimensions in order, under the conditions that they need.

    Args:
        config: `TrainConfig`, whose values hold for what is not searched.
        chosen: dict of a name and its `Choice` or `Range`.
        given: names that the user asked for, which are not left out
            silently.

    Yields:
        `Choice` and `Range`, parents before those that they decide on.

    Raises:
        UserError: what the user asked for could never be searched.
    """
    order = [dimension.name for dimension in CATALOGUE]
    names = [name for name in order if name in chosen]
    names += [name for name in chosen if name not in order]
    conditions = {d.name: d.condition for d in CATALOGUE}
    base = {**flat(config), **(circuit_of(config) or {})}
    for name in names:
        dimension = chosen[name]
        condition = conditions.get(name)
        if name == "entanglement":
            yield from _entanglement(dimension, chosen.get("qubits"), base)
            continue
        if condition is None or condition.name not in chosen:
            # Without the parent the config's own value decides.
            fits = condition is None or condition.holds(
                base.get(condition.name)
            )
            if fits:
                yield dimension
            elif name in given:
                raise UserError(
                    f"Expected {condition.name} to be {condition} where "
                    f"{name} is searched. Received: {condition.name}="
                    f"{base.get(condition.name)!r}"
                )
            continue
        parent = chosen[condition.name]
        shared = [v for v in parent.values if condition.holds(v)]
        if len(shared) == len(parent.values):
            yield dimension
        elif shared:
            limits = Condition(condition.name, tuple(shared))
            yield _under(dimension, limits)
        elif name in given:
            raise UserError(
                f"Expected a {condition.name} that is {condition}, which "
                f"{name} needs. Received: {condition.name}="
                f"{','.join(map(str, parent.values))}"
            )


def _under(dimension, condition):
    return type(dimension)(**{**vars(dimension), "condition": condition})


def _entanglement(dimension, qubits, base):
    """Patterns that need a third qubit only where there is one."""
    counts = qubits.values if qubits else (base.get("qubits", 3),)
    few = tuple(count for count in counts if count <= 2)
    simple = tuple(v for v in dimension.values if v not in MANY_QUBITS)
    if not few or len(simple) == len(dimension.values):
        yield dimension
        return
    if not simple:
        # The user asks for such patterns alone: take them as they are.
        yield dimension
        return
    if not qubits or len(few) == len(counts):
        yield _values(dimension, simple)
        return
    many = tuple(count for count in counts if count > 2)
    for pattern, values in ((simple, few), (dimension.values, many)):
        limited = _values(dimension, pattern)
        yield _under(limited, Condition("qubits", values))


def _values(dimension, values):
    return type(dimension)(**{**vars(dimension), "values": tuple(values)})
