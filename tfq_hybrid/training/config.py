"""`TrainConfig`: everything that decides a training, as plain data."""

import dataclasses
import os

from tfq_hybrid.errors import (
    UserError,
    check_choice,
    check_integer,
    check_share,
    choice_error,
    is_number,
)
from tfq_hybrid.training.systems import SYSTEMS

# What `None` stands for, unless the system says otherwise.
DEFAULTS = {
    "vocabulary_size": 8192,
    "sequence_length": 48,
    "batch_size": 64,
    "optimizer": "adamw",
    "weight_decay": 0.01,
}
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
PATHS = ("data", "validation_data", "data_dir")
TEXTS = (*PATHS, "split", "text_column", "label_column")


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """The arguments of a training.

    Args:
        data: str or path. A local file, a TFDS name or `"embedded"`.
        model: str, a name in `SYSTEMS`. Defaults to `"qffn-bert"`.
        options: the system's own arguments: an instance of its `options`,
            or a dict with some of them. Defaults to none given.
        classical: str, a name in the system's `baselines`: train this classical
            baseline instead. Defaults to `None`: the quantum model.
        split: str. The split of a TFDS data set. Defaults to `"train"`.
        validation_data: str or path, as `data`, its `validation` split where
            it is no file. Defaults to `None`: the `validation` split of `data`
            where it has one, else a tenth of it: labelled texts are drawn
            by the seed, of plain text it is the end.
        text_column, label_column: str. Default to the usual names.
        label_names: list of str. Names for the labels in sorted order.
            Defaults to `None`: as the data says.
        data_dir: str or path. Where TFDS keeps its data sets. Defaults to
            TFDS's own place.
        limit: int. Train on the first examples only. Defaults to `None`.
        vocabulary_size: int. Learned from the training texts, unless a
            preset brings its own. Defaults to 8192.
        sequence_length: int, in tokens. Defaults to 48, or as the system
            says.
        epochs: int. Defaults to 1.
        batch_size: int. Defaults to 64, or as the system says.
        optimizer: `"adamw"` or `"adam"`. Defaults to `"adamw"`, or as the
            system says.
        learning_rate: float. The peak after a linear warm-up; a cosine
            leads back to nearly zero. Defaults to 1e-3.
        quantum_learning_rate: float. The peak for the angles of circuits,
            which alone train at a learning_rate of 0. Defaults to `None`:
            the same as for all else.
        warmup: float, at least 0 and below 1: the share of the steps that
            warm up. Defaults to 0.1.
        weight_decay: float, of AdamW. Defaults to 0.01, or as the system
            says.
        clipnorm: float. The largest norm of a step's gradient, over all
            parameters; a longer one is shortened to it. Defaults to `None`.
        patience: int. Epochs without a better validation before the
            training stops. Defaults to 3.
        gradient_every: int. Steps between readings of the gradients.
            Defaults to 10.
        xla: bool. Compile the train step by XLA. Defaults to `False`.
        seed: int. Defaults to 0.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> config = TrainConfig("embedded", options={"circuit": "hybrid_bert"})
    >>> config.options.circuit.depth, config.sequence_length
    (4, 48)
    """

    data: str
    model: str = "qffn-bert"
    options: object = dataclasses.field(default_factory=dict)
    classical: str | None = None
    split: str = "train"
    validation_data: str | None = None
    text_column: str | None = None
    label_column: str | None = None
    label_names: tuple[str, ...] | None = None
    data_dir: str | None = None
    limit: int | None = None
    vocabulary_size: int | None = None
    sequence_length: int | None = None
    epochs: int = 1
    batch_size: int | None = None
    optimizer: str | None = None
    learning_rate: float = 1e-3
    quantum_learning_rate: float | None = None
    warmup: float = 0.1
    weight_decay: float | None = None
    clipnorm: float | None = None
    patience: int = 3
    gradient_every: int = 10
    xla: bool = False
    seed: int = 0

    def __post_init__(self):
        check_choice("model", self.model, SYSTEMS)
        for name in PATHS:
            if isinstance(getattr(self, name), os.PathLike):
                self._set(name, os.fspath(getattr(self, name)))
        _check_types(self)
        system = self.system
        self._set("options", _options(system, self.options))
        if self.classical is not None:
            check_choice("classical", self.classical, system.baselines)
        defaults = {**DEFAULTS, **self.options.training_defaults}
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
        if self.label_names is not None:
            self._set("label_names", tuple(self.label_names))

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    @property
    def system(self):
        """The row of `SYSTEMS` that `model` names."""
        return SYSTEMS[self.model]

    @property
    def circuit_runs(self):
        """How often each circuit runs in a step, an int."""
        runs = self.options.circuit_runs(self.sequence_length)
        return self.batch_size * runs

    @classmethod
    def names(cls):
        """The names of the general arguments, a list of str."""
        return [field.name for field in dataclasses.fields(cls)]

    def to_dict(self):
        """The arguments as plain JSON types."""
        result = {name: getattr(self, name) for name in self.names()}
        result["options"] = self.options.to_dict()
        if self.label_names is not None:
            result["label_names"] = list(self.label_names)
        return result

    @classmethod
    def from_dict(cls, config):
        """Builds a config from `to_dict()`.

        Arguments of the system may also stand beside the others, as version
        0.1 wrote them.

        Raises:
            UserError: an argument is not known, or out of its range.
        """
        own = cls.names()
        name = config.get("model", cls.model)
        check_choice("model", name, SYSTEMS)
        of_system = SYSTEMS[name].options.names()
        for key in config:
            if key not in own and key not in of_system:
                raise choice_error("training argument", key, own + of_system)
        options = config.get("options", {})
        if not isinstance(options, dict):
            options = options.to_dict()
        beside = {k: v for k, v in config.items() if k not in own}
        general = {k: v for k, v in config.items() if k in own}
        return cls(**{**general, "options": {**options, **beside}})


def _check_types(config):
    """Raises `UserError` unless what is not checked elsewhere is text."""
    for name in TEXTS:
        value = getattr(config, name)
        if value is not None and not isinstance(value, str):
            raise UserError(
                f"Expected {name} to be text. Received: {name}={value!r}"
            )
    names = config.label_names
    if names is not None and (
        isinstance(names, str)
        or not all(isinstance(name, str) for name in names)
    ):
        raise UserError(
            "Expected label_names to be a list of texts. Received: "
            f"label_names={names!r}"
        )
    check_choice("xla", str(config.xla), ("True", "False"))


def _options(system, given):
    if isinstance(given, dict):
        return system.options.from_dict(given)
    if not isinstance(given, system.options):
        raise UserError(
            f"Expected options of {system.name} as {system.options.__name__} "
            f"or a dict. Received: {type(given).__name__}"
        )
    return given
