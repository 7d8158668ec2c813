"""Helpers to save a model, load it, and compare."""

import json

import numpy as np

from tfq_hybrid.files.models import load_model


def saved_and_loaded(model, folder, **options):
    path = folder / "model.keras"
    model.save(path)
    return load_model(path, **options)


def assert_same(a, b):
    """The same class, config and weights."""
    assert type(a) is type(b)
    assert text_of(a) == text_of(b)
    # What quantizes adds its variables in another order when it is loaded.
    olds, news = (sorted(each.weights, key=name_of) for each in (a, b))
    for old, new in zip(olds, news, strict=True):
        assert (name_of(old), old.dtype) == (name_of(new), new.dtype)
        old, new = (np.array(v.value) for v in (old, new))
        assert old.tobytes() == new.tobytes()


def name_of(variable):
    """Its name, without the number that Keras counts up for some."""
    return variable.name.rstrip("_0123456789")


def text_of(model):
    """Its config, with tuples and lists alike."""
    return json.dumps(model.get_config(), sort_keys=True, default=str)
