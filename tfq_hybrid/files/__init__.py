"""Read files as data, never as code; write them atomically.

    writing     atomic writers
    locks       one writer at a time
    homes       the modules of the classes that files name
    classes     the classes and functions that a Keras config may name
    configs     checks of a Keras config before Keras deserializes it
    budget      bounds on what a model may allocate, by its file's size
    models      `.keras` files
    keras_hooks Keras's own savers and loaders of such files
    presets     folders of keras-hub and of Hugging Face
    archives    zip archives and `.npz` files
    headers     HDF5 headers: the sizes that arrays and attributes claim
    hdf5        HDF5 files, checked before HDF5 opens them
    yaml_reader YAML as plain data

Only the writers are imported here: the readers need Keras.
"""

from tfq_hybrid.files.writing import (
    check_links,
    check_output_folder,
    naming_storage_errors,
    remove_partials,
    remove_partials_of,
    replacing,
    write_json,
    write_text,
)

__all__ = [
    "check_links",
    "check_output_folder",
    "naming_storage_errors",
    "remove_partials",
    "remove_partials_of",
    "replacing",
    "write_json",
    "write_text",
]
