__all__ = [
    "AQT",
    "GATESETS",
    "CircuitCounts",
    "Device",
    "Evaluation",
    "IonQ",
    "JobFailedError",
    "Misread",
    "ReadoutInversion",
    "Resources",
    "Submitting",
    "Work",
    "ZeroNoise",
    "check_order",
    "count_circuit",
    "device_named",
    "device_names",
    "evaluate_on",
    "fold",
    "in_gateset",
    "invert_readout",
    "on_backend",
    "resources",
    "shots_for_error",
]

from .counts import GATESETS, CircuitCounts, count_circuit, in_gateset
from .device import Device
from .evaluation import Evaluation, evaluate_on, on_backend
from .jobs import JobFailedError, Submitting
from .named import device_named, device_names
from .ordering import check_order
from .readout import Misread, ReadoutInversion, invert_readout
from .resources import Resources, Work, resources
from .shots import shots_for_error
from .vendors import AQT, IonQ
from .zero_noise import ZeroNoise, fold
