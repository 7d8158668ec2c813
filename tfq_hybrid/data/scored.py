"""`load_scored`: texts with a number each, such as how alike two texts are."""

import dataclasses
import os
from typing import Any

import numpy as np

from tfq_hybrid.data.datasets import Examples, read_source


@dataclasses.dataclass(frozen=True)
class ScoredTexts(Examples):
    """Texts in memory, with a number each.

    A loss takes `(labels - mean) / scale`, of shape (examples, 1).

    Attributes:
        texts: the texts, or pairs of texts.
        labels: float64 array of shape (examples,), in the unit of the data.
        mean: 0 in what a loss takes. Defaults to 0.
        scale: 1 in what a loss takes. Defaults to 1.

    Example:

    >>> scored = ScoredTexts(["a", "b"], np.array([1.0, 3.0]), 2.0, 0.5)
    >>> scored.targets().tolist()
    [[-2.0], [2.0]]
    """

    mean: float = 0.0
    scale: float = 1.0

    def standardised(self, mean: float, scale: float) -> "ScoredTexts":
        """The same examples, with another mean and scale."""
        return dataclasses.replace(self, mean=mean, scale=scale)

    def written(self) -> list[float]:
        return self.labels.tolist()

    def targets(self) -> np.ndarray:
        # A column, as models answer: (n,) against (n, 1) would be n x n.
        column = (self.labels - self.mean) / self.scale
        return column.astype(np.float32)[:, None]


def load_scored(
    source: str | os.PathLike[str],
    split: str = "train",
    **columns: Any,
) -> ScoredTexts:
    """Loads texts with a number each.

    Args:
        source, split: as for `load_dataset`.
        **columns: further arguments of `load_dataset`.

    Raises:
        UserError: as for `load_dataset`; or a label is no number.
    """
    texts, values, _ = read_source(source, split, **columns, targets="numbers")
    return ScoredTexts(texts, np.array(values, np.float64))
