"""From a trained circuit to a device: count, compile, submit, mitigate.

counts      gates and depth, as written and in a gate set
resources   circuits, shots, time and cost of a model
shots       shots for a standard error
device      `Device`, a sampler with a gate set, limits and a log
placement   circuits on the qubits of a device
jobs        jobs with ids, kept on disk, asked for again
vendors     the clients of IonQ and AQT
ordering    whether bits come back in their order
readout     readout errors measured and inverted
named       devices by name
evaluation  a trained model with its circuits on a device
zero_noise  gates folded, expectations extrapolated to no noise
"""

import lazy_loader

# The names are in `__init__.pyi`; a module is imported with its first.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
