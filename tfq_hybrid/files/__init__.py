"""Files: written whole or not at all; read as data that run no code.

    writing     atomic writers
    classes     the classes and functions that a config may name
    configs     a walk over a Keras config, before Keras sees it
    budget      what building a model may take, by the size of its file
    models      `.keras` files
    presets     folders of keras-hub and of Hugging Face
    archives    zip archives and `.npz` files
    headers     what an array or an attribute of an HDF5 file claims to take
    groups      the groups of HDF5 files, followed with an end
    hdf5        HDF5 files, looked through before HDF5 reads them
    yaml_reader YAML as plain data

Only the writers are imported here: the readers need Keras.
"""

from tfq_hybrid.files.writing import (
    check_output_folder,
    naming_storage_errors,
    remove_partials,
    remove_partials_of,
    replacing,
    write_json,
    write_text,
)

__all__ = [
    "check_output_folder",
    "naming_storage_errors",
    "remove_partials",
    "remove_partials_of",
    "replacing",
    "write_json",
    "write_text",
]
