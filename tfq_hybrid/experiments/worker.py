"""What a process of the runner does."""

import atexit
import os
import tempfile
import time
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


def perform(recipe, arguments, seed, paths):
    """Runs a job of a recipe.

    Returns:
        A triple: what it found as plain JSON types, arrays by name, and the
        seconds it took.
    """
    import keras

    from tfq_hybrid.experiments.recipes import RECIPES

    began = time.perf_counter()
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        found, arrays = RECIPES[recipe].perform(arguments, seed, paths, folder)
    return found, arrays, time.perf_counter() - began
