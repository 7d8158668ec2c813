"""What replacing matrices saves: parameters and operations."""

import math
from typing import TYPE_CHECKING

import keras

from tfq_hybrid.adapters import named_layers

if TYPE_CHECKING:
    from tfq_hybrid.models.hyqut.model import HyQuTBackbone

# HyQuT's published reductions, as shares; the paper's text says for which
# model, not for which matrix nor for which layer sizes.
PUBLISHED = {
    "8m": {"parameters": -0.133, "flops": -0.135},
    "150m": {"parameters": -0.107, "flops": -0.107},
}


def reduction(
    backbone: "HyQuTBackbone", length: int
) -> dict[str, dict[str, float]]:
    """Parameters and operations of a HyQuT beside those of its dense baseline.

    Counted are the weights of the model as it is; of its dense baseline each
    replaced layer counts as the matrix that it stands for.

    An operation is a multiplication or an addition, for one token of a text
    of `length` tokens, forward: 2 for each weight of a matrix, 4 d for each
    token that attention looks at, and the logits. A circuit itself counts
    nothing, as for the paper's hardware; simulating it takes more.

    Args:
        backbone: quantum or one of its baselines.
        length: in tokens.

    Returns:
        `parameters` and `flops`, each with `model`, `dense` and `change`, the
        share by which the first differs from the second.

    Example:

    >>> from tfq_hybrid.models import HyQuTBackbone
    >>> model = HyQuTBackbone(
    ...     50, 1, 2, 64, 64, num_key_value_heads=2, circuit="hyqut_ring"
    ... )
    >>> found = reduction(model, length=16)["parameters"]
    >>> found["dense"] - found["model"]  # 64 x 64 to 64 -> 20 -> 10 -> 64
    2052
    """
    taken = [math.prod(sizes) for sizes in backbone.replaced_sizes]
    kept = sum(layer.count_params() for layer in backbone.replaced)
    parameters = backbone.count_params()
    weights = _matrix_weights(backbone)
    inside = sum(map(_matrix_weights, backbone.replaced))
    width = backbone.hidden_dim
    flops = 2 * weights + 4 * length * width * backbone.num_layers
    flops += 2 * backbone.vocabulary_size * width
    return {
        "parameters": _compare(parameters, parameters - kept + sum(taken)),
        "flops": _compare(flops, flops + 2 * (sum(taken) - inside)),
    }


def _matrix_weights(layer):
    """The weights of the matrices of a layer and of those inside it."""
    kinds = (keras.layers.Dense, keras.layers.EinsumDense)
    layers = [layer, *(inner for _, inner in named_layers(layer))]
    kernels = [one.kernel for one in layers if isinstance(one, kinds)]
    # A Dense layer that was replaced has none any more.
    return sum(math.prod(k.shape) for k in kernels if k is not None)


def _compare(model: float, dense: float) -> dict[str, float]:
    return {"model": model, "dense": dense, "change": model / dense - 1}
