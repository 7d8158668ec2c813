"""What `__all__` names is annotated and explained."""

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


def functions_of(value):
    """A function, or the public methods that a class itself defines."""
    if inspect.isfunction(value):
        yield value.__name__, value
        return
    for name, member in vars(value).items():
        if isinstance(member, property):
            member = member.fget
        member = inspect.unwrap(getattr(member, "__func__", member))
        generated = getattr(member, "__qualname__", "").startswith(
            "__create_fn"
        )
        if (
            inspect.isfunction(member)
            and of_ours(member)
            and not generated
            and (name == "__init__" or not name.startswith("_"))
        ):
            yield f"{value.__name__}.{name}", member


@pytest.mark.parametrize("room", tfq_hybrid._ROOMS)
def test_public_names_are_explained(room):
    for name, value in public(room):
        # A class would inherit one; a dataclass would get its signature.
        is_class = inspect.isclass(value)
        text = vars(value).get("__doc__") if is_class else value.__doc__
        assert text and not text.startswith(f"{name}("), name


@pytest.mark.parametrize("room", tfq_hybrid._ROOMS)
def test_public_functions_are_annotated(room):
    missing = []
    for _, value in public(room):
        for name, function in functions_of(value):
            signature = inspect.signature(function)
            needed = [
                p.name
                for p in signature.parameters.values()
                if p.annotation is p.empty and p.name not in ("self", "cls")
            ]
            is_initializer = name.endswith("__init__")
            if signature.return_annotation is signature.empty:
                needed += [] if is_initializer else ["return"]
            missing += [f"{name}: {argument}" for argument in needed]
    assert not missing
