"""`Beside`: what language models are asked beside the metric.

Another text, whose loss says what a model has forgotten, and prompts of the
test data, whose answers are scored against those that are there.
"""

import dataclasses
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.training.metrics import Metric, percent, ratio

if TYPE_CHECKING:
    from tfq_hybrid.training import TrainConfig

WINDOWS = 200  # of another text, at most
OTHER = "other"  # the part that it is

FORGETTING = (
    Metric(
        "other-loss",
        "loss on other text",
        lambda a: ratio(a["other_losses"], a["other_tokens"]),
        unit="nats per token",
        sign=-1,
    ),
)
ANSWERS = (
    Metric("bleu", "BLEU", lambda a: a["bleu"], digits=2, limits=(0, 100)),
    percent("rouge-1", "ROUGE-1", lambda a: a["rouge1"]),
    percent("rouge-2", "ROUGE-2", lambda a: a["rouge2"]),
    percent("rouge-l", "ROUGE-L", lambda a: a["rougeL"]),
    percent("token-f1", "F1 of token embeddings", lambda a: a["embedding_f1"]),
)
SCORES = ("bleu", "rouge1", "rouge2", "rougeL", "embedding_f1")


@dataclasses.dataclass(frozen=True)
class Beside:
    """What language models are asked beside the metric.

    Args:
        other_data: a text that is not trained on, whose loss is measured on
            at most 200 windows that lie evenly in it. Defaults to `None`:
            there is none.
        answers: dialogues of the test data, the first ones, whose first
            answer is generated greedily and scored against the one that is
            there. Defaults to 0.
        answer_tokens: the longest answer. Defaults to 64.
        answer_encoder: the preset whose token embeddings are matched.
            Defaults to `None`: all-MiniLM-L6-v2.

    Raises:
        UserError: a number is out of its range, or how to answer is said
            where nothing is answered.
    """

    other_data: str | None = None
    answers: int = 0
    answer_tokens: int = 64
    answer_encoder: str | None = None

    def __post_init__(self):
        check_integer("answers", self.answers, minimum=0)
        check_integer("answer_tokens", self.answer_tokens, minimum=1)
        how = self.answer_tokens, self.answer_encoder
        if not self.answers and how != (Beside.answer_tokens, None):
            raise UserError(
                "Expected answers with answer_tokens and answer_encoder. "
                "Received: answers=0"
            )

    def checked(self, task: str, test: Any) -> "Beside":
        """The same with its encoder named.

        Raises:
            UserError: the task is another than generation, there are no
                dialogues, or the encoder does not take answers.
        """
        if not self.metrics:
            return self
        if task != "generation":
            raise UserError(
                "Expected other_data and answers with the task generation "
                f"alone. Received: the task {task}"
            )
        if not self.answers:
            return self
        from tfq_hybrid.comparison.work.generation import LENGTH
        from tfq_hybrid.comparison.work.texts import (
            default_encoder,
            load_encoder,
        )

        if test.format == "plain" or not _with_answers(test.rows):
            raise UserError(
                "Expected answers to dialogues or instructions that have some. "
                f"Received: answers={self.answers} to test data without"
            )
        encoder = self.answer_encoder or default_encoder()
        load_encoder(encoder, LENGTH)  # refuses it before anything trains
        return dataclasses.replace(self, answer_encoder=str(encoder))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What answers hold beside those of the task."""
        return metrics_of(self.other_data is not None, self.answers > 0)

    def asked(self) -> dict[str, Any]:
        """What the answers of a job depend on; empty where nothing is asked."""
        if not self.metrics:
            return {}
        asked: dict[str, Any] = {OTHER: self.other_data is not None}
        if self.answers:
            asked |= {
                name: getattr(self, name)
                for name in ("answers", "answer_tokens", "answer_encoder")
            }
        return asked

    def read_other(self, task: Any, config: "TrainConfig") -> Any:
        """The other text; `None` where none is asked for."""
        if self.other_data is None:
            return None
        return task.read(config, self.other_data, OTHER)


def metrics_of(other: bool, answers: bool) -> tuple[Metric, ...]:
    """The metrics of another text, and those of answers."""
    return (FORGETTING if other else ()) + (ANSWERS if answers else ())


def measure(
    asked: Mapping[str, Any],
    run: str | os.PathLike[str],
    config: "TrainConfig",
    paths: Mapping[str, str],
) -> dict[str, np.ndarray]:
    """What a run's model gives, as arrays beside those of `Task.answers`.

    Args:
        asked: see `Beside.asked`.
        run: the folder of a finished run.
        config: that of the run.
        paths: of the written parts, and of the `states` of frozen blocks.
    """
    from tfq_hybrid.training.frozen import above_frozen
    from tfq_hybrid.training.generation import loss_reader
    from tfq_hybrid.training.run_folder import load_trained

    if not asked:
        return {}
    model, _ = load_trained(run)
    arrays: dict[str, np.ndarray] = {}
    if asked[OTHER]:
        tokens: Any = _windows(model.preprocessor.tokenizer, config, paths)
        (tokens,) = above_frozen(model, [tokens], paths["states"])
        losses, counts = loss_reader(model)(tokens, config.batch_size)
        arrays |= {"other_losses": losses, "other_tokens": counts}
    if asked.get("answers"):
        arrays |= _answered(asked, model, config, paths)
    return arrays


def _windows(tokenizer, config, paths):
    """Windows of the other text, which lie evenly in it."""
    from tfq_hybrid.comparison.work.language import windows_at
    from tfq_hybrid.data import encode_corpus, load_corpus

    corpus = load_corpus(paths[OTHER])
    data = encode_corpus(
        corpus, tokenizer, config.sequence_length, paths[OTHER]
    )
    return windows_at(data, _places(len(data)))


def _places(count):
    """Which of so many windows are read."""
    few = min(WINDOWS, count)
    return np.linspace(0, count - 1, few).round().astype(int)


def _answered(asked, model, config, paths):
    """The scores of the answers to the first prompts of the test data."""
    from tfq_hybrid.comparison.work.generation import answers, text_scores
    from tfq_hybrid.data import load_corpus

    rows = _with_answers(load_corpus(paths["test"]).rows)[: asked["answers"]]
    prompts = [turns[:place] for turns, place in rows]
    references = [turns[place][1] for turns, place in rows]
    room = config.sequence_length + asked["answer_tokens"]
    given = answers(model, prompts, room, asked["answer_tokens"])
    _, arrays = text_scores(given, references, asked["answer_encoder"])
    return {name: arrays[name] for name in SCORES}


def _with_answers(rows):
    """Dialogues with the place of their first answer; none without one."""
    found = []
    for turns in rows:
        roles = [role for role, _ in turns]
        if "assistant" in roles and roles.index("assistant") > 0:
            found.append((turns, roles.index("assistant")))
    return found


def without_learning(
    asked: Mapping[str, Any],
    task: Any,
    config: "TrainConfig",
    training: Any,
    paths: Mapping[str, str],
) -> dict[str, np.ndarray]:
    """The same arrays of what learns nothing, which answers nothing.

    Args:
        asked, paths: as for `measure`.
        task: generation.
        config: that of the data.
        training: the training data.
    """
    arrays: dict[str, np.ndarray] = {}
    if not asked:
        return arrays
    if asked[OTHER]:
        other = task.read(config, paths[OTHER], OTHER)
        found = task.without_learning(config, training, other)
        places = _places(len(found["tokens"]))
        arrays |= {f"other_{name}": found[name][places] for name in found}
    if asked.get("answers"):
        test = task.read(config, paths["test"], "test")
        count = len(_with_answers(test.rows)[: asked["answers"]])
        arrays |= {name: np.zeros(count) for name in SCORES}
    return arrays
