"""The rows of a comparison: methods, systems, heads, the majority class."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from typing import Any

from tfq_hybrid.adapters.methods import METHODS
from tfq_hybrid.config.fields import Field
from tfq_hybrid.config.values import check_keys, full_key, nest, read_value
from tfq_hybrid.errors import UserError, check_number, match_choice
from tfq_hybrid.training.arguments import fields_of_training
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.training.defaults import ADAPTED
from tfq_hybrid.training.systems import SYSTEMS

# Classical heads of scikit-learn on the embeddings of the preset, by task.
HEADS = {
    "classification": {
        "logistic-regression": "logistic regression",
        "svm": "SVM",
        "mlp": "MLP of scikit-learn",
    },
    "regression": {"ridge": "ridge regression"},
    "multi-label": {"logistic-regression": "one-vs-rest logistic regression"},
}
# What a row may not set: it is the same for all.
SHARED = (
    "data",
    "validation_data",
    "split",
    "text_column",
    "text_columns",
    "task",
    "label_column",
    "label_names",
    "delimiter",
    "data_dir",
    "limit",
    "epochs",
    "batch_size",
    "sequence_length",
    "seed",
)


@dataclasses.dataclass(frozen=True)
class Row:
    """What is compared with others.

    Args:
        name: in tables; no other row has it.
        kind: `"train"`, a training of a config; `"head"`, a head of
            scikit-learn on embeddings; or `"floor"`, what learns nothing.
        arguments: plain data: of a training the arguments that make the row,
            nested; of a head its `kind`.
        keeps_rate: whether its learning rate is the only one that is tried.
            Defaults to `False`: others around it are, too.
    """

    name: str
    kind: str
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)
    keeps_rate: bool = False

    def config(self, shared: Mapping[str, Any]) -> TrainConfig:
        """The training of a row; what all rows share is a nested dict.

        Raises:
            UserError: the arguments do not go together, or not with those of
                all rows.
        """
        general = {k: v for k, v in shared.items() if k not in _OF_PRESETS}
        config = {**general, **self.arguments}
        model = config.get("model", TrainConfig.model)
        known = {field.key for field in fields_of_training(model)}
        for key in _OF_PRESETS:
            if key in shared and key in known:
                config.setdefault(key, shared[key])
        return TrainConfig.from_dict(config)


_OF_PRESETS = ("preset", "pooling")
# The middle of the rates that are tried for a row, in place of its own.
AROUND = "rates_around"


def read_rows(
    methods: Iterable[str] | Mapping[str, Any],
    task: str = "classification",
    floor: str = "majority",
) -> list[Row]:
    """The rows that words, or names with methods, stand for.

    A word is a method of adaptation, a published system, a classical head or
    the floor, with arguments behind colons: `lora:rank=4`,
    `hybrid-bert:baseline=linear`. Case, hyphens and underscores do not count.
    `learning-rate=0.01` is then the only rate that is tried, and
    `rates-around=0.01` the middle of those that are. The floor is a row in any
    case, the last one.

    Args:
        methods: words; or a dict from the names of rows to words, to methods
            such as `LoRA(rank=4)`, or to nested arguments of a training.
        task: that of all rows. Defaults to `"classification"`.
        floor: the row that learns nothing. Defaults to `"majority"`.

    Raises:
        UserError: a word or an argument is not known, or a row is there twice.

    Example:

    >>> rows = read_rows(["LoRA:rank=4", "hybrid_bert:baseline=mlp", "svm"])
    >>> [(row.name, row.kind) for row in rows[:2]]
    [('LoRA:rank=4', 'train'), ('hybrid-bert:baseline=mlp', 'train')]
    >>> [row.name for row in rows[2:]]
    ['svm', 'majority']
    """
    pairs: list[tuple[str | None, Any]]
    if isinstance(methods, Mapping):
        pairs = [*methods.items()]
    else:
        pairs = [(None, word) for word in methods]
    rows: dict[str, Row] = {}
    for name, value in pairs:
        row = _row(name, value, task, floor)
        if row.name in rows:
            raise UserError(
                f"Expected each row once. Received: {row.name} twice"
            )
        rows[row.name] = row
    if not rows.keys() - {floor}:
        names = ", ".join(_names(task, floor))
        raise UserError(f"Expected methods to compare: {names}. Received: none")
    rows[floor] = rows.pop(floor, Row(floor, "floor"))
    return list(rows.values())


def _row(name, value, task, floor):
    if isinstance(value, str):
        row = read_row(value, task, floor)
        return row if name is None else dataclasses.replace(row, name=name)
    if hasattr(value, "to_dict"):  # a method
        value = {"adapter": value.to_dict()}
    if not isinstance(value, Mapping) or name is None:
        raise UserError(
            "Expected a method, a word or a dict of arguments as a row. "
            f"Received: {value!r}"
        )
    return _training(name, nest(value))


def read_row(
    word: str, task: str = "classification", floor: str = "majority"
) -> Row:
    """The row that a word stands for; see `read_rows`.

    Raises:
        UserError: the word or an argument is not known.

    Example:

    >>> read_row("qffn-bert:depth=3:residual=false").arguments
    {'model': 'qffn-bert', 'circuit': {'depth': 3}, 'residual': False}
    """
    first, *given = (part.strip() for part in word.split(":"))
    name = match_choice(f"method for {task}", first, _names(task, floor))
    if name in METHODS:
        start = {"adapter": name}
    elif name in SYSTEMS:
        start = {"model": name}
    elif given:
        raise UserError(f"Expected no arguments with {name}. Received: {word}")
    elif name == floor:
        return Row(floor, "floor")
    else:
        return Row(name, "head", {"kind": HEADS[task][name]})
    keys = {field.key: field for field in _fields(name)}
    arguments: dict[str, Any] = dict(start)
    for part in given:
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(
                f"Expected arguments as KEY=VALUE. Received: {part} in {word}"
            )
        key = full_key(key.strip(), [*keys, AROUND])
        hint = keys["learning_rate" if key == AROUND else key].hint
        arguments[key] = read_value(key, hint, value.strip())
    return _training(":".join([name, *given]), nest(arguments))


def _names(task, floor):
    systems = [name for name in SYSTEMS if name != ADAPTED]
    # A language model has no head that is new.
    methods = [
        name for name in METHODS if (task, name) != ("generation", "HeadOnly")
    ]
    return [*methods, *systems, *HEADS.get(task, {}), floor]


@functools.cache
def _fields(name: str) -> list[Field]:
    """The arguments that a row of a name can set."""
    if name in METHODS:
        fields = fields_of_training(chosen={"adapter": name})
        return [
            field
            for field in fields
            if field.key.startswith("adapter.")
            or field.key in (*_OF_PRESETS, "learning_rate", "dropout")
        ]
    fields = fields_of_training(name)
    return [field for field in fields if field.key not in SHARED]


def _training(name, arguments):
    """The row of a training."""
    around = arguments.pop(AROUND, None)
    keeps_rate = "learning_rate" in arguments
    if around is not None and keeps_rate:
        raise UserError(
            f"Expected learning_rate or {AROUND}. Received: both in {name}"
        )
    if around is not None:
        check_number(AROUND, around)
        if not 0 < around < float("inf"):
            raise UserError(
                f"Expected {AROUND} to be positive. Received: {AROUND}={around}"
            )
        arguments["learning_rate"] = around
    known = [*TrainConfig.names(), *arguments]
    allowed = [key for key in known if key not in SHARED]
    check_keys("argument of a row", arguments, allowed)
    return Row(name, "train", arguments, keeps_rate)
