"""The layers of a model by path, and those that can be adapted."""

import dataclasses
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import keras
import keras_hub
from keras.src.utils.naming import to_snake_case  # has no public name

from tfq_hybrid.adapters.families import family_of
from tfq_hybrid.adapters.kernels import dense_shapes
from tfq_hybrid.adapters.slots import is_dense

if TYPE_CHECKING:
    from tfq_hybrid.adapters.families import Family

# What backbones have after their blocks, which is no head of a user's.
TAIL = {
    "pooled_dense",
    "layer_norm",
    "final_layernorm",
    "final_normalization",
    "sequence_output_layernorm",
}
# Packages whose layers all have names of their own, where they hold weights.
# So they have in the models of keras-hub, but not in the blocks of its T5.
NAMED = ("keras", "tfq_hybrid")


def named_layers(
    layer: "keras.Layer", prefix: str = ""
) -> "Iterator[tuple[str, keras.Layer]]":
    """Walks all layers inside a layer or model, depth first.

    The path is made of the layers' names. It does not depend on where a
    layer was built, as the paths of its variables do. Names that Keras made
    up count on in a process: a layer of such a name, inside another, is called
    as its attribute there.

    Args:
        layer: a layer or model.
        prefix: the path of `layer` itself. Defaults to `""`.

    Yields:
        Pairs `(path, layer)`; a shared layer only where it is met first.

    Example:

    >>> import keras
    >>> dense = keras.layers.Dense(2, name="dense")
    >>> each = keras.layers.TimeDistributed(dense, name="each")
    >>> model = keras.Sequential([each])
    >>> [path for path, _ in named_layers(model)]
    ['each', 'each/dense']
    """
    yield from _walk(layer, prefix, {id(layer)})


def is_leaf(layer: "keras.Layer") -> bool:
    """Whether a layer holds no other layers."""
    return not layer._layers


def _walk(layer, prefix, seen):
    attributes = _attributes(layer)
    for child in layer._layers:
        if id(child) in seen:
            continue
        seen.add(id(child))
        name = attributes.get(id(child), child.name)
        path = f"{prefix}/{name}" if prefix else name
        yield path, child
        yield from _walk(child, path, seen)


def _attributes(layer):
    """The attributes of layers without names of their own, by identity."""
    package = _kind_of(layer).__module__.partition(".")[0]
    is_model = isinstance(layer, keras.Model)
    if package in NAMED or (package == "keras_hub" and is_model):
        return {}
    found = {}
    for attribute, value in vars(layer).items():
        if attribute == "_layers":  # where Keras tracks them all
            continue
        is_list = isinstance(value, (list, tuple))
        for index, child in enumerate(value if is_list else [value]):
            if isinstance(child, keras.Layer) and _has_made_up_name(child):
                name = f"{attribute}_{index}" if is_list else attribute
                found.setdefault(id(child), name)
    return found


def _kind_of(layer):
    """The class of a layer or model without adapters."""
    kind = getattr(layer, "adapted_from", type(layer))
    return getattr(layer, "closed", kind)


def _has_made_up_name(layer):
    usual = to_snake_case(_kind_of(layer).__name__)
    return re.fullmatch(rf"{usual}(_\d+)?", layer.name) is not None


def body_of(model: "keras.Model") -> "keras.Model":
    """The part that adapters go into: the backbone, else the model itself."""
    if isinstance(model, keras_hub.models.Backbone):
        return model
    if isinstance(model, keras_hub.models.Task):
        return model.backbone
    inner = [
        layer
        for _, layer in named_layers(model)
        if isinstance(layer, keras_hub.models.Backbone)
    ]
    return inner[0] if len(inner) == 1 else model


def unread_layers(model: "keras.Model") -> "list[keras.Layer]":
    """The layers of the body whose outputs nothing reads, as its task says.

    They are no targets, and never train. An adapted body on its own, as it
    is restored, has them in its adaptation.
    """
    found = getattr(model, "unread_layers", None)
    if found is not None:
        return list(found)
    body = body_of(model)
    paths = getattr(getattr(body, "adaptation", None), "unread", ())
    return [layer for path, layer in named_layers(body) if path in paths]


def all_layers(model: "keras.Model") -> "Iterator[tuple[str, keras.Layer]]":
    """All layers by path: the body's, then those of the head around it.

    Paths in the head begin with `head/`. Where a model is made of the tensors
    of a backbone, the head is what follows its last block and is its user's.
    """
    body = body_of(model)
    inside, head = {id(body)}, _head_in_graph(body)
    for path, layer in named_layers(body):
        inside.add(id(layer))
        is_head = path.partition("/")[0] in head
        yield (f"head/{path}" if is_head else path), layer
    if body is not model:
        for path, layer in named_layers(model, "head"):
            if id(layer) not in inside:
                yield path, layer


def _head_in_graph(body):
    """The names of a user's own layers after the last block of a graph."""
    if isinstance(body, keras_hub.models.Backbone):
        return set()
    family = family_of(body)
    if family is None:
        return set()
    above = set()
    for layer in body.layers:  # in the order of the graph
        reads = (
            parent.operation.name
            for node in layer._inbound_nodes
            for parent in node.parent_nodes
        )
        if not above.isdisjoint(reads) or re.fullmatch(
            family.blocks, layer.name
        ):
            above.add(layer.name)
    blocks = {name for name in above if re.fullmatch(family.blocks, name)}
    return above - blocks - TAIL


@dataclasses.dataclass(frozen=True)
class Target:
    """Something that a method can be applied to.

    Attributes:
        path: where it is, from the backbone on; what a task has around its
            backbone begins with `head/`.
        role: `"query"`, `"key"`, `"value"`, `"qkv"`, `"output"`, `"gate"`,
            `"up"`, `"down"`; `"ffn"` or `"attention"` for a whole block;
            `"head"`; or `"dense"`.
        block: which transformer block it is in, or `None`.
        inputs, outputs: the shapes of its features.
        calls: how often it runs in one forward pass.
        ffn: how a feed-forward block computes: `"plain"` is `down(up(x))` with
            the activation inside `up`, `"outside"` is `down(gelu(up(x)))`,
            `"gated"` is `down(act(gate(x)) * up(x))`.
        layers: what it is made of, by role.
        paths: where its Dense layers are.
    """

    path: str
    role: str
    block: int | None
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    calls: int = 1
    ffn: str = ""
    layers: "dict[str, keras.Layer]" = dataclasses.field(
        default_factory=dict, repr=False, compare=False
    )
    paths: tuple[str, ...] = dataclasses.field(default=(), repr=False)

    @property
    def layer(self) -> "keras.Layer":
        """The Dense layer, where it is one."""
        return self.layers[self.role]

    def has(self, name: str) -> bool:
        """Whether an adapter of that name sits in it already."""
        layers = self.layers.values()
        return any(name in getattr(x, "adapters", ()) for x in layers)

    @property
    def sizes(self) -> tuple[int, int]:
        """Features in and out."""
        return math.prod(self.inputs), math.prod(self.outputs)


def targets(
    model: "keras.Model", family: "Family | None" = None
) -> list[Target]:
    """Lists what can be targeted in a model.

    Args:
        model: a keras-hub backbone or task, or a plain Keras model.
        family: the row of `FAMILIES` that its blocks are of. Defaults to
            `None`: that of the backbone's class.

    Returns:
        The targets, in the order of the model.

    Example:

    >>> import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> for target in targets(model):
    ...     print(target.role, target.inputs, target.outputs)
    dense (4,) (3,)
    """
    body = body_of(model)
    family = family or family_of(body)
    layers = dict(all_layers(model))
    rows, in_blocks = [], set()
    if family is not None:
        calls = family.calls(body)
        for index, block in enumerate(_blocks(family, layers)):
            for target in _block_targets(family, block, index, layers, calls):
                rows.append(target)
                in_blocks.add(target.path)
    adapters = _adapter_paths(layers)
    unread = {id(layer) for layer in unread_layers(model)}
    for path, layer in layers.items():
        if not is_dense(layer) or path in in_blocks or not layer.built:
            continue
        if id(layer) in unread:
            continue
        if any(path.startswith(inside) for inside in adapters):
            continue
        role = "head" if path.startswith("head/") else "dense"
        rows.append(_single(path, role, layer, block=None))
    return rows


def _single(path, role, layer, **options):
    """One Dense layer as a target."""
    inputs, outputs = dense_shapes(layer)
    own = {"inputs": inputs, "outputs": outputs, "paths": (path,)}
    return Target(path, role, layers={role: layer}, **own, **options)


def blocks_of(model: "keras.Model") -> list[str]:
    """The paths of a model's transformer blocks."""
    body = body_of(model)
    family = family_of(body)
    if family is None:
        return []
    return _blocks(family, [path for path, _ in named_layers(body)])


def _blocks(family, paths):
    return [path for path in paths if re.fullmatch(family.blocks, path)]


def _block_targets(family, block, index, layers, calls):
    own = {"block": index, "calls": calls}
    names = {
        f"{block}/{name}": family.projections
        for name in family.attentions
        if f"{block}/{name}" in layers
    }
    parts = {path: _parts(path, roles, layers) for path, roles in names.items()}
    ffn = _parts(block, family.ffn_roles, layers)
    for found in (*parts.values(), ffn):
        for role, (path, layer) in found.items():
            yield _single(path, role, layer, **own)
    width = dense_shapes(ffn["down"][1])[1]
    own |= {"inputs": width, "outputs": width}
    dense = {role: layer for role, (_, layer) in ffn.items()}
    paths = tuple(path for path, _ in ffn.values())
    yield Target(
        f"{block}/ffn", "ffn", ffn=family.ffn, layers=dense, paths=paths, **own
    )
    for name, found in parts.items():
        dense = {role: layer for role, (_, layer) in found.items()}
        yield Target(
            name,
            "attention",
            layers={"attention": layers[name], **dense},
            paths=tuple(path for path, _ in found.values()),
            **own,
        )


def _parts(parent, roles, layers):
    """The path of each Dense layer and the layer itself, by role."""
    paths = {role: f"{parent}/{name}" for role, name in roles.items()}
    return {role: (path, layers[path]) for role, path in paths.items()}


def _adapter_paths(layers):
    """Paths of what is no part of the base: adapters in slots."""
    return tuple(
        f"{path}/{adapter.name}/"
        for path, layer in layers.items()
        for adapter in getattr(layer, "adapters", {}).values()
    )
