"""`QuantumNaturalGradient`: steps of equal length in the space of states."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from tfq_hybrid.errors import UserError, check_integer, is_number
from tfq_hybrid.optimizers.layer_metric import Calls, LayerMetric


@keras.saving.register_keras_serializable("tfq_hybrid")
class QuantumNaturalGradient(keras.optimizers.Optimizer):
    """Natural gradient for circuits, another optimiser for all other weights.

    The weights theta of each circuit layer move by

        theta <- theta - learning_rate * (g + damping * 1)^-1 gradient

    (Stokes et al. 2020, arXiv 1909.02108), where g is the layer's Fubini-Study
    metric at the batch's inputs, averaged over them: the metric of a model is
    block-diagonal, one block for each circuit layer. The metric comes from
    exact states, on the batched engine, also where a layer's expectations come
    from shots. One step costs (weights + 1) further simulations of every
    circuit of the batch, and no execution on a device.

    Give it to `model.compile`. It is saved and loaded with the model.

    Args:
        learning_rate: of the circuits' weights: a float or a schedule.
            Defaults to 0.05.
        classical: the optimiser of all other weights, with a learning rate of
            its own: what `keras.optimizers.get` accepts. Defaults to `"adam"`.
        damping: is added to the diagonal of the metric, whose entries are 1/4
            for a rotation. A weight that does not move the state has an entry
            of 0, and would divide by it; with the default of 1e-3 no step is
            longer than 1000 times that of gradient descent, and directions
            that move the state change by less than 1 %. Above 0.
        examples: the metric averages at most so many of a call's examples,
            the first ones. Defaults to `None`: all.
        **kwargs: other arguments of `keras.optimizers.Optimizer`, which apply
            to the circuits' weights.

    Raises:
        UserError: an argument is out of its range; or, at the first step, no
            trained weight is a circuit's, a circuit has channels, or it has a
            gate that the batched engine does not know.

    Example:

    >>> import numpy as np
    >>> from tfq_hybrid.layers import QuantumDense
    >>> model = keras.Sequential([keras.Input((3,)), QuantumDense(1, "qffn")])
    >>> model.compile(QuantumNaturalGradient(0.1, classical="adam"), "mse")
    >>> history = model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    """

    def __init__(
        self,
        learning_rate: Any = 0.05,
        classical: Any = "adam",
        damping: float = 1e-3,
        examples: int | None = None,
        name: str = "quantum_natural_gradient",
        **kwargs: Any,
    ):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        if not is_number(damping) or damping <= 0:
            raise UserError(
                "Expected damping above 0, as a metric may be singular. "
                f"Received: damping={damping!r}"
            )
        if examples is not None:
            check_integer("examples", examples, minimum=1)
        self.classical = keras.optimizers.get(classical)
        self.damping = damping
        self.examples = examples
        self._calls = Calls()

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Makes the state of the optimisers, of which each has its own."""
        circuits, others = _split(variables)
        if not circuits:
            raise UserError(
                "Expected a model with a circuit that trains. Received: "
                f"{len(others)} trained variables, none of which is a circuit's"
            )
        super().build(circuits)
        self._calls.only(circuits)
        if others:
            self.classical.build(others)

    def apply(
        self,
        grads: Sequence[tf.Tensor],
        trainable_variables: Sequence[keras.Variable] | None = None,
    ) -> None:
        """Moves all weights by one step."""
        if trainable_variables is None:
            raise UserError(
                "Expected gradients with their variables. Received: gradients "
                "alone"
            )
        if tf.distribute.has_strategy():
            raise UserError(
                "Expected a training on one device: each replica would have a "
                "metric of its own. Received: "
                f"{type(tf.distribute.get_strategy()).__name__}"
            )
        if not self.built:
            self.build(list(trainable_variables))
        gradients = {
            id(variable): gradient
            for gradient, variable in zip(
                grads, trainable_variables, strict=True
            )
        }
        circuits, others = _split(trainable_variables)
        natural = [
            self._natural(gradients[id(variable)], *heard)
            for variable, heard in zip(
                circuits, self._calls.take(circuits), strict=True
            )
        ]
        super().apply(natural, circuits)
        if others:
            of_others = [gradients[id(variable)] for variable in others]
            self.classical.apply(of_others, others)

    def _natural(self, gradient, layer, calls):
        if gradient is None:
            return None
        if layer is None or not calls:
            raise UserError(
                "Expected gradients in the graph in which they are applied, as "
                "in model.fit. Received: gradients of a circuit whose inputs "
                "are not known here"
            )
        metric = LayerMetric(layer, self.examples)(calls)
        if layer.held is not None:  # among the angles that train
            trains = 1 - tf.convert_to_tensor(layer.held)[:1]
            metric *= tf.cast(tf.transpose(trains) * trains, metric.dtype)
        metric += self.damping * tf.eye(metric.shape[0], dtype=metric.dtype)
        column = tf.cast(gradient, metric.dtype)[:, tf.newaxis]
        step = tf.linalg.solve(metric, column)[:, 0]
        return tf.cast(step, gradient.dtype)

    def update_step(
        self,
        gradient: tf.Tensor,
        variable: Any,
        learning_rate: Any,
    ) -> None:
        """Moves the weights of one circuit along its natural gradient."""
        rate = keras.ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, rate * gradient)

    @property
    def variables(self) -> list[keras.Variable]:
        """The state of both optimisers."""
        return [*super().variables, *self.classical.variables]

    def finalize_variable_values(self, var_list: Any) -> None:
        """Writes averages into the weights, where some are kept."""
        circuits, others = _split(var_list)
        super().finalize_variable_values(circuits)
        if others:
            self.classical.finalize_variable_values(others)

    def get_config(self) -> dict[str, Any]:
        """The arguments as plain JSON types."""
        return {
            **super().get_config(),
            "classical": keras.optimizers.serialize(self.classical),
            "damping": self.damping,
            "examples": self.examples,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None
    ) -> Self:
        """An optimiser from what `get_config` gave."""
        config = dict(config)
        config["classical"] = keras.optimizers.deserialize(
            config["classical"], custom_objects
        )
        return super().from_config(config, custom_objects)


def _split(variables):
    """The weights of circuits, and all others."""
    circuits, others = [], []
    for variable in variables:
        is_circuits = getattr(variable, "of_circuit", False)
        (circuits if is_circuits else others).append(variable)
    return circuits, others
