"""Exports of every kind, each made once, when it is first asked for."""

import functools

import keras
import pytest

from tests.serving.zoo import EXAMPLES
from tfq_hybrid.serving import Predictor, export


class _Exports(dict):
    """From a name to the path of an export and its `Example`."""

    def __init__(self, folder):
        super().__init__()
        self._folder = folder

    def __missing__(self, name):
        keras.utils.set_random_seed(11)
        example = EXAMPLES[name]()
        folder = self._folder / name
        path = export(example.model, folder, **example.options)
        self[name] = path, example
        return self[name]


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    """A dict of a name, and the path of an export with its `Example`."""
    return _Exports(tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def all_exports(exports):
    """The same, with every kind in it."""
    for name in EXAMPLES:
        exports[name]
    return exports


@pytest.fixture(scope="session")
def predictor(exports):
    """A function from a name to its `Predictor`, each loaded once."""
    return functools.cache(lambda name: Predictor(exports[name][0]))
