"""HyQuT (arXiv 2511.10653): a decoder with circuits in place of matrices."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import keras_hub

from tfq_hybrid.adapters import targets as targets_of
from tfq_hybrid.adapters.compiling import compile_from_config
from tfq_hybrid.adapters.patterns import as_layers
from tfq_hybrid.adapters.slots import BuiltWithSlots, inside
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.engines.gradients import as_gradient_method
from tfq_hybrid.errors import check_choice, check_integer
from tfq_hybrid.layers import BottleneckDense, QuantumDense
from tfq_hybrid.models.hyqut.system import FAMILY, as_targets
from tfq_hybrid.models.hyqut.tokenizer import (
    HyQuTCausalLMPreprocessor,
    HyQuTTokenizer,
)

if TYPE_CHECKING:
    from tfq_hybrid.adapters import Target
    from tfq_hybrid.engines.gradients import GradientMethod

KINDS = ("quantum", "dense", "bottleneck")


@keras.saving.register_keras_serializable("tfq_hybrid")
class HyQuTBackbone(BuiltWithSlots, keras_hub.models.LlamaBackbone):
    """A Llama decoder with circuits in place of some of its matrices.

    In every chosen layer each chosen matrix, a linear map from d to m,
    becomes Linear d -> features, circuit, Linear observables -> m: with the
    paper's circuit of 10 qubits, d -> 20 -> 10 -> m. All tokens of a batch
    are one batch of the circuit.

    The same constructor makes the two classical baselines: `"dense"`, Llama's
    own matrices, and `"bottleneck"`, a classical network of nearly the
    circuit's size.

    Args:
        vocabulary_size, num_layers, num_query_heads, hidden_dim: as for
            `keras_hub.models.LlamaBackbone`.
        intermediate_dim, num_key_value_heads, dropout: as for it.
        tie_word_embeddings: as for it, but defaults to `True`.
        kind: `"quantum"`, `"dense"` or `"bottleneck"`. Defaults to
            `"quantum"`.
        targets: word or words: names in `MATRICES`, `"all-attention"` or
            `"all-ffn"`. The paper found `"query"` and `"gate"` stable, and
            that all attention or all feed-forward matrices fail to train.
            Defaults to `"query"`.
        layers: an int, range, list of int or a text such as `"0,2-3"`: the
            layers with replaced matrices. Defaults to `None`: all.
        circuit: what `as_circuit` accepts; the `"bottleneck"` baseline takes
            its widths from it. Defaults to `"hyqut_ring"`.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        differentiator: of the circuits: a `GradientMethod`, its name or its
            dict. The paper takes `"central_difference"`. Defaults to `None`:
            exact.
        **kwargs: as for `LlamaBackbone`.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> import numpy as np
    >>> model = HyQuTBackbone(
    ...     vocabulary_size=50, num_layers=1, num_query_heads=2,
    ...     hidden_dim=8, intermediate_dim=12, num_key_value_heads=2,
    ... )
    >>> ids = np.ones((1, 5), "int32")
    >>> model({"token_ids": ids, "padding_mask": ids}).shape
    TensorShape([1, 5, 8])
    >>> model.replaced[0].count_params() == (8 * 20 + 20) + 40 + (10 * 8 + 8)
    True
    """

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_query_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
        num_key_value_heads: int,
        tie_word_embeddings: bool = True,
        kind: str = "quantum",
        targets: str | Sequence[str] = "query",
        layers: int | str | Iterable[int] | None = None,
        circuit: object = "hyqut_ring",
        engine: str = "auto",
        differentiator: "GradientMethod | str | dict | None" = None,
        **kwargs: Any,
    ):
        check_choice("kind", kind, KINDS)
        circuit = as_circuit(circuit)
        method = None
        if differentiator is not None:
            method = as_gradient_method(differentiator)
        targets = as_targets(targets)
        layers = as_layers(layers)
        for index in layers or ():
            check_integer("layers", index, -num_layers, num_layers - 1)

        # === Layers and functional model ===
        super().__init__(
            vocabulary_size=vocabulary_size,
            num_layers=num_layers,
            num_query_heads=num_query_heads,
            hidden_dim=hidden_dim,
            intermediate_dim=intermediate_dim,
            num_key_value_heads=num_key_value_heads,
            tie_word_embeddings=tie_word_embeddings,
            **kwargs,
        )

        # === Config ===
        self.kind = kind
        self.targets = targets
        self.chosen_layers = layers
        self.circuit = circuit
        self.engine = engine
        self.differentiator = method
        if kind != "dense":
            places = ((t, self._layer(t)) for t in self._chosen())
            self.replace(places)

    def matrices(self, roles: Sequence[str]) -> "list[Target]":
        """The decoder layers' matrices, layer by layer.

        Args:
            roles: names in `MATRICES`: which, in their order.
        """
        found = {(t.block, t.role): t for t in targets_of(self, FAMILY)}
        layers = range(self.num_layers)
        return [found[layer, role] for layer in layers for role in roles]

    def _chosen(self):
        chosen = self.chosen_layers
        if chosen is None:
            chosen = range(self.num_layers)
        chosen = {index % self.num_layers for index in chosen}
        return [t for t in self.matrices(self.targets) if t.block in chosen]

    @property
    def replaced(self) -> list[keras.Layer]:
        """What stands in the chosen places."""
        return [inside(target.layer) for target in self._chosen()]

    @property
    def replaced_sizes(self) -> list[tuple[int, int]]:
        """Features in and out of the matrices there."""
        return [target.sizes for target in self._chosen()]

    def _layer(self, target):
        """What replaces a matrix."""
        units, circuit = target.sizes[1], self.circuit
        dtype = self.transformer_layers[target.block].dtype_policy
        if self.kind == "bottleneck":
            return BottleneckDense(
                units,
                circuit.feature_count,
                circuit.observable_count,
                dtype=dtype,
                name="bottleneck_dense",
            )
        return QuantumDense(
            units,
            circuit,
            engine=self.engine,
            differentiator=self.differentiator,
            dtype=dtype,
            name="quantum_dense",
        )

    def get_config(self) -> dict:
        layers = self.chosen_layers
        return {
            **super().get_config(),
            # keras-hub's own config leaves it out.
            "tie_word_embeddings": self.tie_word_embeddings,
            "kind": self.kind,
            "targets": list(self.targets),
            "layers": None if layers is None else list(layers),
            "circuit": self.circuit.to_dict(),
            "engine": self.engine,
            "differentiator": self.differentiator
            and self.differentiator.to_dict(),
        }


@keras.saving.register_keras_serializable("tfq_hybrid")
class HyQuTCausalLM(keras_hub.models.LlamaCausalLM):
    """A language model over a `HyQuTBackbone`.

    A keras-hub task: `generate` takes and gives strings, and `.keras` files
    and presets restore it.

    Args:
        backbone: `HyQuTBackbone`.
        preprocessor: `HyQuTCausalLMPreprocessor`. Defaults to `None`:
            inputs are token ids already.
    """

    backbone_cls = HyQuTBackbone
    preprocessor_cls = HyQuTCausalLMPreprocessor

    compile_from_config = compile_from_config


# By this a preset's tokenizer and preprocessor are found.
HyQuTTokenizer.backbone_cls = HyQuTBackbone
HyQuTCausalLMPreprocessor.backbone_cls = HyQuTBackbone
