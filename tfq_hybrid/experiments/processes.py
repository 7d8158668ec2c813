"""The processes of the runner, each on cores of its own."""

import atexit
import os
import warnings

from tfq_hybrid.startup import end_with_parent, quiet_imports


def prepare(places):
    """Puts this process on cores of its own, before TensorFlow starts.

    Args:
        places: see `take_cores`.
    """
    end_with_parent()
    cores = take_cores(places)
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(len(cores))
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    warnings.simplefilter("ignore")  # nobody reads them here
    quiet_imports()


def take_cores(places):
    """Puts this process on cores of its own.

    Args:
        places: queue of lists of cores. One is taken out, and put back for
            the next process when this one ends.

    Returns:
        The list of cores.
    """
    cores = places.get()
    atexit.register(places.put, cores)
    os.sched_setaffinity(0, cores)
    return cores
