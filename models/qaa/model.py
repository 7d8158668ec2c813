"""QAA (arXiv 2509.16244): a frozen GPT with circuit adapters after its blocks.

The paper adapts GPT-Neo-125M, whose weights the option `base` takes. A base
from random weights is a GPT-2 of the same size (12 layers, 768 wide): it
attends to all of the text in every layer, GPT-Neo in every second one; shapes
and counts of adapters are the same.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras_hub

from tfq_hybrid.adapters import (
    BottleneckAdapter,
    FullFineTuning,
    LoRA,
    Method,
    PrefixTuning,
    SoRA,
    adapt,
)
from tfq_hybrid.errors import check_choice
from tfq_hybrid.models.qaa.system import (
    PLACES,
    QAA_BASELINES,
    SIZES,
    QAAOptions,
)

if TYPE_CHECKING:
    import keras

# Sets of matrices of which a low-rank baseline takes the one of the nearest
# size: two matrices, as in the papers, or one, which makes the steps finer.
_MATRICES = (("query", "value"), ("query",))


def qaa_base(
    size: str = "125m", vocabulary_size: int = 50257, **changes: Any
) -> keras_hub.models.GPT2Backbone:
    """The GPT-2 that QAA adapts, from random weights.

    Pretrained weights come from `GPT2Backbone.from_preset`.

    Args:
        size: `"tiny"`, `"10m"` or `"125m"`. Defaults to `"125m"`.
        vocabulary_size: tokens in it. Defaults to 50257, that of GPT-2.
        **changes: arguments of `keras_hub.models.GPT2Backbone`.

    Raises:
        UserError: the size is not known.
    """
    check_choice("size", size, SIZES)
    arguments = {"vocabulary_size": vocabulary_size, **SIZES[size]}
    arguments["intermediate_dim"] = 4 * arguments["hidden_dim"]
    return keras_hub.models.GPT2Backbone(**{**arguments, **changes})


def apply_qaa(
    model: "keras.Model",
    options: QAAOptions | None = None,
    baseline: str | None = None,
    report: Callable[[str], object] = print,
) -> "keras.Model":
    """Adapts a causal language model by QAA, or by a classical baseline.

    Args:
        model: a keras-hub backbone or task, changed in place.
        options: of QAA. Defaults to `None`: the defaults.
        baseline: a name in `QAA_BASELINES`. Defaults to `None`: QAA itself.
        report: is told what size of baseline was reached. Defaults to
            `print`.

    Returns:
        The model, adapted.

    Raises:
        UserError: an argument is out of its range, or the model cannot be
            adapted.
    """
    options = options or QAAOptions()
    if baseline is None:
        return adapt(model, options.method)
    return adapt(model, qaa_baseline(model, options, baseline, report))


def qaa_baseline(
    model: "keras.Model",
    options: QAAOptions,
    baseline: str,
    report: Callable[[str], object] = print,
) -> Method:
    """The classical method with the parameter count nearest to QAA's.

    The bottleneck adapters sit where the circuits would. LoRA and SoRA take
    query and value, or query alone where that comes nearer; the prefix is as
    long as it must be. `"full"` trains all there is.

    Args:
        model: the base that both are for.
        options: of QAA.
        baseline: a name in `QAA_BASELINES`.
        report: is told what was reached. Defaults to `print`.

    Raises:
        UserError: there is no such baseline.
    """
    check_choice("baseline", baseline, QAA_BASELINES)
    if baseline == "full":
        return FullFineTuning()
    count = options.method.parameters(model)
    candidates: dict[str, Sequence[Method]] = {
        "lora": [LoRA(targets=names) for names in _MATRICES],
        "sora": [SoRA(targets=names) for names in _MATRICES],
        "bottleneck": [BottleneckAdapter(targets=PLACES[options.place])],
        "prefix": [PrefixTuning()],
    }
    said: list[str] = []
    sized = [
        x.for_parameters(model, count, said.append)
        for x in candidates[baseline]
    ]
    misses = [abs(x.parameters(model) - count) for x in sized]
    best = misses.index(min(misses))
    report(said[best])
    return sized[best]
