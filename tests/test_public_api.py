"""What `__all__` names is explained."""

import inspect

import pytest

import tfq_hybrid


def of_ours(value):
    return getattr(value, "__module__", "").startswith("tfq_hybrid.")


def public(room):
    """The classes and functions that a room exports, with their names."""
    package = getattr(tfq_hybrid, room)
    for name in package.__all__:
        value = getattr(package, name)
        if of_ours(value) and (
            inspect.isclass(value) or inspect.isfunction(value)
        ):
            yield name, value


@pytest.mark.parametrize("room", tfq_hybrid._ROOMS)
def test_public_names_are_explained(room):
    for name, value in public(room):
        # A class would inherit one; a dataclass would get its signature.
        is_class = inspect.isclass(value)
        text = vars(value).get("__doc__") if is_class else value.__doc__
        assert text and not text.startswith(f"{name}("), name
