"""Which adapter of a model is in use, and copies of a model."""

from tfq_hybrid.adapters.compiled import compile_again, forget_functions
from tfq_hybrid.adapters.hosts import adaptation_of
from tfq_hybrid.adapters.install import switch
from tfq_hybrid.errors import UserError, check_choice


def activate(model, name):
    """Uses and trains the adapter of a name.

    Args:
        model: an adapted model.
        name: str. As given to `adapt`.

    Raises:
        UserError: there is none of that name.
    """
    adaptation = adaptation_of(model)
    check_choice("name", name, adaptation.methods)
    if adaptation.active != name:
        adaptation.active = name
        switch(model, adaptation)
        compile_again(model)


def disable(model):
    """Switches all adapters off: the model computes what its base does.

    Args:
        model: a model with additive or prefix methods only.

    Returns:
        A context manager: `with disable(model): …` switches back on at its
        end. Without `with`, `activate` does.

    Raises:
        UserError: a method in the model changed the base itself.
    """
    adaptation = adaptation_of(model)
    for name, method in adaptation.methods.items():
        if not method.is_additive:
            raise UserError(
                "Expected methods that leave the base whole, to disable. "
                f"Received: {type(method).__name__} as {name!r}"
            )
    return _Disabled(model, adaptation)


class _Disabled:
    """Switched off from its making on, until the end of its `with`."""

    def __init__(self, model, adaptation):
        self._model = model
        self._adaptation = adaptation
        self._active = adaptation.active
        self._switch(None)

    def __enter__(self):
        return self._model

    def __exit__(self, *_):
        self._switch(self._active)

    def _switch(self, name):
        self._adaptation.active = name
        switch(self._model, self._adaptation)
        forget_functions(self._model)


def clone(model):
    """A copy of an adapted model, with weights of its own.

    `keras.models.clone_model` copies the graph only, without what was done
    to the layers.

    Args:
        model: an adapted model.

    Returns:
        A model of the same class, not compiled by the arguments of this one.
    """
    adaptation_of(model)
    copy = type(model).from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy
