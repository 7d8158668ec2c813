"""What a process of the runner does."""

import tempfile
import time


def perform(recipe, arguments, seed, paths):
    """Runs a job of a recipe.

    Returns:
        A triple: what it found as plain JSON types, arrays by name, and the
        seconds it took.
    """
    import keras

    from tfq_hybrid.comparison.recipes import RECIPES

    began = time.perf_counter()
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        found, arrays = RECIPES[recipe].perform(arguments, seed, paths, folder)
    return found, arrays, time.perf_counter() - began
