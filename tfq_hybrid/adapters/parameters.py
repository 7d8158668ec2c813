"""How many parameters train."""

from tfq_hybrid.adapters.paths import body_of
from tfq_hybrid.adapters.targets import targets
from tfq_hybrid.adapters.variables import size_of


def trainable_parameters(model):
    """How many parameters train, an int."""
    return sum(size_of(v) for v in model.trainable_variables)


def print_trainable_parameters(model, report=print):
    """Says how many parameters train, of how many, and in what.

    Args:
        model: adapted or not.
        report: function of a str. Defaults to `print`.
    """
    count, total = trainable_parameters(model), model.count_params()
    report(f"{count:,} of {total:,} parameters train ({count / total:.4%}).")
    calls = {t.calls for t in targets(model)}
    if max(calls, default=1) > 1:
        report(
            f"The blocks of {body_of(model).name} share their weights: what "
            f"is in a block is one set of parameters, used {max(calls)} times."
        )
