"""What is around a model's `train_step` while it is traced, or run eagerly."""

import contextlib


def surround(model, name, context):
    """Runs a model's `train_step` inside a context, under a name.

    The step is traced anew. Contexts of other names stay around it; one of
    the same name, which a training that was cut short left behind, goes.

    Args:
        model: a compiled `keras.Model`.
        name: str.
        context: function without arguments, of a context manager.
    """
    step = vars(model).get("train_step")
    if not hasattr(step, "contexts"):
        model.train_step = step = _inside({}, model.train_step)
    step.contexts[name] = context
    model.make_train_function(force=True)


def release(model, name):
    """Takes the context of a name off a model, where it has that."""
    contexts = getattr(vars(model).get("train_step"), "contexts", {})
    if name not in contexts:
        return
    del contexts[name]
    if not contexts:
        del model.train_step  # the class's own again
    model.make_train_function(force=True)


def _inside(contexts, inner):
    def train_step(data):
        with contextlib.ExitStack() as stack:
            for context in contexts.values():
                stack.enter_context(context())
            return inner(data)

    train_step.contexts = contexts
    return train_step
