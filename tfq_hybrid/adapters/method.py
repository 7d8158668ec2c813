"""`Method`: the base class of adaptation methods."""

import dataclasses
import typing
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from tfq_hybrid.adapters.patterns import (
    BLOCK_ROLES,
    as_layers,
    as_words,
    resolve,
)
from tfq_hybrid.circuits import CircuitSpec, as_circuit
from tfq_hybrid.circuits.presets import changed_circuit
from tfq_hybrid.config.fields import Nested
from tfq_hybrid.config.values import check_keys, check_value
from tfq_hybrid.errors import (
    UserError,
    check_choice,
    is_same_name,
    match_choice,
)

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target
    from tfq_hybrid.circuits import CustomCircuit

METHODS: dict[str, type["Method"]] = {}
TYPES = ("float32", "bfloat16", "float16", "float64", "mixed_bfloat16")


def register(cls):
    """Adds a method's class to the registry `METHODS`, by its name."""
    METHODS[cls.__name__] = cls
    return cls


@dataclasses.dataclass(frozen=True, kw_only=True)
class Method:
    """What every method is asked for, and what all do in the same way.

    Args:
        targets: names or patterns of what to adapt; see `resolve`. Defaults to
            the method's.
        layers: Blocks to change, such as 0,8-11. Defaults to `None`: all.
        exclude: names or patterns of what to leave out. Defaults to `()`:
            nothing.
        train_head: train the Dense layers that a task has around its backbone
            too, in a copy. Defaults to `None`: those that come new, as of a
            classifier or a user's own, and not those of a language model.
        dtype: the adapters' own type, such as `"float32"` on a base of
            bfloat16. Defaults to `None`: that of the base.

    Raises:
        UserError: an argument is out of its range.
    """

    targets: tuple[str, ...] = ()
    layers: tuple[int, ...] | None = None
    exclude: tuple[str, ...] = ()
    train_head: bool | None = None
    dtype: str | None = None

    # What "attention" and "ffn" stand for, where not for all in them.
    groups: ClassVar[dict[str, tuple[str, ...]]] = {}
    # The whole blocks that can be targets, of `BLOCK_ROLES`.
    blocks: ClassVar[tuple[str, ...]] = ()
    # The arguments that have no effect on this method.
    unused: ClassVar[tuple[str, ...]] = ()
    # Whether the base's weights are kept to undo with, where they do not.
    keep_base = False
    # Whether the base is whole underneath, so that others can share it.
    is_additive = True

    def __post_init__(self):
        object.__setattr__(self, "targets", as_words("targets", self.targets))
        object.__setattr__(self, "exclude", as_words("exclude", self.exclude))
        object.__setattr__(self, "layers", as_layers(self.layers))
        if self.train_head not in (None, True, False):
            raise UserError(
                "Expected train_head to be True, False or None. Received: "
                f"train_head={self.train_head!r}"
            )
        if self.dtype is not None:
            check_choice("dtype", self.dtype, TYPES)
        for name in self.unused:
            if getattr(self, name) not in ((), None):
                raise UserError(
                    f"Expected no {name}, which has no effect on "
                    f"{type(self).__name__}. Received: {name}="
                    f"{getattr(self, name)!r}"
                )

    @property
    def freezes(self) -> bool:
        """Whether the weights of the base stay as they are."""
        return True

    @property
    def learning_rate(self) -> float:
        """AdamW's peak rate where a training is given none.

        What comes new to a frozen base starts near zero and has far to go;
        pretrained weights have not. `benchmarks/rates.py` measures both.
        """
        return 1e-2 if self.freezes else 5e-4

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        """The targets of this method in a model."""
        found = resolve(
            model,
            self.targets,
            self.layers,
            self.exclude,
            self.groups,
            strict=strict,
        )
        for target in found:
            if target.role in BLOCK_ROLES and target.role not in self.blocks:
                raise UserError(
                    f"Expected targets of {type(self).__name__} to be Dense "
                    f"layers. Received: {target.path}, a whole block"
                )
        return found

    def head(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        """The Dense layers of the head that are trained in a copy."""
        import keras_hub

        from tfq_hybrid.adapters.target import targets

        models = keras_hub.models
        wanted = self.train_head
        if wanted is None:  # a language model's is as pretrained as the rest
            wanted = not isinstance(model, models.CausalLM | models.MaskedLM)
        found = [row for row in targets(model) if row.role == "head"]
        if self.train_head and strict and not found:
            raise UserError(
                "Expected Dense layers around a backbone for train_head=True. "
                f"Received: {model.name}, which has none: make its layers "
                "trainable yourself, or name them in targets"
            )
        return found if wanted else []

    def places(
        self, model: "keras.Model", strict: bool = True
    ) -> "tuple[list[Target], list[Target]]":
        """What `find` and what `head` find."""
        found = self.find(model, strict)
        head = self.head(model, strict)
        return found, [row for row in head if row not in found]

    def policy_for(self, layer: "keras.Layer") -> object:
        """The types of an adapter in a layer."""
        from tfq_hybrid.adapters.kernels import float_policy

        return self.dtype or float_policy(layer)

    def adapter(self, target: "Target", name: str) -> "Adapter":
        """A new `Adapter` of that name for a target's Dense layer."""
        raise NotImplementedError

    def attach(self, targets: "list[Target]", name: str) -> None:
        """Puts this method's adapters into what `find` found.

        Args:
            targets: they have no adapter of that name.
            name: the adapters' name.
        """
        from tfq_hybrid.adapters.slots import put

        for target in targets:
            put(target.layer, name, self.adapter(target, name))

    def parameters_of(self, target: "Target") -> int:
        """How many parameters this method trains in a target."""
        raise NotImplementedError

    def parameters(self, model: "keras.Model") -> int:
        """How many parameters this method would train in a model."""
        from tfq_hybrid.adapters.layers import head_parameters

        found, head = self.places(model)
        count = sum(map(self.parameters_of, found))
        return count + sum(map(head_parameters, head))

    def for_parameters(
        self,
        model: "keras.Model",
        count: int,
        report: Callable[[str], object] = print,
        within: float | None = None,
    ) -> "Method":
        """This method in the size that trains nearly `count` parameters.

        Args:
            model: the model that it is for.
            count: the parameters to train.
            report: is told what was reached. Defaults to `print`.
            within: the share by which what it adds to a head may miss: where
                its size does, it adapts fewer, named matrices, the upper ones
                first. Defaults to `None`: any, in all its matrices.

        Returns:
            The method with another size; the nearest that there is.

        Raises:
            UserError: this method has no size to choose, none fits, or, as
                `sizing.NoSuchSizeError`, none comes within the share.
        """
        from tfq_hybrid.adapters.sizing import nearest

        return nearest(self, model, count, report, within)

    @property
    def size(self) -> str | None:
        """The argument that decides on how many parameters are trained."""
        return None

    def at_size(self, size: int) -> "Method":
        """This method in another size."""
        if self.size is None:
            raise UserError(
                f"Expected a method with a size to choose. Received: "
                f"{type(self).__name__}"
            )
        changes: dict[str, Any] = {self.size: size}
        return dataclasses.replace(self, **changes)

    def sizes(self, model: "keras.Model") -> Sequence[int]:
        """The sizes to choose from, those with fewer parameters first."""
        return range(1, 2**16 + 1)

    @property
    def size_text(self) -> str:
        """The size in words."""
        return f"{self.size}={getattr(self, str(self.size))}"

    def circuits(
        self, model: "keras.Model"
    ) -> "list[CircuitSpec | CustomCircuit]":
        """The circuits that this method would put in."""
        return []

    def trained_base(self, model: "keras.Model") -> tuple[str, ...]:
        """Where the base is trained too: the beginnings of paths."""
        return () if self.freezes else ("",)

    def changed(self, changes: dict) -> "Method":
        """This method with other arguments, or another method.

        Args:
            changes: arguments; of another `method`, all of its own.

        Raises:
            UserError: an argument is not known, or out of its range.
        """
        changes = dict(changes)
        own = type(self).__name__
        if not is_same_name(str(changes.get("method", own)), own):
            return method_from_dict(changes)
        changes.pop("method", None)
        circuit = changes.pop("circuit", None)
        arguments = _arguments(type(self), changes)
        if circuit is not None:
            circuit = changed_circuit(getattr(self, "circuit", None), circuit)
            arguments["circuit"] = circuit
        return dataclasses.replace(self, **arguments)

    def to_dict(self) -> dict:
        """The arguments as plain JSON types, with the method's name."""
        values = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
        }
        values = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in values.items()
        }
        return {"method": type(self).__name__, **values}


def method_from_dict(config: dict) -> Method:
    """Builds a method from `to_dict()`, or from some of its arguments.

    Args:
        config: the name `method`, and arguments. Arguments of a circuit change
            the circuit that the method has by default.

    Raises:
        UserError: the method, or one of its arguments, is not known.

    Example:

    >>> config = {"method": "ReplaceDense", "targets": ["ffn"]}
    >>> method = method_from_dict({**config, "circuit": {"depth": 3}})
    >>> method.circuit.depth, method.circuit.entanglement
    (3, 'alternating')
    """
    if not isinstance(config, dict):
        raise UserError(f"Expected a method. Received: {config!r}"[:200])
    config = dict(config)
    name = match_choice("method", config.pop("method", None), METHODS)
    return METHODS[name](**_arguments(METHODS[name], config))


def _arguments(kind, config):
    """Arguments from a file, checked, with circuits as objects."""
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    check_keys(f"{kind.__name__} argument", config, names)
    arguments = {k: check_value(k, hints[k], v) for k, v in config.items()}
    if isinstance(arguments.get("circuit"), dict):
        base = kind.circuit and as_circuit(kind.circuit)
        arguments["circuit"] = changed_circuit(base, arguments["circuit"])
    return arguments


def _kind(name):
    """The class of a method's name, or `None`."""
    found = (METHODS[one] for one in METHODS if is_same_name(one, str(name)))
    return next(found, None)


# The annotation of an argument that is a method.
AnyMethod = Annotated[object, Nested(METHODS, _kind)]
