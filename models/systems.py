"""`SYSTEMS`: the published systems, a row each.

A row is all that training, the command line and the reports know of a
system: adding one is adding a row.
"""

import dataclasses
from collections.abc import Callable, Mapping

from tfq_hybrid.models import (
    hybrid_bert_system,
    hyqut_system,
    qaa,
    qaa_system,
    qffn_bert_system,
    quantum_head_classifier,
    quantum_head_options,
)
from tfq_hybrid.models.options import Options


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a model of a system is built for.

    Args:
        vocabulary: list of str, as `System.vocabulary` makes it.
        sequence_length: int, in tokens.
        batch_size: int. With the length it says what the circuits of a
            step need in memory.
        classes: int. The number of labels. Defaults to `None`: the task
            has none.
    """

    vocabulary: list
    sequence_length: int
    batch_size: int
    classes: int | None = None


@dataclasses.dataclass(frozen=True)
class System:
    """A published system.

    Args:
        name: str, as in `train --model NAME`.
        task: str. `"classification"`: a keras-hub `TextClassifier`, fed
            with strings; or `"generation"`: a `CausalLM`, fed with tokens.
        options: subclass of `Options`, its arguments.
        twins: mapping of the name of each classical twin to the names of
            the options that the twin does not heed.
        vocabulary: function `(options, texts, size) -> list of str`: the
            vocabulary that is learned from training texts, or that of a
            preset.
        build: function `(options, twin, setting) -> model`, not compiled;
            `twin` is `None` for the system itself, and `setting` is a
            `Setting`. It raises `UserError` before it takes more memory
            than there is.
        parts: function from a model to a dict of a name and a list of
            layers, whose parameters are counted apart. Defaults to none.
        defaults: function from the options to a dict of arguments of
            `TrainConfig` whose default is another one. Defaults to none.
        loss: function `(options, training data) -> keras.losses.Loss`.
            Defaults to `None`: that of the task.
        circuit_runs: function `(options, sequence length) -> int`: how often
            each circuit runs for an example. Defaults to once for each
            token.
    """

    name: str
    task: str
    options: type[Options]
    twins: Mapping[str, tuple[str, ...]]
    vocabulary: Callable
    build: Callable
    parts: Callable = lambda model: {}
    defaults: Callable = lambda options: {}
    loss: Callable | None = None
    circuit_runs: Callable = lambda options, sequence_length: sequence_length


SYSTEMS = {
    system.name: system
    for system in (
        System(
            name="qffn-bert",
            task="classification",
            options=qffn_bert_system.QFFNBertOptions,
            twins={
                "ffn": ("circuit", "tokens", "residual", "engine"),
                "bottleneck": ("engine",),
                "none": ("circuit", "tokens", "residual", "engine"),
            },
            vocabulary=qffn_bert_system.vocabulary,
            build=qffn_bert_system.build,
            parts=qffn_bert_system.parts,
            circuit_runs=qffn_bert_system.circuit_runs,
        ),
        System(
            name="hyqut",
            task="generation",
            options=hyqut_system.HyQuTOptions,
            twins={
                "dense": (
                    "targets",
                    "layers",
                    "circuit",
                    "engine",
                    "differentiator",
                ),
                "bottleneck": ("engine", "differentiator"),
            },
            vocabulary=hyqut_system.vocabulary,
            build=hyqut_system.build,
            parts=hyqut_system.parts,
            defaults=hyqut_system.defaults,
        ),
        System(
            name="hybrid-bert",
            task="classification",
            options=hybrid_bert_system.HybridBertOptions,
            twins={
                "linear": ("circuit", "train_angles", "engine"),
                "mlp": ("train_angles", "engine"),
            },
            vocabulary=hybrid_bert_system.vocabulary,
            build=hybrid_bert_system.build,
            loss=hybrid_bert_system.loss,
            parts=lambda model: {"head": [model.head]},
            circuit_runs=lambda options, sequence_length: 1,
        ),
        System(
            name="quantum-head",
            task="classification",
            options=quantum_head_options.QuantumHeadOptions,
            twins={
                "linear": quantum_head_options.CIRCUIT_OPTIONS,
                "mlp": quantum_head_options.RUN_OPTIONS,
            },
            vocabulary=quantum_head_classifier.vocabulary,
            build=quantum_head_classifier.build,
            parts=lambda model: {"head": [model.head]},
            circuit_runs=lambda options, sequence_length: 1,
        ),
        System(
            name="qaa",
            task="generation",
            options=qaa.QAAOptions,
            twins={
                twin: ("place", "depth", "entanglement", "engine")
                if twin == "full"
                else ("engine",)
                for twin in qaa.QAA_TWINS
            },
            vocabulary=qaa_system.vocabulary,
            build=qaa_system.build,
            defaults=qaa_system.defaults,
        ),
    )
}
