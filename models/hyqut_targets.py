"""The matrices of a Llama decoder layer, by name."""

from tfq_hybrid.adapters.patterns import as_words
from tfq_hybrid.errors import UserError, choice_error

# Where keras-hub's Llama decoder layer holds each matrix: its attention
# layer, or itself, and the attribute.
ATTENTION = {
    "query": "_query_dense",
    "key": "_key_dense",
    "value": "_value_dense",
    "output": "_output_dense",
}
FFN = {
    "gate": "_feedforward_gate_dense",
    "up": "_feedforward_intermediate_dense",
    "down": "_feedforward_output_dense",
}
MATRICES = (*ATTENTION, *FFN)
GROUPS = {"all-attention": tuple(ATTENTION), "all-ffn": tuple(FFN)}


def as_targets(words):
    """Names of matrices, from one word or several.

    Returns:
        A tuple of names in `MATRICES`, each once.

    Raises:
        UserError: a word is not known, or there is none.

    Example:

    >>> as_targets(["query", "all-ffn"])
    ('query', 'gate', 'up', 'down')
    """
    found = []
    for word in as_words("targets", words):
        if word not in MATRICES and word not in GROUPS:
            raise choice_error("targets", word, [*MATRICES, *GROUPS])
        found += GROUPS.get(word, (word,))
    if not found:
        raise UserError(
            f"Expected targets, such as 'query'. Received: targets={words!r}"
        )
    return tuple(dict.fromkeys(found))


def slot_of(decoder, role):
    """The layer that holds a matrix, and the attribute."""
    if role in ATTENTION:
        return decoder._self_attention_layer, ATTENTION[role]
    return decoder, FFN[role]
