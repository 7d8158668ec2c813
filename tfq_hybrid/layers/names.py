"""Names of options of the layers, for those who import no TensorFlow."""

READOUTS = ("plain", "standardised")
