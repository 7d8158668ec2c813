"""Heads on embeddings: trained by Keras or by scikit-learn."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfq_hybrid.errors import check_choice

if TYPE_CHECKING:
    import keras

MLP = "MLP of scikit-learn"
# What validation chooses from: the inverse strength of the penalty, or the
# width of the hidden layer.
SETTINGS = {
    "logistic regression": (1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0),
    "SVM": (0.01, 0.1, 1.0, 10.0),
    MLP: (4, 16, 64),
}
CLASSICAL = tuple(SETTINGS)
# Of other tasks: the strength of the penalty; its inverse, one for all labels.
RIDGE = "ridge regression"
ONE_VS_REST = "one-vs-rest logistic regression"
SETTINGS_OF_TASKS = {
    **SETTINGS,
    RIDGE: (0.1, 1.0, 10.0, 100.0, 1e3, 1e4),
    ONE_VS_REST: SETTINGS["logistic regression"],
}


@dataclasses.dataclass(frozen=True)
class Split:
    """Embeddings of shape (examples, width) and labels of one part."""

    embeddings: np.ndarray
    labels: np.ndarray


def train_head(
    make: "Callable[[], keras.Layer]",
    training: Split,
    validation: Split,
    test: Split,
    loss: "keras.losses.Loss",
    **fitting: Any,
) -> tuple[dict, dict]:
    """Trains a head as `fit_head`, and answers the test data as `answer`."""
    model, fitted = fit_head(make, training, validation, loss, **fitting)
    found, arrays = answer(answers_of(model, test), test.labels)
    return {**found, **fitted}, arrays


def fit_head(
    make: "Callable[[], keras.Layer]",
    training: Split,
    validation: Split,
    loss: "keras.losses.Loss",
    epochs: int,
    batch_size: int,
    rates: Sequence[float],
    seed: int,
) -> "tuple[keras.Model, dict]":
    """Trains a head; the rate and epoch of the lowest validation loss stay.

    It begins anew for each rate, from the same weights and with the same
    order of examples; the graph is traced once for all of them. The rates are
    the peaks of AdamW's, which decay by a cosine.

    `make` gives a new layer from (batch, width) to logits (batch, classes).
    The model around it comes with what the validation says and how many
    parameters there are.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model = around(make(), training.embeddings.shape[1])
    steps = epochs * -(-len(training.labels) // batch_size)
    peak = keras.Variable(rates[0], trainable=False, name="peak_rate")
    model.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(peak, steps), clipnorm=1.0
        ),
        loss=loss,
        metrics=["accuracy"],
    )
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    beginning = _values(variables)
    fitted: dict[float, float] = {}
    best: Any = None
    for rate in rates:
        _assign(variables, beginning)
        peak.assign(rate)
        keras.utils.set_random_seed(seed)
        found = _fit(model, training, validation, epochs, batch_size)
        fitted[rate] = found["validation_loss"]
        if best is None or fitted[rate] < fitted[best[0]["rate"]]:
            best = {**found, "rate": rate}, _values(model.variables)
    found, values = best
    _assign(model.variables, values)
    by_rate = {f"{rate:g}": loss for rate, loss in fitted.items()}
    return model, {**found, "validation_by_rate": by_rate}


def _values(variables):
    return [np.array(variable) for variable in variables]


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _fit(model, training, validation, epochs, batch_size):
    """Trains a compiled model, which is left at its best epoch."""
    import keras

    best = keras.callbacks.EarlyStopping(
        "val_loss", patience=epochs, restore_best_weights=True
    )
    history = model.fit(
        training.embeddings,
        training.labels,
        validation_data=(validation.embeddings, validation.labels),
        epochs=epochs,
        batch_size=batch_size,
        callbacks=[best],
        verbose=0,
    )
    model.set_weights(best.best_weights)
    own = answers_of(model, validation)
    return {
        "validation_accuracy": float(np.mean(own == validation.labels)),
        "validation_loss": float(min(history.history["val_loss"])),
        "best_epoch": int(best.best_epoch) + 1,
        "parameters": {"head": int(model.count_params())},
    }


def around(head: "keras.Layer", width: int) -> "keras.Model":
    """A model of nothing but a head, on embeddings of a width."""
    import keras

    inputs = keras.Input((width,))
    return keras.Model(inputs, head(inputs))


def answers_of(model: "keras.Model", split: Split) -> np.ndarray:
    """The classes that a model answers."""
    logits = model.predict(split.embeddings, batch_size=256, verbose=0)
    return np.argmax(logits, axis=-1)


def fit_classical(
    kind: str, training: Split, validation: Split, test: Split, seed: int
) -> tuple[dict, dict]:
    """Fits a head of scikit-learn; validation chooses among `SETTINGS`."""
    check_choice("head", kind, CLASSICAL)
    model, score, fitted = choose_classical(kind, training, validation, seed)
    found, arrays = answer(model.predict(test.embeddings), test.labels)
    return {**found, "validation_accuracy": score, **fitted}, arrays


def choose_classical(
    kind: str, training: Split, validation: Split, seed: int
) -> tuple[Any, float, dict]:
    """A head of scikit-learn, at the setting that validation chooses.

    Args:
        kind: of `SETTINGS_OF_TASKS`.
        training, validation: embeddings with classes; with numbers for
            `RIDGE`; with labels of shape (texts, labels) for `ONE_VS_REST`.
        seed: of the head.

    Returns:
        The fitted model; its accuracy, R squared or macro F1 on the
        validation data; and `setting` and `parameters`.
    """
    best: Any = None
    for setting in SETTINGS_OF_TASKS[kind]:
        model = _fitted(kind, setting, training, seed)
        score = _score(kind, model, validation)
        if best is None or score > best[0]:
            best = score, setting, model
    score, setting, model = best
    size = {"head": int(_size(kind, model[-1]))}
    return model, float(score), {"setting": setting, "parameters": size}


def _score(kind, model, validation):
    from sklearn.metrics import f1_score

    if kind != ONE_VS_REST:
        return model.score(validation.embeddings, validation.labels)
    predicted = model.predict(validation.embeddings)
    return f1_score(
        validation.labels, predicted, average="macro", zero_division=0
    )


def _fitted(kind, setting, training, seed):
    """A head of scikit-learn on standardised embeddings, fitted."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    if kind == "SVM":
        head = SVC(C=setting, random_state=seed)
    elif kind == MLP:
        head = MLPClassifier((setting,), random_state=seed)
    elif kind == RIDGE:
        head = Ridge(setting)
    else:
        head = LogisticRegression(C=setting, max_iter=2000, random_state=seed)
        if kind == ONE_VS_REST:
            head = OneVsRestClassifier(head)
    model = make_pipeline(StandardScaler(), head)
    with warnings.catch_warnings():
        # An MLP that still learns after its 200 epochs is as good as any.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(training.embeddings, training.labels)


def _size(kind, fitted):
    """How many numbers a head of scikit-learn keeps."""
    if kind == "SVM":
        # Its support vectors, and a factor for each.
        return fitted.support_vectors_.size + fitted.dual_coef_.size + 1
    if kind == MLP:
        return sum(part.size for part in (*fitted.coefs_, *fitted.intercepts_))
    parts = fitted.estimators_ if kind == ONE_VS_REST else [fitted]
    return sum(part.coef_.size + np.size(part.intercept_) for part in parts)


def answer(predicted: Any, labels: Any) -> tuple[dict, dict]:
    """Figures and arrays of an answered test.

    Accuracy and F1 (macro, weighted, of each class), and `scores`, 1 for each
    right answer, `predicted`, `labels`.
    """
    from sklearn.metrics import f1_score

    predicted = np.asarray(predicted, np.int16)
    scores = (predicted == labels).astype(np.float32)
    by_class = f1_score(labels, predicted, average=None)
    found = {
        "test_accuracy": float(scores.mean()),
        "macro_f1": float(f1_score(labels, predicted, average="macro")),
        "weighted_f1": float(f1_score(labels, predicted, average="weighted")),
        "class_f1": [float(score) for score in by_class],
    }
    arrays = {
        "scores": scores,
        "predicted": predicted,
        "labels": np.asarray(labels, np.int16),
    }
    return found, arrays
