"""`Target`: a reader, and the whole files that its inputs come from."""

import dataclasses
from collections.abc import Callable


def _alike(name):
    return 1


@dataclasses.dataclass(frozen=True)
class Target:
    """What is fuzzed.

    Attributes:
        corpus: function that makes the whole inputs, a list of dicts of a
            path and bytes. The reader takes each; one that is there twice is
            mutated twice as often.
        reader: function that gets all ready and returns the reader: a
            function of a folder, the paths that were changed in it, and a
            `random.Random`. Where it refuses, it raises `UserError`.
        attacks: list of JSON values that are put into JSON.
        hostile: function that makes whole hostile inputs, a list as above.
        names: function that lists names of classes and functions.
        weights: function of a path to how often it is changed, a number.
    """

    corpus: Callable
    reader: Callable
    attacks: list = dataclasses.field(default_factory=list)
    hostile: Callable = list
    names: Callable = list
    weights: Callable = _alike
