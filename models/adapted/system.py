"""An adapted base as a system: its arguments."""

import dataclasses
from typing import Any

from tfq_hybrid.adapters.method import AnyMethod
from tfq_hybrid.adapters.methods import method_from_dict
from tfq_hybrid.config.fields import choice
from tfq_hybrid.errors import check_choice, check_share
from tfq_hybrid.training.systems import Options, System

POOLINGS = ("cls", "last", "mean", "pooled")


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdaptedOptions(Options):
    """The arguments of a pretrained base that is adapted.

    Args:
        preset: The base: a name that `presets` lists, a preset of keras-hub, a
            folder of Hugging Face, or a .gguf file. Defaults to `None`, which
            is none.
        adapter: The method. Defaults to `None`, which is none.
        pooling: The vector of a text: the first token's hidden state, the
            last one's, the mean of all, or the pooler of a BERT. Defaults to
            `None`: mean; last of a decoder.
        dropout: Dropout rate before the head of a classifier. Defaults to 0.1.

    Raises:
        UserError: an argument is out of its range.
    """

    preset: str | None = None
    adapter: AnyMethod = None
    pooling: str | None = choice(None, POOLINGS)
    dropout: float = 0.1

    def __post_init__(self):
        check_share("dropout", self.dropout)
        if self.pooling is not None:
            check_choice("pooling", self.pooling, POOLINGS)
        if isinstance(self.adapter, dict):
            method = method_from_dict(self.adapter)
            object.__setattr__(self, "adapter", method)

    @property
    def training_defaults(self) -> dict[str, Any]:
        method: Any = self.adapter
        return {} if method is None else {"learning_rate": method.learning_rate}


SYSTEM = System(
    name="adapted",
    task="classification",
    options=AdaptedOptions,
    baselines={},
    model="tfq_hybrid.models.adapted.build",
    tasks={
        "regression": (),
        "multi-label": (),
        "tokens": ("pooling",),
        "generation": ("pooling", "dropout"),
    },
)
