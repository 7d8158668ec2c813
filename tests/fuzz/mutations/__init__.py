"""Inputs from whole files: one mutation after another.

    attacks      texts and values that do harm where a reader trusts them
    plain        bytes, and lines of text
    structured   JSON
    archives     zip
    hdf5         HDF5
    mutate       a file by its kind, an input by its files

All is drawn from a `random.Random`, so that its seed stands for the input.
"""

from tests.fuzz.mutations.mutate import Material, mutate_tree

__all__ = ["Material", "mutate_tree"]
