"""Shared fixtures: quiet start, fixed seeds, real data."""

import gc
import os
import pathlib
import signal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tensorflow_datasets as tfds

from tests.presets import one_block as of_one_block
from tfq_hybrid.data import TextDataset

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A shell's background jobs ignore it, and all that they start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def seed():
    """Every test starts from the same seed."""
    keras.utils.set_random_seed(1234)
    return 1234


def pytest_collection_finish(session):
    """Garbage is looked for among what the tests make, and less often.

    The imports alone are half a million objects, and a traced model is a
    hundred thousand: Python's own thresholds spend a tenth of the suite here.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20)


@pytest.fixture(autouse=True, scope="module")
def forget():
    """What outlives a file's tests is not looked through again and again.

    TensorFlow keeps much; collecting garbage would come to take seconds.
    """
    yield
    keras.backend.clear_session()
    gc.freeze()


@pytest.fixture(scope="module")
def one_block():
    """QFFN-BERT of random weights has one block in all of a module."""
    with of_one_block():
        yield


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """Where TFDS keeps its data sets during the tests."""
    return tmp_path_factory.mktemp("tensorflow_datasets")


@pytest.fixture(scope="session")
def real_data():
    """A function from a file name to the path of a real data set.

    The folder is `TFQ_HYBRID_DATA`, or `../shared/data` beside the checkout.
    A missing file skips the test, or fails it where
    `TFQ_HYBRID_REQUIRE_DATA` is set.
    """
    default = ROOT.parent / "shared" / "data"
    folder = pathlib.Path(os.environ.get("TFQ_HYBRID_DATA", default))

    def find(name):
        path = folder / name
        if not path.is_file():
            if os.environ.get("TFQ_HYBRID_REQUIRE_DATA"):
                pytest.fail(f"{path} is required here")
            pytest.skip(f"{path} is not there")
        return path

    return find


@pytest.fixture
def tiny_texts():
    """Eight sentences that a tiny model can tell apart."""
    texts = ["a good film", "a bad film", "good cast", "bad cast"] * 2
    labels = keras.ops.convert_to_numpy([1, 0, 1, 0] * 2).astype("int32")
    return TextDataset(texts, labels, ("negative", "positive"))


@pytest.fixture(scope="session")
def sst2_tree(real_data, tmp_path_factory):
    """A prepared `glue/sst2` in TFDS's own format, made from the TSV files.

    The first 600 rows of the training file and the whole development file.
    """
    folder = tmp_path_factory.mktemp("glue")
    version_dir = folder / "glue" / "sst2" / "2.0.0"
    version_dir.mkdir(parents=True)
    features = tfds.features.FeaturesDict(
        {
            "sentence": tfds.features.Text(),
            "label": tfds.features.ClassLabel(names=["negative", "positive"]),
            "idx": tfds.features.Scalar(np.int32),
        }
    )
    splits = {}
    for split, name, limit in (
        ("train", "sst2_train.tsv", 600),
        ("validation", "sst2_dev.tsv", None),
    ):
        lines = real_data(name).read_text("utf-8").splitlines()[1:][:limit]
        rows = []
        for idx, line in enumerate(lines):
            sentence, label = line.split("\t")
            row = {"sentence": sentence, "label": int(label), "idx": idx}
            rows.append((idx, row))
        splits[split] = rows
    template = tfds.core.ShardedFileTemplate(
        data_dir=version_dir,
        dataset_name="glue",
        filetype_suffix="tfrecord",
    )
    infos = []
    for split, rows in splits.items():
        writer = tfds.core.writer.Writer(
            serializer=tfds.core.example_serializer.ExampleSerializer(
                features.get_serialized_info()
            ),
            filename_template=template.replace(split=split),
            hash_salt=split,
            disable_shuffling=True,
            example_writer=tfds.core.writer.ExampleWriter(
                tfds.core.FileFormat.TFRECORD
            ),
        )
        for key, row in rows:
            writer.write(key, features.encode_example(row))
        shard_lengths, size = writer.finalize()
        infos.append(
            tfds.core.SplitInfo(
                name=split,
                shard_lengths=shard_lengths,
                num_bytes=size,
                filename_template=template.replace(split=split),
            )
        )
    tfds.folder_dataset.write_metadata(
        data_dir=version_dir, features=features, split_infos=infos
    )
    return folder
