"""What the jobs of `hyqut` compute."""

from tfq_hybrid.circuits import preset
from tfq_hybrid.comparison.work.executions import compare_gradients
from tfq_hybrid.comparison.work.language import (
    LanguageTask,
    train_language_model,
)
from tfq_hybrid.startup import discarded_stderr

LENGTH, BATCH = 64, 8
HELD_OUT = 64, 400  # windows of validation and test, at most
# Peak rates to choose from by validation, and the one where none is chosen;
# that of the circuits' angles, and what the initial weights of W_o and W_down
# are multiplied by: set by validation data of a seed that is not reported.
RATES = 2.5e-4, 5e-4, 1e-3
LARGER_RATE = 2e-3  # than those: does one gain from it?
RATE, ANGLE_RATE = 5e-4, 3e-2
RESIDUAL_SCALE = 0.0
LAYOUT = "hyqut_pairwise"
STEP_SIZES = (1e-4, 1e-3, 1e-2, 1e-1, 0.5)  # radians
PROMPTS = {"stories": "Once upon a time", "shakespeare": "First Citizen:"}


def perform(arguments, seed, paths, folder):
    """Trains one model on the begin of a text, and reads its end once."""
    what = arguments.get("what", "training")
    return {"training": _train, "gradients": _gradients, "chinese": _chinese}[
        what
    ](arguments, seed, paths)


def _task(arguments, seed, path):
    """The model and the text of a job, a `LanguageTask`."""
    from tfq_hybrid.training import TrainConfig

    options = {
        name: arguments[name]
        for name in ("size", "targets", "layers", "differentiator")
        if name in arguments
    }
    scale = arguments.get("residual_scale", RESIDUAL_SCALE)
    options["residual_scale"] = scale
    options["circuit"] = preset(
        arguments.get("layout", LAYOUT), **arguments.get("circuit", {})
    )
    model = arguments.get("model", "quantum")
    config = TrainConfig(
        path,
        model="hyqut",
        baseline=None if model == "quantum" else model,
        options=options,
        sequence_length=LENGTH,
        batch_size=arguments.get("batch", BATCH),
        learning_rate=RATE,
        quantum_learning_rate=ANGLE_RATE,
        seed=seed,
    )
    return LanguageTask(config, HELD_OUT)


def _train(arguments, seed, paths):
    from tfq_hybrid.models import reduction
    from tfq_hybrid.training.build import count_parameters

    text = arguments.get("text", "stories")
    task = _task(arguments, seed, paths[text])
    found = task.train(arguments.get("rates", [RATE]), arguments["steps"])
    tested, arrays = task.read_test()
    found |= tested
    found["parameters"] = count_parameters(task.model, task.config)
    if task.config.baseline != "dense":
        sizes = reduction(task.model.backbone, LENGTH)
        found["reduction"] = {k: v["change"] for k, v in sizes.items()}
    found["sample"] = _sample(task.model, PROMPTS[text])
    return found, arrays


def _sample(model, prompt, tokens=40):
    """The likeliest tokens after a prompt, and the prompt."""
    from tfq_hybrid.serving.streaming import TextStream, make_sampler

    stream = TextStream(model)
    tokens = min(tokens, LENGTH - len(stream.encode(prompt)))
    with discarded_stderr():  # XLA announces itself there
        pieces = list(stream(prompt, tokens, make_sampler(greedy=True)))
    return prompt + "".join(piece.text for piece in pieces)


def _gradients(arguments, seed, paths):
    """The gradients of the first layer's circuit along a training."""
    from tfq_hybrid.layers.quantum_dense import make_circuit_layer
    from tfq_hybrid.training.build import compile_model
    from tfq_hybrid.training.tasks import TASKS

    steps = arguments["steps"]
    # Behind matrices of zeros there is no gradient to compare with at first.
    arguments = {**arguments, "layers": [0], "residual_scale": 1.0}
    task = _task(arguments, seed, paths["stories"])
    config, model = task.config, task.model
    compile_model(model, config, steps)
    batches = task.parts.training.shuffled_batches(config.batch_size, seed)
    with TASKS["generation"].fed(model):
        arrays = compare_gradients(
            model,
            model.backbone.replaced[0].pqc,
            iter(batches),
            steps,
            STEP_SIZES,
            lambda differentiator: make_circuit_layer(
                config.options.circuit, differentiator=differentiator
            ),
        )
    return {"step_sizes": list(STEP_SIZES), "steps": steps}, arrays


def _chinese(arguments, seed, paths):
    """A few steps on dialogues: the path from text to text, no more."""
    task = _task(arguments, seed, paths["chinese"])
    found = train_language_model(
        task.model, task.parts, task.config, arguments["steps"], checks=2
    )
    tested, arrays = task.read_test()
    tokenizer = task.model.preprocessor.tokenizer
    text = "你好，你是谁？"
    back = tokenizer.detokenize(tokenizer.tokenize(text))
    return found | tested | {"comes_back": back == text}, arrays
