"""From a trained circuit to a device: compile, submit, mitigate, count.

device      `Device`, a sampler with a gate set, limits and a log
jobs        jobs with ids, kept on disk, asked for again
readout     readout errors measured and inverted
zero_noise  gates folded, expectations extrapolated to no noise
"""

from tfq_hybrid.hardware.device import Device
from tfq_hybrid.hardware.jobs import JobFailedError, Submitting
from tfq_hybrid.hardware.ordering import check_order
from tfq_hybrid.hardware.readout import (
    Misread,
    ReadoutInversion,
    invert_readout,
)
from tfq_hybrid.hardware.zero_noise import ZeroNoise, fold

__all__ = [
    "Device",
    "JobFailedError",
    "Misread",
    "ReadoutInversion",
    "Submitting",
    "ZeroNoise",
    "check_order",
    "fold",
    "invert_readout",
]
