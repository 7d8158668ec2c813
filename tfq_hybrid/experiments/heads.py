"""Heads on embeddings: trained by Keras or by scikit-learn."""

import dataclasses

import numpy as np

from tfq_hybrid.errors import check_choice

CLASSICAL = ("logistic regression", "SVM")


@dataclasses.dataclass(frozen=True)
class Split:
    """Embeddings and labels of one part of the data.

    Args:
        embeddings: array of shape (examples, width).
        labels: int array of shape (examples,).
    """

    embeddings: np.ndarray
    labels: np.ndarray


def train_head(
    head, training, validation, test, loss, epochs, batch_size, rate, seed
):
    """Trains a head; the epoch of the lowest validation loss answers.

    Args:
        head: Keras layer from (batch, width) to (batch, classes), logits.
        training, validation, test: `Split`.
        loss: `keras.losses.Loss` on labels and logits.
        epochs: int.
        batch_size: int.
        rate: float. The peak learning rate of AdamW, which decays by a
            cosine.
        seed: int, of the order of examples.

    Returns:
        A pair of a dict and arrays, as `answer` gives them.
    """
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((training.embeddings.shape[1],))
    model = keras.Model(inputs, head(inputs))
    steps = epochs * -(-len(training.labels) // batch_size)
    model.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(rate, steps), clipnorm=1.0
        ),
        loss=loss,
        metrics=["accuracy"],
    )
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
    logits = model.predict(test.embeddings, batch_size=256, verbose=0)
    found, arrays = answer(np.argmax(logits, axis=-1), test.labels)
    own = model.predict(validation.embeddings, batch_size=256, verbose=0)
    found["validation_accuracy"] = float(
        np.mean(np.argmax(own, axis=-1) == validation.labels)
    )
    found["validation_loss"] = float(min(history.history["val_loss"]))
    found["best_epoch"] = int(best.best_epoch) + 1
    found["parameters"] = {"head": int(model.count_params())}
    return found, arrays


def fit_classical(kind, training, validation, test, seed):
    """Fits a head of scikit-learn; validation chooses its strength.

    Args:
        kind: str, of `CLASSICAL`.
        training, validation, test: `Split`.
        seed: int.

    Returns:
        As `train_head`.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    check_choice("head", kind, CLASSICAL)
    best = None
    for strength in (0.01, 0.1, 1.0, 10.0):
        if kind == "SVM":
            head = SVC(C=strength, random_state=seed)
        else:
            head = LogisticRegression(
                C=strength, max_iter=2000, random_state=seed
            )
        model = make_pipeline(StandardScaler(), head)
        model.fit(training.embeddings, training.labels)
        score = model.score(validation.embeddings, validation.labels)
        if best is None or score > best[0]:
            best = score, strength, model
    score, strength, model = best
    found, arrays = answer(model.predict(test.embeddings), test.labels)
    fitted = model[-1]
    if kind == "SVM":
        # What it keeps: its support vectors and a factor for each.
        count = fitted.support_vectors_.size + fitted.dual_coef_.size + 1
    else:
        count = fitted.coef_.size + fitted.intercept_.size
    found["validation_accuracy"] = float(score)
    found["strength"] = strength
    found["parameters"] = {"head": int(count)}
    return found, arrays


def answer(predicted, labels):
    """Figures and arrays of an answered test.

    Returns:
        A dict with accuracy and F1 (macro, weighted, of each class), and
        arrays: `scores`, 1 for each right answer, `predicted`, `labels`.
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
