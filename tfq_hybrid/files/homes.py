"""The modules of the classes that files name, imported when a file names one.

Keras finds a class by its registered name, which it knows once the class's
module is imported. A file from elsewhere decides on no import: it can only
name what stands in this table, or what an installed system registers.
"""

import functools
import importlib
import importlib.metadata
from collections.abc import Iterable, Mapping
from typing import Any

from tfq_hybrid.reading import foreign_code

PACKAGE = "tfq_hybrid"
# The entry points of the published systems.
SYSTEMS = f"{PACKAGE}.systems"

# A module, and the classes that it registers under `tfq_hybrid>`.
LIBRARY = {
    "adapters.classical_layers": (
        "LowRank SoftThreshold GatedLowRank Bottleneck Prefix"
    ),
    "adapters.circuit_layers": "CircuitProduct CircuitRotation",
    "adapters.layers": "Carrier LayerAdapter HeadCopy",
    "adapters.linear_layers": (
        "Scaling Shift VectorScaled SmallCore Rotation TensorAdapter"
    ),
    "adapters.slots": "AdaptedDense AdaptedEinsumDense",
    "adapters.variables": "KeptWeights",
    "bases.chat_tokenizer": "ChatTokenizer ChatCausalLMPreprocessor",
    "bases.gpt_neo": (
        "GPTNeoBackbone GPTNeoCausalLM "
        "GPTNeoCausalLMPreprocessor GPTNeoTokenizer"
    ),
    "bases.mpnet.backbone": "MPNetBackbone",
    "bases.mpnet.layers": (
        "CountedPositionEmbedding MPNetBlock RelativePositionBias"
    ),
    "bases.mpnet.text": "MPNetTextClassifierPreprocessor MPNetTokenizer",
    "encoders.decoders": "DecoderTextPreprocessor",
    "encoders.electra": "ElectraTextClassifierPreprocessor",
    "layers.add_circuit": "AddCircuit",
    "layers.amplitude_pqc": "AmplitudePQC",
    "layers.bottleneck_dense": "BottleneckDense",
    "layers.controlled_pqc": "ControlledPQC",
    "layers.expectation": "Expectation SampledExpectation",
    "layers.feed_forward": (
        "NoFeedForward QuantumFeedForward BottleneckFeedForward"
    ),
    "layers.initializers": "IdentityBlocks",
    "layers.kernel": "QuantumKernel",
    "layers.noisy": "NoisyPQC NoisyControlledPQC NoisyAmplitudePQC",
    "layers.pqc": "PQC",
    "layers.quantum_dense": "QuantumDense",
    "layers.states": "Sample State Unitary",
    "optimizers.natural_gradient": "QuantumNaturalGradient",
    "training.build": "AngleAdam AngleAdamW WarmupCosine",
}
# And those that make a class for each family, by the ends of its name.
ADAPTED = "Adapted"
FAMILIES = (
    ("", "TokenClassifier", "encoders.tokens"),
    ("Pooled", "TextClassifier", "encoders.pooled"),
    (f"{ADAPTED}Pooled", "TextClassifier", "encoders.pooled"),
    (ADAPTED, "", "adapters.hosts"),
)

_HOME = {name: m for m, names in LIBRARY.items() for name in names.split()}


def home_of(name: str) -> str | None:
    """The module of a class of the library, by its registered name.

    Example:

    >>> home_of("tfq_hybrid>PQC"), home_of("tfq_hybrid>AdaptedGPT2Backbone")
    ('tfq_hybrid.layers.pqc', 'tfq_hybrid.adapters.hosts')
    >>> home_of("os>system") is None
    True
    """
    package, _, bare = name.partition(">")
    made = (
        module
        for begin, end, module in FAMILIES
        if bare.startswith(begin) and bare.endswith(end)
    )
    home = _HOME.get(bare) or next(made, None)
    return f"{PACKAGE}.{home}" if package == PACKAGE and home else None


def import_class(
    name: str, custom_objects: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Imports what registers the class of a name, if anything here does.

    That is a module of the library, or the systems of the package that the
    name begins with, whose custom objects are returned. The adapted class of
    a class that Keras knows is made.
    """
    made = adapted_class(name, custom_objects)
    if made is not None:
        return {name: made}
    home, package = home_of(name), name.partition(">")[0]
    if home is None:
        entries = system_entries().items()
        return objects_of(k for k, e in entries if _top(e.module) == package)
    importlib.import_module(home)
    return {}


def adapted_class(
    name: str, custom_objects: Mapping[str, Any] | None = None
) -> type | None:
    """The class of adapted models of a name, made if it is not yet.

    `None` for other names, and where Keras does not know what was adapted.
    """
    if not name.partition(">")[2].startswith(ADAPTED):
        return None
    home = home_of(name)
    if home is not None:  # of a task that makes a class for each family
        importlib.import_module(home)
    hosts = importlib.import_module(f"{PACKAGE}.adapters.hosts")
    return hosts.adapted_class(name, custom_objects)


def register_library() -> None:
    """Imports every module of the table."""
    for module in (*LIBRARY, *(module for _, _, module in FAMILIES)):
        importlib.import_module(f"{PACKAGE}.{module}")


@functools.cache
def system_entries() -> Mapping[str, importlib.metadata.EntryPoint]:
    """The entry points of the installed systems, by name."""
    found = importlib.metadata.entry_points(group=SYSTEMS)
    return {entry.name: entry for entry in found}


def systems_in(text: str) -> list[str]:
    """The installed systems whose package a config mentions."""
    entries = system_entries()
    return [name for name in entries if _package(entries[name]) in text]


def objects_of(names: Iterable[str]) -> dict[str, Any]:
    """Imports the models of systems: their custom objects.

    Raises:
        ValueError: whatever a package of others raises.
    """
    found: dict[str, Any] = {}
    for name in names:
        systems = importlib.import_module(f"{PACKAGE}.training.systems").SYSTEMS
        with foreign_code():
            found.update(systems[name].custom_objects)
    return found


def _top(module: str) -> str:
    return module.partition(".")[0]


def _package(entry: importlib.metadata.EntryPoint) -> str:
    return entry.module.rpartition(".")[0] or entry.module
