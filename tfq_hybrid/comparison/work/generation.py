"""Answers of a language model to prompts, many at once."""

import numpy as np

from tfq_hybrid.errors import UserError
from tfq_hybrid.startup import discarded_stderr


def answers(model, prompts, length):
    """The likeliest tokens after each prompt of a dialogue.

    Args:
        model: a keras-hub `CausalLM` with a byte-pair tokenizer.
        prompts: sequence of str, what the user says.
        length: int. Tokens of prompt and answer together.

    Returns:
        A list of str; where a prompt has no room left, `""`.

    Raises:
        UserError: no prompt leaves room for an answer.
    """
    tokenizer = model.preprocessor.tokenizer
    heads = [
        [
            tokenizer.start_token_id,
            tokenizer.user_token_id,
            *map(int, tokens),
            tokenizer.assistant_token_id,
        ]
        for tokens in tokenizer.tokenize(list(prompts))
    ]
    fitting = [place for place, head in enumerate(heads) if len(head) < length]
    if not fitting:
        raise UserError(
            f"Expected a prompt of fewer than {length} tokens. Received: "
            f"the shortest of {min(map(len, heads))}"
        )
    ids = np.full((len(fitting), length), tokenizer.pad_token_id, "int32")
    mask = np.zeros(ids.shape, "int32")
    for row, place in enumerate(fitting):
        ids[row, : len(heads[place])] = heads[place]
        mask[row, : len(heads[place])] = 1
    model.compile(sampler="greedy", jit_compile=False)
    preprocessor, model.preprocessor = model.preprocessor, None
    try:
        with discarded_stderr():  # XLA announces itself there
            made = model.generate(
                {"token_ids": ids, "padding_mask": mask},
                stop_token_ids=[tokenizer.end_token_id],
            )
    finally:
        model.preprocessor = preprocessor
    found = [""] * len(heads)
    special = set(tokenizer.special_token_ids)
    for row, place in zip(made["token_ids"], fitting, strict=True):
        new = [int(token) for token in row[len(heads[place]) :]]
        if tokenizer.end_token_id in new:
            new = new[: new.index(tokenizer.end_token_id)]
        new = [token for token in new if token not in special]
        found[place] = tokenizer.detokenize(new) if new else ""
    return found
