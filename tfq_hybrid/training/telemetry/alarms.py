"""`Alarms`: one line in the log when a circuit stops learning."""

import collections
import logging

import numpy as np

logger = logging.getLogger("tfq_hybrid.telemetry")

# Our choice of thresholds. Root mean squares over the parameters, so that
# layers of different sizes compare.
VANISHING = 1e-3  # times that of the classical parameters at the same step
PATIENCE = 5  # readings in a row
EXPLODING = 100.0  # times the layer's largest in its first readings
# The norm that is usually clipped to: what grows below it, as where training
# leaves a plateau, does no harm.
HARMLESS_NORM = 1.0
BASELINE = 5  # of these readings


class Alarms:
    """Watches the gradient of each circuit for three things.

    - `vanishing`: for 5 readings in a row, the root mean square of the
      circuit's gradient is at most 0.001 times that of the classical
      parameters, so that its angles learn a thousand times slower than the
      rest; without classical parameters, 0.001 times the largest that the
      circuit itself has had. A gradient of zero always counts.
    - `exploding`: the root mean square is above 100 times the largest of the
      circuit's first 5 readings, and the norm above 1.
    - `nan`: an entry is NaN or infinite; or, behind a loss scale, which
      skips such steps, all steps of 5 readings in a row were skipped.

    Each is told once an event: again only after a reading without it.
    """

    def __init__(self):
        self._largest = collections.defaultdict(list)
        self._small = collections.Counter()
        self._skipped = 0
        self._active = set()

    def read(self, step, name, gradient, classical=None):
        """Looks at the gradient of one circuit.

        Args:
            step: int.
            name: str. The circuit.
            gradient: array of shape (parameters,).
            classical: float. The root mean square of the classical
                gradients, or `None` where nothing classical trains.

        Returns:
            A list of pairs: the alarm's name and its text, one line.
        """
        self._skipped = 0
        where = f"Step {step}: the gradient of {name}"
        size = root_mean_square(gradient)
        if not np.isfinite(size):
            text = f"{where} holds NaN or infinity"
            return self._told(name, {"nan": text})
        found = {}
        first = self._largest[name]
        is_large = np.sqrt(np.size(gradient)) * size > HARMLESS_NORM
        has_grown = len(first) == BASELINE and size > EXPLODING * max(first) > 0
        if is_large and has_grown:
            found["exploding"] = (
                f"{where} explodes: its root mean square, {size:.2g}, is "
                f"{size / max(first):.0f} times the largest of its first "
                f"{BASELINE} readings. Try a lower learning rate or "
                "clipnorm."
            )
        reference, whose = classical, "the classical parameters'"
        if classical is None:
            reference, whose = max([0.0, *first]), "its largest so far"
        if len(first) < BASELINE:
            first.append(size)
        # Where the rest explodes, a circuit is not small.
        is_small = size == 0.0 or size <= VANISHING * reference < np.inf
        self._small[name] = self._small[name] + 1 if is_small else 0
        if self._small[name] >= PATIENCE:
            found["vanishing"] = (
                f"{where} vanishes: for {self._small[name]} readings its root "
                f"mean square, now {size:.2g}, has been at most {VANISHING:g} "
                f"times {whose}, {reference:.2g}. Try fewer qubits or layers, "
                "observables on single qubits, or angles that begin near zero."
            )
        return self._told(name, found)

    def skip(self, step):
        """Counts a reading whose step the loss scale skipped.

        Returns:
            As `read` does.
        """
        self._skipped += 1
        text = (
            f"Step {step}: gradients hold NaN or infinity, and the loss scale "
            f"has skipped the steps of {self._skipped} readings in a row"
        )
        found = {"nan": text} if self._skipped >= PATIENCE else {}
        return self._told("model", found)

    def _told(self, name, found):
        """Logs the alarms that were not there before; gives them."""
        fresh = [
            (alarm, text)
            for alarm, text in found.items()
            if (name, alarm) not in self._active
        ]
        self._active = {key for key in self._active if key[0] != name}
        self._active |= {(name, alarm) for alarm in found}
        for _, text in fresh:
            logger.warning(text)
        return fresh


def root_mean_square(gradient):
    """The square root of the mean of the squares, a float."""
    return float(np.sqrt(np.mean(np.square(gradient, dtype=np.float64))))
