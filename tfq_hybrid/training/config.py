"""`TrainConfig`: everything that decides a training, as plain data."""

import dataclasses

from tfq_hybrid.adapters import method_from_dict
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.engines import ENGINES
from tfq_hybrid.errors import (
    UserError,
    check_choice,
    check_integer,
    choice_error,
    is_number,
)
from tfq_hybrid.layers import TOKENS

MODELS = ("qffn-bert",)
CLASSICAL = ("ffn", "bottleneck")


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """The arguments of a training.

    Args:
        data: str. A local file, a TFDS name or `"embedded"`.
        model: str, a name in `MODELS`. Defaults to `"qffn-bert"`.
        classical: `"ffn"` or `"bottleneck"`: train this classical twin
            instead. Defaults to `None`: the quantum model.
        preset: str. A keras-hub BERT preset, a name or a folder, to start
            from. Defaults to `None`: BERT-tiny from random weights.
        adapter: dict of `Method.to_dict()`. Adapt the preset by this method
            instead; its circuit is the method's. Defaults to `None`.
        circuit: dict of `CircuitSpec` or `CustomCircuit`, or a preset's
            name. Defaults to `"qffn"`.
        tokens: `"all"` or `"cls"`. Defaults to `"all"`.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        split: str. The split of a TFDS data set. Defaults to `"train"`.
        validation_data: str, as `data`, its `validation` split where it is
            no file. Defaults to `None`: the `validation` split of `data`
            where it has one, else a tenth of it, drawn by the seed.
        text_column, label_column: str. Default to the usual names.
        label_names: list of str. Names for the labels in sorted order.
            Defaults to `None`: as the data says.
        data_dir: str. Where TFDS keeps its data sets. Defaults to TFDS's
            own place.
        limit: int. Train on the first examples only. Defaults to `None`.
        vocabulary_size: int. Defaults to 8192, learned from the training
            texts; a preset brings its own.
        sequence_length: int, in tokens. Defaults to 48.
        epochs: int. Defaults to 1.
        batch_size: int. Defaults to 64.
        learning_rate: float. The peak after a linear warm-up over a tenth
            of the steps; a cosine leads back to nearly zero. Defaults to
            1e-3.
        weight_decay: float. Defaults to 0.01.
        dropout: float. Defaults to 0.1.
        patience: int. Epochs without a better validation accuracy before
            the training stops. Defaults to 3.
        gradient_every: int. Steps between readings of the gradients.
            Defaults to 10.
        xla: bool. Compile the train step by XLA. Defaults to `False`.
        seed: int. Defaults to 0.

    Raises:
        UserError: an argument is out of its range.
    """

    data: str
    model: str = "qffn-bert"
    classical: str | None = None
    preset: str | None = None
    adapter: dict | None = None
    circuit: dict | str = "qffn"
    tokens: str = "all"
    engine: str = "auto"
    split: str = "train"
    validation_data: str | None = None
    text_column: str | None = None
    label_column: str | None = None
    label_names: tuple[str, ...] | None = None
    data_dir: str | None = None
    limit: int | None = None
    vocabulary_size: int = 8192
    sequence_length: int = 48
    epochs: int = 1
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    dropout: float = 0.1
    patience: int = 3
    gradient_every: int = 10
    xla: bool = False
    seed: int = 0

    def __post_init__(self):
        check_choice("model", self.model, MODELS)
        if self.classical is not None:
            check_choice("classical", self.classical, CLASSICAL)
        if self.adapter is not None:
            method = method_from_dict(self.adapter)
            object.__setattr__(self, "adapter", method.to_dict())
            if self.preset is None or self.classical is not None:
                raise UserError(
                    "Expected a preset and no classical twin with an adapter. "
                    f"Received: preset={self.preset!r}, "
                    f"classical={self.classical!r}"
                )
        check_choice("tokens", self.tokens, TOKENS)
        check_choice("engine", self.engine, ENGINES)
        minima = {
            "vocabulary_size": 64,
            "sequence_length": 3,
            "epochs": 1,
            "batch_size": 1,
            "patience": 1,
            "gradient_every": 1,
            "seed": 0,
        }
        for name, minimum in minima.items():
            check_integer(name, getattr(self, name), minimum)
        if self.limit is not None:
            check_integer("limit", self.limit, 1)
        for name, low, high in (
            ("learning_rate", 0.0, 3.4e38),
            ("weight_decay", 0.0, 3.4e38),
            ("dropout", 0.0, 1.0),
        ):
            value = getattr(self, name)
            if not is_number(value) or not low <= value < high:
                raise UserError(
                    f"Expected {name} to be a number of at least {low} and "
                    f"below {high}. Received: {name}={value!r}"
                )
        circuit = as_circuit(self.circuit)
        object.__setattr__(self, "circuit", circuit.to_dict())
        if self.label_names is not None:
            object.__setattr__(self, "label_names", tuple(self.label_names))

    def to_dict(self):
        """The arguments as plain JSON types."""
        result = dataclasses.asdict(self)
        if self.label_names is not None:
            result["label_names"] = list(self.label_names)
        return result

    @classmethod
    def from_dict(cls, config):
        """Builds a config from `to_dict()`."""
        known = [field.name for field in dataclasses.fields(cls)]
        for key in config:
            if key not in known:
                raise choice_error("training argument", key, known)
        return cls(**config)
