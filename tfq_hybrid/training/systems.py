"""Published systems: found by entry points, a folder each.

A `System` is all that training, the command line and the reports know of a
published system. A package offers one by an entry point of the group
`tfq_hybrid.systems`, whose name is the system's:

    [options.entry_points]
    tfq_hybrid.systems =
        my-system = my_package.system:SYSTEM
"""

import collections.abc
import copy
import dataclasses
import functools
import importlib
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from tfq_hybrid.adapters.method import AnyMethod
from tfq_hybrid.adapters.methods import method_from_dict
from tfq_hybrid.circuits.presets import Circuit, changed_circuit
from tfq_hybrid.config.values import check_keys, check_value
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.homes import system_entries
from tfq_hybrid.reading import raise_bug


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Base of the arguments of the published systems.

    A subclass is a frozen dataclass whose fields have defaults and are
    checked when it is made. Its module imports no TensorFlow, Keras or Cirq:
    the command line lists the arguments of every system.

    Example:

    >>> @dataclasses.dataclass(frozen=True, kw_only=True)
    ... class Small(Options):
    ...     size: int = 1
    >>> Small.from_dict({"size": 2}).to_dict()
    {'size': 2}
    """

    def to_dict(self) -> dict[str, Any]:
        """The arguments as plain JSON types."""
        values = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
        }
        return {name: _plain(value) for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Options":
        """Builds it from `to_dict()`, or from some of its arguments.

        Arguments of a nested object change the one that is there by default.

        Raises:
            UserError: an argument is not known, or out of its range.
        """
        return cls().changed(values)

    def changed(self, changes: Mapping[str, Any]) -> "Options":
        """These arguments with others, also nested ones, in place of some.

        Raises:
            UserError: an argument is not known, or out of its range.
        """
        kind = type(self)
        check_keys(f"argument of {kind.__name__}", changes, kind.names())
        hints = typing.get_type_hints(kind, include_extras=True)
        return dataclasses.replace(
            self,
            **{
                name: self._changed(name, hints[name], value)
                for name, value in changes.items()
            },
        )

    def _changed(self, name, hint, value):
        current = getattr(self, name)
        if value is None or not isinstance(value, dict):
            return check_value(name, hint, value)
        if hint == Circuit:
            return changed_circuit(current, value)
        if hint == AnyMethod:
            return (
                current.changed(value) if current else method_from_dict(value)
            )
        return check_value(name, hint, value)

    @property
    def training_defaults(self) -> dict[str, Any]:
        """Arguments of `TrainConfig` with another default."""
        return {}

    def circuit_runs(self, sequence_length: int) -> int:
        """How often each circuit runs for an example: once for each token."""
        return sequence_length

    @classmethod
    def names(cls) -> list[str]:
        """The names of the arguments."""
        return [field.name for field in dataclasses.fields(cls)]


def _plain(value):
    if hasattr(value, "to_dict"):  # a circuit, a gradient method
        return value.to_dict()
    if isinstance(value, tuple):
        return list(value)
    return copy.deepcopy(value)  # a caller may change a dict


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a model of a system is built for."""

    vocabulary: list[str]  # as `System.vocabulary` makes it
    sequence_length: int  # in tokens
    batch_size: int  # with the length, what circuits need in memory
    classes: int | None = None  # outputs for a text, where the task has some
    task: str = "classification"


@dataclasses.dataclass(frozen=True)
class System:
    """A published system.

    Args:
        name: as in `train --model NAME`.
        task: `"classification"`: a keras-hub `TextClassifier`, fed
            with strings; or `"generation"`: a `CausalLM`, fed with tokens.
        options: its arguments.
        baselines: the names of the options that each classical baseline does
            not use, by the name of the baseline.
        model: the module with these functions, imported when needed:

            vocabulary(options, texts, size) -> list of str: the vocabulary
            that is learned from training texts, or that of a preset, or a
            line that tells the preset's own tokenizer.

            tokenizer(options, setting) -> that of the model. May be left out:
            then the model is built for it.

            build(options, baseline, setting) -> model, not compiled;
            `baseline` is `None` for the system itself, and `setting` is a
            `Setting`. It raises `UserError` before it takes more memory than
            there is.

            parts(model) -> dict of a name and a list of layers, whose
            parameters are counted apart. May be left out.

            loss(options, training data) -> `keras.losses.Loss`. May be left
            out: then the loss is that of the task.

            CUSTOM_OBJECTS: dict of a name and a class that its saved models
            name, for classes of other packages than this one. May be left
            out.
        tasks: the further tasks that its models can be trained for, by name,
            each with the names of the options that it does not use.
            `"regression"` takes a model with one output, `"multi-label"` one
            whose outputs are logits of each label, `"tokens"` one that takes
            tokens and gives logits of each. Defaults to none.
        recipe: `"module:NAME"` of the `comparison.jobs.Recipe` that
            reproduces it, imported when needed. Defaults to `None`:
            `reproduce` does not offer the system.
        searched: the arguments that `tune` searches when the
            user names none. Defaults to the usual ones.
    """

    name: str
    task: str
    options: type[Options]
    baselines: Mapping[str, tuple[str, ...]]
    model: str
    tasks: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    recipe: str | None = None
    searched: tuple[str, ...] = ()

    @property
    def module(self) -> types.ModuleType:
        """The module `model`, imported: Keras knows its classes then."""
        return importlib.import_module(self.model)

    @property
    def vocabulary(self) -> Callable:
        """The function of the module."""
        return self.module.vocabulary

    @property
    def build(self) -> Callable:
        """The function of the module."""
        return self.module.build

    def tokenizer(self, options: Options, setting: Setting) -> Any:
        """The tokenizer of the model that `build` gives."""
        found = getattr(self.module, "tokenizer", None)
        if found is not None:
            return found(options, setting)
        return self.build(options, None, setting).preprocessor.tokenizer

    @property
    def parts(self) -> Callable:
        """The function of the module, or one that names none."""
        return getattr(self.module, "parts", lambda model: {})

    @property
    def loss(self) -> Callable | None:
        """The function of the module, if there is one."""
        return getattr(self.module, "loss", None)

    @property
    def custom_objects(self) -> dict[str, type]:
        """The dict of the module, or an empty one."""
        return getattr(self.module, "CUSTOM_OBJECTS", {})


class Systems(collections.abc.Mapping):
    """The installed systems by name, each loaded when first asked for."""

    @functools.cached_property
    def _entries(self):
        return system_entries()

    def __iter__(self):
        return iter(sorted(self._entries))

    def __len__(self):
        return len(self._entries)

    def __contains__(self, name):
        return name in self._entries

    def __getitem__(self, name):
        entry = self._entries[name]
        try:
            system = entry.load()
        except Exception as error:
            raise_bug(error)
            # A package of others may raise anything.
            raise UserError(
                f"Expected the system {name!r} of {entry.value} to be loaded. "
                f"Received: {type(error).__name__}: {error}"
            ) from error
        if not isinstance(system, System) or system.name != name:
            raise UserError(
                f"Expected {entry.value} to be a System named {name!r}. "
                f"Received: {system!r}"[:300]
            )
        return system

    def register(self) -> dict[str, type]:
        """Loads every system, so that Keras knows the classes of its models.

        Gives the `custom_objects` of all systems.
        """
        found: dict[str, type] = {}
        for name in self:
            found.update(self[name].custom_objects)
        return found


SYSTEMS = Systems()
