"""`TrainConfig`: everything that decides a training, as plain data."""

import dataclasses
import os
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfq_hybrid.config.fields import choice
from tfq_hybrid.config.values import check_keys, check_value, flatten, nest
from tfq_hybrid.errors import (
    UserError,
    check_choice,
    check_integer,
    check_share,
    is_number,
    is_same_name,
    match_choice,
)
from tfq_hybrid.training.defaults import (
    DEFAULTS,
    UNUSED,
    defaults_of,
    model_of,
    usual_task,
)
from tfq_hybrid.training.systems import SYSTEMS, System

if TYPE_CHECKING:
    import cirq

    from tfq_hybrid.circuits import CircuitSpec

OPTIMIZERS = ("adamw", "adam")
MINIMA = {
    "vocabulary_size": 64,
    "sequence_length": 3,
    "epochs": 1,
    "batch_size": 1,
    "patience": 1,
    "gradient_every": 1,
    "seed": 0,
}
LARGEST_FLOAT = 3.4e38
PAIR_LENGTH = 5  # a token of each text, and three special ones
PATHS = ("data", "validation_data", "data_dir")
TEXTS = (*PATHS, "split", "text_column", "label_column", "delimiter")


def of_system() -> Any:
    """A field that is filled in by `DEFAULTS`, or those of the system."""
    return dataclasses.field(default=None)


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """The arguments of a training.

    Args:
        data: training data: a table (.csv, .jsonl, …), .conllu, a TFDS name
            or embedded; of a language model .txt or .jsonl.
        model: the published system, or adapted: a preset with an adapter.
            Defaults to `None`: adapted with an adapter, else qffn-bert.
        options: the system's own arguments: an instance of its `options`,
            or a dict with some of them. Defaults to none given.
        baseline: train this baseline of the system instead of its circuits.
            Defaults to `None`: the circuits.
        task: what is learned. A regression learns a number for each text,
            multi-label any number of labels, tokens one for each word.
            Defaults to `None`: that of the system; of adapted generation
            where the data are text or dialogues, else classification.
        split: the split of a TFDS data set. Defaults to `"train"`.
        validation_data: validation data, as the training data, its
            validation split where it is no file. Defaults to `None`: the
            split of the data, else a tenth of it. Labelled texts are drawn
            by the seed, of plain text it is the end.
        text_column: the column of the texts. Defaults to `None`: text,
            sentence, ….
        text_columns: two columns whose texts are pairs, such as
            premise,hypothesis. Defaults to `None`: single texts.
        label_column: the column of the labels. Defaults to `None`: label,
            class, …; of .conllu upos.
        delimiter: what separates the columns of a .tsv or .csv file.
            Defaults to `None`: tabs; commas, or what the header of a .csv
            file has in their place.
        label_names: names for the labels in sorted order, such as
            negative,positive. Defaults to `None`: as the data says.
        data_dir: where TFDS keeps its data sets. Defaults to `None`: TFDS's
            own place.
        limit: train on so many examples. Defaults to `None`: all.
        vocabulary_size: tokens learned from the training texts, unless a
            preset brings its own. Defaults to 8192, or as the system says.
        sequence_length: tokens of a text. Defaults to 48, or as the system
            says.
        epochs: passes over the training data. Defaults to 1.
        batch_size: examples of a step. Defaults to 64, or as the system says.
        optimizer: the optimizer. Defaults to `"adamw"`, or as the system
            says.
        learning_rate: peak learning rate, between a linear warm-up and a
            cosine decay. Defaults to `None`: 1e-3; with an adapter 1e-2, or
            5e-4 where the base trains too; or as the system says.
        quantum_learning_rate: peak learning rate of the circuits' angles,
            which alone train at a learning_rate of 0. Defaults to `None`: the
            learning rate.
        warmup: share of the steps that warm up, at least 0 and below 1.
            Defaults to 0.1.
        weight_decay: weight decay, of AdamW alone. Defaults to 0.01, or as
            the system says.
        clipnorm: clip gradients to this global norm. Defaults to `None`: no
            clipping.
        patience: epochs without a better validation before the training
            stops. Defaults to 3.
        gradient_every: steps between readings of the gradients. Defaults
            to 10.
        xla: compile the train step with XLA. Defaults to `False`.
        seed: seed of weights, order, dropout. Defaults to 0.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> config = TrainConfig("embedded", options={"circuit": "hybrid_bert"})
    >>> config.options.circuit.depth, config.sequence_length
    (4, 48)
    """

    data: str
    model: str = choice(None, SYSTEMS)
    options: Any = dataclasses.field(default_factory=dict)
    baseline: str | None = None
    task: str = choice(None, UNUSED)
    split: str = "train"
    validation_data: str | None = None
    text_column: str | None = None
    text_columns: tuple[str, ...] | None = None
    label_column: str | None = None
    delimiter: str | None = None
    label_names: tuple[str, ...] | None = None
    data_dir: str | None = None
    limit: int | None = None
    vocabulary_size: int = of_system()
    sequence_length: int = of_system()
    epochs: int = 1
    batch_size: int = of_system()
    optimizer: str = choice(None, OPTIMIZERS)
    learning_rate: float = of_system()
    quantum_learning_rate: float | None = None
    warmup: float = 0.1
    weight_decay: float = of_system()
    clipnorm: float | None = None
    patience: int = 3
    gradient_every: int = 10
    xla: bool = False
    seed: int = 0

    def __post_init__(self):
        self._set("model", model_of(self.model, self.options))
        for name in PATHS:
            if isinstance(getattr(self, name), os.PathLike):
                self._set(name, os.fspath(getattr(self, name)))
        hints = hints_of()
        for name in (*TEXTS, "text_columns", "label_names", "xla"):
            value = check_value(name, hints[name], getattr(self, name))
            self._set(name, value)
        system = self.system
        self._set("options", _options(system, self.options))
        if self.baseline is not None:
            name = match_choice("baseline", self.baseline, system.baselines)
            self._set("baseline", name)
        self._check_task()
        self._check_pairs()
        defaults = defaults_of(self.task, self.options)
        for name, value in defaults.items():
            if getattr(self, name) is None:
                self._set(name, value)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        for name, minimum in MINIMA.items():
            check_integer(name, getattr(self, name), minimum)
        if self.limit is not None:
            check_integer("limit", self.limit, 1)
        for name in ("learning_rate", "weight_decay"):
            check_share(name, getattr(self, name), LARGEST_FLOAT)
        check_share("warmup", self.warmup)
        for name in ("quantum_learning_rate", "clipnorm"):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and value > 0):
                raise UserError(
                    f"Expected {name} to be a number above 0. Received: "
                    f"{name}={value!r}"
                )

    def _check_task(self):
        if self.task is None:
            task = usual_task(self.system, self.data, self.text_column)
            self._set("task", task)
        check_choice("task", self.task, UNUSED)
        known = (self.system.task, *self.system.tasks)
        if self.task not in known:
            raise UserError(
                f"Expected a task of {self.model}: {', '.join(known)}. "
                f"Received: task={self.task!r}"
            )

    def _check_pairs(self):
        if self.text_columns is None:
            return
        if self.text_column is not None:
            raise UserError(
                "Expected one of text_column and text_columns. Received: both"
            )
        if len(self.text_columns) != 2 or len({*self.text_columns}) != 2:
            raise UserError(
                "Expected text_columns to be two columns. Received: "
                f"text_columns={','.join(self.text_columns)}"
            )
        if self.sequence_length is not None:
            check_integer("sequence_length", self.sequence_length, PAIR_LENGTH)

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    @property
    def system(self) -> System:
        """The row of `SYSTEMS` that `model` names."""
        return SYSTEMS[self.model]

    @property
    def circuit(self) -> "CircuitSpec | cirq.AbstractCircuit | None":
        """The circuit that an argument describes."""
        adapter = getattr(self.options, "adapter", None)
        holder = self.options if adapter is None else adapter
        return getattr(holder, "circuit", None)

    @property
    def circuit_runs(self) -> int:
        """How often each circuit runs in a step."""
        runs = self.options.circuit_runs(self.sequence_length)
        return self.batch_size * runs

    @classmethod
    def names(cls) -> list[str]:
        """The names of the general arguments."""
        return [field.name for field in dataclasses.fields(cls)]

    def to_dict(self) -> dict[str, Any]:
        """The arguments as a nested dict of plain JSON types.

        Arguments of the system stand beside the general ones.
        """
        result = {name: getattr(self, name) for name in self.names()}
        for name in ("text_columns", "label_names"):
            if result[name] is not None:
                result[name] = list(result[name])
        del result["options"]
        return {**result, **self.options.to_dict()}

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> "TrainConfig":
        """Builds a config from `to_dict()`, or from some of its arguments.

        Args:
            config: nested, or with dotted keys such as `circuit.depth`. What
                is left out has the system's own default, in nested objects
                too.

        Raises:
            UserError: an argument is not known, or out of its range.

        Example:

        >>> config = TrainConfig.from_dict({
        ...     "data": "embedded", "model": "hybrid-bert", "circuit.qubits": 2,
        ... })
        >>> config.options.circuit.qubits, config.options.circuit.depth
        (2, 4)
        """
        arguments = cls._arguments(nest(_upgraded(config)))
        if "data" not in arguments:
            raise UserError("Expected the argument data. Received: none")
        return cls(**arguments)

    @classmethod
    def _arguments(cls, config, options=None):
        """The arguments of the constructor; `options` are what is changed."""
        own = cls.names()
        name = model_of(config.get("model"), config)
        kind = SYSTEMS[name].options
        check_keys("training argument", config, [*own, *kind.names()])
        hints = hints_of()
        general = {
            key: check_value(key, hints[key], value)
            for key, value in config.items()
            if key in own and key != "options"
        }
        changes = {k: v for k, v in config.items() if k not in own}
        options = (options or kind()).changed(changes)
        return {**general, "options": options}

    def replace(self, changes: Mapping[str, Any]) -> "TrainConfig":
        """This config with other arguments in place of some.

        Args:
            changes: nested, or with dotted keys; what it leaves out stays.

        Raises:
            UserError: an argument is not known, or out of its range, or the
                model is another one.

        Example:

        >>> config = TrainConfig("embedded").replace({"circuit.depth": 5})
        >>> config.options.circuit.depth, config.options.circuit.qubits
        (5, 4)
        """
        changes = nest(changes)
        if not is_same_name(str(changes.get("model", self.model)), self.model):
            raise UserError(
                f"Expected changes of a config of {self.model}. Received: "
                f"model={changes['model']!r}"
            )
        changes = {**changes, "model": self.model}
        return dataclasses.replace(
            self, **self._arguments(changes, self.options)
        )

    def get(self, key: str) -> Any:
        """The value of a dotted key, such as `circuit.depth`."""
        return dict(flatten(self.to_dict())).get(key)

    def unused(self) -> dict[str, str]:
        """The arguments that this config does not use.

        Returns:
            The reason, such as `"baseline=ffn"`, by dotted key or by the key
            of an object.
        """
        found: dict[str, str] = {}

        def add(names, reason):
            found.update(dict.fromkeys(names, reason))

        if self.task == self.system.task:
            add(UNUSED[self.task], f"model={self.model}")
        else:
            names = (*UNUSED[self.task], *self.system.tasks[self.task])
            add(names, f"task={self.task}")
        if self.baseline is not None:
            names = self.system.baselines[self.baseline]
            add(names, f"baseline={self.baseline}")
        if self.optimizer == "adam":
            add(["weight_decay"], "optimizer=adam")
        if getattr(self.options, "preset", None) is not None:
            add(["vocabulary_size"], f"preset={self.options.preset}")
        if getattr(self.options, "base", None) is not None:
            names = ("vocabulary_size", "size", "dropout")
            add(names, f"base={self.options.base}")
        return found


def hints_of() -> dict[str, Any]:
    """The annotations of a config; `None` is what the system says."""
    hints = typing.get_type_hints(TrainConfig)
    names = (*DEFAULTS, "model", "task")
    return {**hints, **{name: hints[name] | None for name in names}}


def _upgraded(config):
    """What older versions wrote, with the keys of this one."""
    config = dict(config)
    options = config.pop("options", {})
    if not isinstance(options, dict):
        options = options.to_dict()
    if "classical" in config:
        config["baseline"] = config.pop("classical")
    return {**config, **options}


def _options(system, given):
    if isinstance(given, dict):
        return system.options.from_dict(nest(given))
    if not isinstance(given, system.options):
        raise UserError(
            f"Expected options of {system.name} as {system.options.__name__} "
            f"or a dict. Received: {type(given).__name__}"
        )
    return given
