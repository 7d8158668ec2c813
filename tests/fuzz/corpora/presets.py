"""Folders of presets: of keras-hub, adapted ones, and of Hugging Face."""

import json
import pathlib
import tempfile

import keras_hub
from safetensors.numpy import save_file

from tests.adapters.zoo import make_backbone, make_method
from tests.bases.test_pretrained import hugging_face_bert
from tests.fuzz.corpora.names import keras_names
from tests.fuzz.mutations.attacks import KERAS, SHARDS
from tests.fuzz.target import Target
from tests.fuzz.trees import Link, read_tree
from tests.presets import save_bert
from tests.serving.zoo import byte_pair_vocabulary
from tfq_hybrid import adapters
from tfq_hybrid.bases.hugging_face import _bert_name
from tfq_hybrid.files.presets import from_preset
from tfq_hybrid.reading import reading

TOKENIZER = ("tokenizer", "vocab", "merges", "special_tokens")
PREPROCESSOR = ("preprocessor.json", "task.json")
KINDS = {
    "bert": keras_hub.models.BertTextClassifierPreprocessor,
    "gpt2": keras_hub.models.GPT2CausalLMPreprocessor,
}


def corpus():
    """BERT and GPT-2, with what belongs to them."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        save_bert(folder / "bert", "a b c", hidden_dim=4, intermediate_dim=4)
        vocabulary, merges = byte_pair_vocabulary("GPT-2")
        tokenizer = keras_hub.models.GPT2Tokenizer(
            vocabulary=vocabulary, merges=merges
        )
        sizes = {"hidden_dim": 4, "intermediate_dim": 4}
        backbone = make_backbone(
            "GPT-2", vocabulary_size=len(vocabulary), **sizes
        )
        task = keras_hub.models.GPT2CausalLMPreprocessor(
            tokenizer, sequence_length=6
        )
        backbone.save_to_preset(str(folder / "gpt2"))
        task.save_to_preset(str(folder / "gpt2"))
        adapted = adapters.adapt(
            make_backbone("GPT-2", **sizes), make_method("LoRA")
        )
        adapted.save_to_preset(str(folder / "adapted"))
        _save_hugging_face(folder / "hugging")
        trees = {
            path.name: {
                f"{path.name}/{name}": content
                for name, content in read_tree(path).items()
            }
            for path in folder.iterdir()
        }
    often, once = ("bert", "gpt2"), ("adapted", "hugging")
    return [*[trees[name] for name in often] * 4, *map(trees.get, once)]


def _save_hugging_face(folder):
    """Weights under the names that keras-hub looks for."""
    folder.mkdir()
    arrays = hugging_face_bert(folder)
    renamed = {_bert_name(name): array for name, array in arrays.items()}
    save_file(renamed, folder / "model.safetensors")


def hostile():
    """Links, words elsewhere, shards elsewhere, and evil configs."""
    good, *_, hugging = corpus()
    tokenizer = json.loads(good["bert/tokenizer.json"])
    tokenizer["config"]["vocabulary"] = "/etc/passwd"
    found = [
        {**good, "bert/tokenizer.json": json.dumps(tokenizer).encode()},
        {**good, "bert/assets/tokenizer/vocabulary.txt": Link("/etc/passwd")},
        {**good, "bert/assets/tokenizer/vocabulary.txt": Link("/dev/zero")},
        {**good, "bert/model.weights.h5": Link("/etc/passwd")},
        {**good, "bert/config.json": Link("/dev/zero")},
        {**good, "bert/loop": Link(".")},
    ]
    for value in KERAS:
        text = json.dumps(value).encode()
        for name in ("config.json", "tokenizer.json", "task.json"):
            found.append({**good, f"bert/{name}": text})
    for value in SHARDS:
        text = json.dumps(value).encode()
        found.append({**good, "bert/model.weights.json": text})
        index = "hugging/model.safetensors.index.json"
        found.append({**hugging, index: text})
    return found


def weights(name):
    """How often a file is changed: what is quick to be read, more often."""
    if name.endswith("metadata.json"):
        return 0.3
    return 4 if any(part in name for part in TOKENIZER) else 1


def reader():
    """`from_preset` for what reads the changed files."""

    def read(folder, changed, random):
        for path in folder.iterdir():
            if not path.is_dir():
                continue
            with reading("a preset", path):  # as the package's callers do
                from_preset(_kind(path.name, changed), path)

    return read


def _kind(name, changed):
    ends = [each.rpartition("/")[2] for each in changed]
    if name in KINDS and any(e.startswith(PREPROCESSOR) for e in ends):
        return KINDS[name]
    if name != "adapted" and all(e.startswith(TOKENIZER) for e in ends):
        return keras_hub.models.Tokenizer
    return keras_hub.models.Backbone


TARGET = Target(
    corpus,
    reader,
    attacks=[*KERAS, *SHARDS],
    hostile=hostile,
    names=keras_names,
    weights=weights,
)
