__all__ = [
    "GATESETS",
    "CircuitCounts",
    "Device",
    "JobFailedError",
    "Misread",
    "ReadoutInversion",
    "Resources",
    "Submitting",
    "Work",
    "ZeroNoise",
    "check_order",
    "count_circuit",
    "fold",
    "in_gateset",
    "invert_readout",
    "resources",
    "shots_for_error",
]

from .counts import GATESETS, CircuitCounts, count_circuit, in_gateset
from .device import Device
from .jobs import JobFailedError, Submitting
from .ordering import check_order
from .readout import Misread, ReadoutInversion, invert_readout
from .resources import Resources, Work, resources
from .shots import shots_for_error
from .zero_noise import ZeroNoise, fold
