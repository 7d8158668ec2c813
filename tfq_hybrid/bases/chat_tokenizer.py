"""A byte-pair tokenizer that splits texts as its model was trained with."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import keras
import keras_hub
import tensorflow as tf
import tensorflow_text as tf_text
from keras_hub.src.utils.tensor_utils import (  # have no public names
    in_tf_function,
    preprocessing_function,
)

from tfq_hybrid.bases.splitting import (
    RULES,
    WHOLE_WORDS,
    pre_tokenizer,
    split_in_graph,
)
from tfq_hybrid.data.dialogues import ChatFormat
from tfq_hybrid.errors import check_choice
from tfq_hybrid.shapes import check_shape


class SavedTurns(TypedDict):
    """A text for each role."""

    user: str
    assistant: str


class SavedChat(TypedDict):
    """What `ChatFormat.to_dict` gives."""

    start: str
    before: SavedTurns
    after: SavedTurns


class Options(TypedDict):
    """What is used of the config of a `ChatTokenizer`."""

    rule: str
    start_token: str
    end_token: str
    pad_token_id: int
    end_token2: str | None
    control_tokens: list[str]
    user_tokens: list[str]
    adds_start: bool
    chat: SavedChat | None


@keras.saving.register_keras_serializable("tfq_hybrid")
class ChatTokenizer(keras_hub.tokenizers.BytePairTokenizer):
    """A byte-level byte-pair tokenizer with the rule of its vocabulary.

    keras-hub's own splits all texts as Llama 3 does in Python, and as GPT-2
    does in a TensorFlow graph, whatever the vocabulary was learned with. This
    one makes the tokens of the rule in both. The name of a special token in a
    text is that token. Letters that were added to Unicode after version 15
    may be split otherwise in a graph.

    Args:
        vocabulary: dict of a token and its id. Defaults to `None`: set when
            a preset is loaded.
        merges: pairs of tokens with a space between them, the first to be
            merged first. Defaults to `None`, as above.
        rule: of the pieces, a key of `RULES`. Defaults to `"gpt-2"`.
        start_token, end_token: Default to `"<|endoftext|>"`.
        pad_token_id: none that ends an answer: keras-hub would take padding
            for the end. Defaults to 0.
        end_token2: another token that ends an answer. Defaults to `None`.
        control_tokens: special tokens beside those. Defaults to none.
        user_tokens: tokens that are never split, and shown as they are.
            Defaults to none.
        adds_start: whether texts begin with the start token. Defaults to
            `True`.
        chat: how a dialogue is written, a `ChatFormat` or its dict. Defaults
            to `None`: not known.

    Raises:
        UserError: there is no such rule.

    Example:

    >>> from tfq_hybrid.data import byte_pair_vocabulary
    >>> merges = ["1 2", "Ġ a"]
    >>> tokens = byte_pair_vocabulary(merges)
    >>> tokenizer = ChatTokenizer(tokens, merges, rule="smollm")
    >>> [tokenizer.id_to_token(token) for token in tokenizer("12 a")]
    ['1', '2', 'Ġa']
    """

    def __init__(
        self,
        vocabulary: dict[str, int] | None = None,
        merges: list[str] | None = None,
        *,
        rule: str = "gpt-2",
        start_token: str = "<|endoftext|>",
        end_token: str = "<|endoftext|>",
        pad_token_id: int = 0,
        end_token2: str | None = None,
        control_tokens: Sequence[str] = (),
        user_tokens: Sequence[str] = (),
        adds_start: bool = True,
        chat: ChatFormat | Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        check_choice("rule", rule, RULES)
        self.rule, self.adds_start = rule, adds_start
        self.pad_token_id = pad_token_id
        if isinstance(chat, Mapping):
            chat = ChatFormat(chat["start"], chat["before"], chat["after"])
        self.chat = chat
        self._add_special_token(start_token, "start_token")
        self._add_special_token(end_token, "end_token")
        if end_token2 is not None:
            self._add_special_token(end_token2, "end_token2")
        for number, token in enumerate(control_tokens):
            self._add_special_token(token, f"special_token_{number:03d}")
        self.control_tokens = list(control_tokens)
        self.user_tokens = list(user_tokens)
        # The longest one first: it may begin as another does.
        whole = {*self.special_tokens, *self.user_tokens}
        super().__init__(
            vocabulary,
            merges,
            unsplittable_tokens=sorted(whole, key=lambda t: (-len(t), t)),
            **kwargs,
        )

    @classmethod
    def from_config(cls, config):
        check_shape(config, Options)
        return super().from_config(config)

    def get_config(self):
        config = super().get_config()
        for name in ("unsplittable_tokens", "add_prefix_space"):
            del config[name]
        return config | {
            "rule": self.rule,
            "start_token": self.start_token,
            "end_token": self.end_token,
            "pad_token_id": self.pad_token_id,
            "end_token2": getattr(self, "end_token2", None),
            "control_tokens": list(self.control_tokens),
            "user_tokens": list(self.user_tokens),
            "adds_start": self.adds_start,
            "chat": self.chat and self.chat.to_dict(),
        }

    # What follows takes the place of private methods of keras-hub's.

    def _set_vocabulary_and_merges_tokenizers(self, vocabulary, merges):
        super()._set_vocabulary_and_merges_tokenizers(vocabulary, merges)
        self._tokenizer.pre_tokenizer = pre_tokenizer(self.rule)
        self._tokenizer.model.ignore_merges = self.rule in WHOLE_WORDS

    @preprocessing_function
    def _tokenize_tf(self, inputs):
        self._maybe_initialized_tf()
        inputs = tf.convert_to_tensor(inputs)
        unbatched = inputs.shape.rank == 0
        pieces = self._pieces(inputs[None] if unbatched else inputs)
        tokens = tf.strings.split(self._merged(pieces.flat_values))
        if self.compute_dtype != tf.string:
            tokens = self.token_to_id_map.lookup(tokens)
        tokens = pieces.with_values(tokens).merge_dims(1, 2)
        if self.sequence_length:
            tokens = tokens.to_tensor(
                self.pad_token_id, shape=[None, self.sequence_length]
            )
        return tokens[0] if unbatched else tokens

    def _pieces(self, texts):
        """The pieces of texts, special tokens whole: (texts, pieces)."""
        special = "|".join(map(re.escape, self.unsplittable_tokens))
        parts = tf_text.regex_split(texts, special, special)
        is_special = tf.strings.regex_full_match(parts.flat_values, special)
        split = split_in_graph(parts.flat_values[~is_special], self.rule)
        whole = parts.flat_values[is_special][:, None]
        both = tf.concat([split, tf.RaggedTensor.from_tensor(whole)], 0)
        # Where each part went.
        count = tf.cast(is_special, tf.int64)
        before = tf.cumsum(1 - count)
        order = tf.where(
            is_special, split.nrows() + tf.cumsum(count) - 1, before - 1
        )
        return parts.with_values(tf.gather(both, order)).merge_dims(1, 2)

    def _merged(self, pieces):
        """The tokens of each piece, with spaces between them."""
        known = self.cache.lookup(pieces)
        is_new = known == ""

        def merge():
            self._bpe_merge_and_update_cache_tf(pieces[is_new])
            return self.cache.lookup(pieces)

        return tf.cond(tf.reduce_any(is_new), merge, lambda: known)

    def _bpe_merge_and_update_cache_tf(self, pieces):
        letters = self.byte2unicode.lookup(tf.strings.bytes_split(pieces))
        # Bytes without a token are left out before the merges, as in Python.
        is_known = self.token_to_id_map.lookup(letters) >= 0
        merged = self._bpe_merge_tf(tf.ragged.boolean_mask(letters, is_known))
        merged = tf.strings.reduce_join(merged, axis=1, separator=" ")
        if self.rule in WHOLE_WORDS:
            words = tf.strings.reduce_join(letters, axis=1)
            is_word = self.token_to_id_map.lookup(words) >= 0
            merged = tf.where(is_word, words, merged)
        self.cache.insert(pieces, merged)


@keras.saving.register_keras_serializable("tfq_hybrid")
class ChatCausalLMPreprocessor(keras_hub.models.CausalLMPreprocessor):
    """From strings to tokens with a padding mask, and back.

    A prompt begins with one start token if the tokenizer's texts do, even
    where its own text begins with the name of it, and else with none.

    Args:
        tokenizer: `ChatTokenizer`.
        sequence_length: in tokens. Defaults to 1024.
        add_start_token: Defaults to `None`: the tokenizer's `adds_start`.
        add_end_token: after the texts of a training. Defaults to `True`.
    """

    tokenizer_cls = ChatTokenizer

    def __init__(
        self,
        tokenizer: ChatTokenizer,
        sequence_length: int = 1024,
        add_start_token: bool | None = None,
        add_end_token: bool = True,
        **kwargs: Any,
    ):
        if add_start_token is None:
            add_start_token = tokenizer.adds_start
        super().__init__(
            tokenizer, sequence_length, add_start_token, add_end_token, **kwargs
        )

    def generate_preprocess(self, x, sequence_length=None):
        """Prompts as tokens with a padding mask."""
        make = self._prompts_in_graph if in_tf_function() else self._prompts
        return make(x, sequence_length=sequence_length)

    @preprocessing_function
    def _prompts_in_graph(self, x, sequence_length=None):
        return self._prompts(x, sequence_length=sequence_length)

    def _prompts(self, x, sequence_length=None):
        if not self.built:
            self.build(None)
        if self.add_start_token:
            x = self._without_start(x)
        tokens, mask = self.packer(
            self.tokenizer(x),
            sequence_length=sequence_length,
            add_start_value=self.add_start_token,
            add_end_value=False,
        )
        return {"token_ids": tokens, "padding_mask": mask}

    def _without_start(self, x):
        start = self.tokenizer.start_token
        if in_tf_function() or isinstance(x, tf.Tensor):
            return tf.strings.regex_replace(x, f"^{re.escape(start)}", "")
        return keras.tree.map_structure(
            lambda text: text.removeprefix(start), x
        )
