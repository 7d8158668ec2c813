"""How adapted models are compiled, and whether they are ready to train."""

import warnings

import keras

from tfq_hybrid.errors import UserError

FUNCTIONS = (
    "train_function",
    "test_function",
    "predict_function",
    "generate_function",
)


def forget_functions(model: keras.Model) -> None:
    """Drops compiled functions, which hold the layers as they were."""
    for name in FUNCTIONS:
        if hasattr(model, name):
            setattr(model, name, None)


def compile_again(model: keras.Model) -> None:
    """Compiles a compiled model again, with a fresh optimizer.

    An optimizer keeps the variables that it was built for, and a compiled
    function the layers that it was traced with. Where the arguments of
    `compile` cannot be serialised, the model is left uncompiled, and Keras
    says so when it is to train.
    """
    forget_functions(model)
    if not getattr(model, "compiled", False):
        return
    sampler = getattr(model, "sampler", None)
    options = {} if sampler is None else {"sampler": sampler}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said below by Keras's error
            config = keras.saving.deserialize_keras_object(
                model.get_compile_config()
            )
    except (TypeError, ValueError):
        config = None
    if not config:
        model.compiled = False
        return
    model.compile(**config, **options)


def compile_from_config(model: keras.Model, config: dict) -> None:
    """Compiles a model as it was when saved, with the optimizer's state.

    The method of that name for a class whose `compile` is its own, as that
    of a keras-hub task is: Keras's own method skips those.
    """
    model.compile(**keras.saving.deserialize_keras_object(config))
    model.optimizer.build(model.trainable_variables)


def check_ready_to_train(model: keras.Model) -> None:
    """Raises `UserError` if training would change nothing, or not all."""
    if model.adaptation.active is None:
        names = ", ".join(model.adaptation.methods)
        raise UserError(
            "Expected an active adapter to train: call adapters.activate(model"
            f", name) with a name of: {names}. Received: all disabled"
        )
    if not model.optimizer.built:
        return
    known = {id(v) for v in optimizer_variables(model.optimizer)}
    missing = [v for v in model.trainable_variables if id(v) not in known]
    if missing:
        raise UserError(
            "Expected a model that was compiled after the last change of what "
            f"trains: call compile again. Received: {len(missing)} variables "
            f"that its optimizer does not know, such as {missing[0].path}"
        )


def optimizer_variables(
    optimizer: keras.optimizers.Optimizer,
) -> list[keras.Variable]:
    """The variables that a built optimizer updates."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    return optimizer._trainable_variables
