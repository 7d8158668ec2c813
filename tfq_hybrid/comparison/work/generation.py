"""Generate answers to prompts, and score them: BLEU, ROUGE, embeddings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfq_hybrid.comparison.work.texts import load_encoder
from tfq_hybrid.data import encode_prompt
from tfq_hybrid.errors import UserError
from tfq_hybrid.startup import discarded_stderr

if TYPE_CHECKING:
    import keras_hub

    from tfq_hybrid.data.dialogues import Turns

BATCH, ROUNDED = 25, 32  # answers at once, and tokens that lengths are of
LENGTH = 128  # tokens of a text that are embedded


def answers(
    model: "keras_hub.models.CausalLM",
    dialogues: "Sequence[Turns]",
    length: int,
    longest: int | None = None,
) -> list[str]:
    """The likeliest tokens after each dialogue.

    The tokenizer is of byte pairs; prompt and answer have `length` tokens
    together, and the answer at most `longest` of them. Where a prompt has no
    room left, the answer is `""`.

    Raises:
        UserError: no prompt leaves room for an answer.
    """
    tokenizer = model.preprocessor.tokenizer
    heads = [encode_prompt(turns, tokenizer) for turns in dialogues]
    fitting = [place for place, head in enumerate(heads) if len(head) < length]
    fitting.sort(key=lambda place: len(heads[place]))
    if not fitting:
        raise UserError(
            f"Expected a prompt of fewer than {length} tokens. Received: "
            f"the shortest of {min(map(len, heads))}"
        )
    model.compile(sampler="greedy", jit_compile=False)
    found = [""] * len(heads)
    for start in range(0, len(fitting), BATCH):
        places = fitting[start : start + BATCH]
        room = length
        if longest is not None:  # few lengths, so that few graphs are traced
            most = len(heads[places[-1]]) + longest
            room = min(length, -(-most // ROUNDED) * ROUNDED)
        rows = _generated(model, [heads[place] for place in places], room)
        for place, row in zip(places, rows, strict=True):
            new = row[len(heads[place]) :][:longest]
            found[place] = _as_text(new, tokenizer)
    return found


def _generated(model, heads, length):
    """Rows of so many tokens that begin with heads, the likeliest."""
    tokenizer = model.preprocessor.tokenizer
    ids = np.full((len(heads), length), tokenizer.pad_token_id, "int32")
    mask = np.zeros(ids.shape, "int32")
    for row, head in enumerate(heads):
        ids[row, : len(head)] = head
        mask[row, : len(head)] = 1
    preprocessor, model.preprocessor = model.preprocessor, None
    try:
        with discarded_stderr():  # XLA announces itself there
            made = model.generate(
                {"token_ids": ids, "padding_mask": mask},
                stop_token_ids=[tokenizer.end_token_id],
            )
    finally:
        model.preprocessor = preprocessor
    return np.asarray(made["token_ids"])


def _as_text(tokens, tokenizer):
    """Tokens up to the one that ends a text, as text."""
    new = [int(token) for token in tokens]
    if tokenizer.end_token_id in new:
        new = new[: new.index(tokenizer.end_token_id)]
    special = set(tokenizer.special_token_ids)
    new = [token for token in new if token not in special]
    return tokenizer.detokenize(new) if new else ""


ROUGE = ("rouge1", "rouge2", "rougeL")


def text_scores(
    answers: Sequence[str], references: Sequence[str], encoder: str
) -> tuple[dict, dict]:
    """What answers have in common with their references.

    BLEU is sacrebleu's of the whole corpus (Papineni et al. 2002; Post 2018),
    ROUGE-1, -2 and -L are rouge-score's F1 with stemming (Lin 2004), and the
    embedding F1 is `embedding_match` by a BERT.

    Gives a dict with `bleu`, from 0 to 100, and arrays of shape (answers,),
    from 0 to 1 (embeddings: from -1): `rouge1`, `rouge2`, `rougeL`,
    `embedding_precision`, `embedding_recall`, `embedding_f1`; and `bleu`,
    contributions whose mean is that of the corpus: its pseudo-values (Tukey
    1958; Efron and Tibshirani 1993, section 11.5) without their bias.
    """
    import sacrebleu
    from rouge_score.rouge_scorer import RougeScorer

    answers, references = list(answers), list(references)
    bleu = sacrebleu.corpus_bleu(answers, [references])
    scorer = RougeScorer(ROUGE, use_stemmer=True)
    rouge = [
        scorer.score(reference, answer)
        for answer, reference in zip(answers, references, strict=True)
    ]
    arrays = {
        name: np.array([scores[name].fmeasure for scores in rouge])
        for name in ROUGE
    }
    matched = embedding_match(
        token_states(encoder, answers), token_states(encoder, references)
    )
    names = ("embedding_precision", "embedding_recall", "embedding_f1")
    arrays |= dict(zip(names, matched.T, strict=True))
    arrays["bleu"] = _bleu_contributions(answers, references, bleu.score)
    return {"bleu": float(bleu.score)}, arrays


def _bleu_contributions(answers, references, score):
    """How the BLEU of a corpus moves without each answer, around it."""
    import sacrebleu

    count = len(answers)
    if count < 2:
        return np.full(count, float(score))
    places = range(count)
    without = np.array(
        [
            sacrebleu.corpus_bleu(
                [answers[i] for i in places if i != place],
                [[references[i] for i in places if i != place]],
            ).score
            for place in places
        ]
    )
    return score + (count - 1) * (without.mean() - without)


def token_states(
    encoder: str,
    texts: Sequence[str],
    length: int = LENGTH,
    batch_size: int = 32,
) -> list[np.ndarray]:
    """The last hidden states of the tokens of texts by a BERT: (tokens, width).

    The tokens that begin and end a text are left out; it has at most `length`.
    """
    bert, preprocessor = load_encoder(encoder, length)
    tokens = {k: np.asarray(v) for k, v in preprocessor(list(texts)).items()}
    found = []
    for start in range(0, len(texts), batch_size):
        rows = slice(start, start + batch_size)
        batch = {name: values[rows] for name, values in tokens.items()}
        states = np.asarray(bert(batch, training=False)["sequence_output"])
        counts = batch["padding_mask"].sum(axis=1)
        found += [
            row[1 : count - 1]
            for row, count in zip(states, counts, strict=True)
        ]
    return found


def embedding_match(
    candidates: Sequence[np.ndarray], references: Sequence[np.ndarray]
) -> np.ndarray:
    """Precision, recall and F1 of tokens by the cosine of their states.

    As BERTScore (Zhang et al. 2020, arXiv 1904.09675, section 3): each token
    of one text is matched with the nearest of the other, greedily; precision
    is the mean over the candidate's tokens, recall over the reference's.
    Without its weights by rarity and without its rescaling by a baseline,
    and not comparable with figures of another encoder.

    Of pairs of arrays (tokens, width) it gives one of shape (pairs, 3); a text
    without tokens has zeros.

    >>> one, two = np.eye(3)[:2], np.eye(3)[1:]
    >>> embedding_match([one], [two])
    array([[0.5, 0.5, 0.5]])
    """
    rows = []
    for candidate, reference in zip(candidates, references, strict=True):
        if not len(candidate) or not len(reference):
            rows.append((0.0, 0.0, 0.0))
            continue
        cosines = _unit(candidate) @ _unit(reference).T
        precision = float(cosines.max(axis=1).mean())
        recall = float(cosines.max(axis=0).mean())
        total = precision + recall
        f1 = 2 * precision * recall / total if total else 0.0
        rows.append((precision, recall, f1))
    return np.array(rows).reshape(-1, 3)


def _unit(states: np.ndarray) -> np.ndarray:
    return states / np.linalg.norm(states, axis=1, keepdims=True)
