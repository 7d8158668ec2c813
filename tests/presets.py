"""Tiny presets with random weights, on the disk."""

import keras_hub

from tfq_hybrid.data.vocabulary import SPECIAL_TOKENS


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
