"""Tiny models: presets with random weights on the disk, smaller defaults."""

import contextlib
import inspect

import keras_hub
import pytest

from tfq_hybrid.data.vocabulary import SPECIAL_TOKENS
from tfq_hybrid.models import QFFNBert


def save_bert(folder, words, **arguments):
    """A BERT 8 wide for 12 tokens, with its tokenizer, as a preset.

    Args:
        folder: path.
        words: str. What its tokenizer knows.
        **arguments: of `BertBackbone`, in place of these.

    Returns:
        The backbone, and the vocabulary, a list of str.
    """
    vocabulary = [*SPECIAL_TOKENS, *words.split()]
    sizes = {
        "num_layers": 1,
        "num_heads": 2,
        "hidden_dim": 8,
        "intermediate_dim": 16,
        "max_sequence_length": 12,
    }
    bert = keras_hub.models.BertBackbone(
        vocabulary_size=len(vocabulary), **{**sizes, **arguments}
    )
    bert.save_to_preset(str(folder))
    tokenizer = keras_hub.models.BertTokenizer(vocabulary, lowercase=True)
    tokenizer.save_to_preset(str(folder))
    return bert, vocabulary


@contextlib.contextmanager
def one_block():
    """QFFN-BERT of random weights has one block meanwhile, and not two.

    A training of a few rows is mostly the tracing of its steps, block by block.
    """
    build = QFFNBert.__init__
    place = list(inspect.signature(build).parameters).index("num_layers") - 1
    defaults = list(build.__defaults__)
    defaults[place] = 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "__defaults__", tuple(defaults))
        yield
