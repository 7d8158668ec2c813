"""What the jobs of `qaa` compute."""

from tfq_hybrid.comparison.results import digest
from tfq_hybrid.comparison.work.bases import Pretraining, pretrained_base
from tfq_hybrid.comparison.work.executions import EXECUTIONS, executed
from tfq_hybrid.comparison.work.generation import answers, text_scores
from tfq_hybrid.comparison.work.language import LanguageTask, first_windows
from tfq_hybrid.data.dialogues import format_of

LENGTH, BATCH = 96, 4
VOCABULARY = 4096
HELD_OUT = 48, 240  # dialogues of validation and test, at most
NOISY_WINDOWS = 8  # that circuits under noise read
ANSWERED = 32  # prompts of the test
# Peak rates to choose from, by validation: set after trials of 0.0001 to 4 on
# the validation data of seed 0, fewer of the whole model. A readout of random
# amplitudes deviates from 0 by sqrt(2 / (d + 2)), 0.07 for a width d of 384, so
# that what follows it learns from large rates alone.
FIRST_SEED = 1
LARGE, SMALL = (0.3, 1.0, 3.0), (3e-3, 1e-2, 3e-2)
RATES = {
    "qaa": LARGE,
    "lora": SMALL,
    "sora": SMALL,
    "prefix": LARGE,
    "bottleneck": (5e-3, 1.5e-2, 4.5e-2),
    "full": (3e-4, 1e-3, 3e-3),
}
PRETRAINING = {
    "quick": {"size": "tiny", "steps": 60},
    "budget": {"size": "10m", "steps": 1600},
    "full": {"size": "10m", "steps": 6400},
}


def pretraining(name, paths):
    """How the base of a scale comes to be, a `Pretraining`."""
    return Pretraining(
        texts=(digest(paths["stories"]), digest(paths["shakespeare"])),
        vocabulary_size=VOCABULARY,
        length=LENGTH,
        batch=BATCH,
        rate=1e-3,
        held_out=200,
        **PRETRAINING[name],
    )


def perform(arguments, seed, paths, folder):
    """Makes the base, or adapts it and reads the test once."""
    if arguments.get("what") == "base":
        return _base(arguments, paths)
    return _adapt(arguments, seed, paths)


def _find_base(arguments, paths):
    """What to adapt, and what is known of it."""
    if arguments["preset"]:
        return arguments["preset"], {}
    plan = pretraining(arguments["base"], paths)
    return pretrained_base(plan, (paths["stories"], paths["shakespeare"]))


def _base(arguments, paths):
    source, facts = _find_base(arguments, paths)
    if not facts:  # a preset: how it reads the same texts
        texts = paths["stories"], paths["shakespeare"]
        task = _task(source, "full", {}, 0, paths, texts, (200, 200))
        parameters = task.model.count_params()
        facts = {"parameters": parameters, "texts": task.read_each()}
    return facts, {}


def _task(base, method, options, seed, paths, texts=None, held_out=None):
    """The adapted model and the dialogues, or texts, a `LanguageTask`."""
    from tfq_hybrid.training import TrainConfig

    config = TrainConfig(
        paths["alpaca"],
        model="qaa",
        baseline=None if method == "qaa" else method,
        options={**options, "base": base},
        sequence_length=LENGTH,
        batch_size=BATCH,
        seed=seed,
    )
    task = LanguageTask(config, held_out or HELD_OUT, False, texts)
    format_of(task.model.preprocessor.tokenizer)  # also where texts are plain
    return task


def _adapt(arguments, seed, paths):
    """Trains at each rate; validation picks, and the test is read once."""
    from tfq_hybrid.adapters import trainable_parameters

    base, _ = _find_base(arguments, paths)
    options = arguments.get("options", {})
    task = _task(base, arguments["method"], options, seed, paths)
    found = task.train(arguments["rates"], arguments["steps"])
    tested, arrays = task.read_test()
    found |= tested
    found["parameters"] = {
        "trained": trainable_parameters(task.model),
        "total": task.model.count_params(),
    }
    if arguments.get("noisy"):
        arrays |= _noisy_losses(task.model, task.parts.test, seed)
    if arguments.get("scored"):
        more, scores = _scored(task.model, task.texts[0].test, paths["encoder"])
        found |= more
        arrays |= scores
    return found, arrays


def _noisy_losses(model, test, seed):
    """The losses of the first windows, the circuits run in other ways."""
    from tfq_hybrid.training.generation import loss_reader

    few = first_windows(test, min(NOISY_WINDOWS, len(test)))
    exact, tokens = loss_reader(model)(few, BATCH)
    arrays = {"noisy_tokens": tokens, "exact": exact}
    for name, arguments in EXECUTIONS.items():
        with executed(model, seed, **arguments):
            arrays[name], _ = loss_reader(model)(few, 1)
    return arrays


def _scored(model, test, encoder):
    """Answers to the first prompts of the test against what is there."""
    rows = [turns for turns in test.rows if turns[0][0] == "user"][:ANSWERED]
    prompts = [turns[0][1] for turns in rows]
    references = [turns[1][1] for turns in rows]
    dialogues = [[("user", prompt)] for prompt in prompts]
    given = answers(model, dialogues, LENGTH)
    found, arrays = text_scores(given, references, encoder)
    found["sample"] = {"prompt": prompts[0], "answer": given[0]}
    return found, arrays
