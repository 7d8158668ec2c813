"""What the jobs of `hyqut` compute."""

from tfq_hybrid.circuits import preset
from tfq_hybrid.comparison.work.executions import compare_gradients
from tfq_hybrid.comparison.work.language import (
    encode_parts,
    read_test,
    split_corpus,
    train_at_rates,
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
MODELS = {"quantum": None, "dense": "dense", "bottleneck": "bottleneck"}
STEP_SIZES = (1e-4, 1e-3, 1e-2, 1e-1, 0.5)  # radians
PROMPTS = {"stories": "Once upon a time", "shakespeare": "First Citizen:"}


def perform(arguments, seed, paths, folder):
    """Trains one model on the begin of a text, and reads its end once."""
    what = arguments.get("what", "training")
    return {"training": _train, "gradients": _gradients, "chinese": _chinese}[
        what
    ](arguments, seed, paths)


def _train(arguments, seed, paths):
    from tfq_hybrid.models import reduction
    from tfq_hybrid.training.build import count_parameters

    text = arguments.get("text", "stories")
    config, model, parts = _setting(arguments, seed, paths[text])
    found, config, model = train_at_rates(
        lambda rate: _setting(arguments, seed, paths[text], rate)[:2],
        parts,
        arguments.get("rates", [RATE]),
        arguments["steps"],
    )
    tested, arrays = read_test(model, parts, config)
    found |= tested
    found["parameters"] = count_parameters(model, config)
    if config.baseline != "dense":
        sizes = reduction(model.backbone, LENGTH)
        found["reduction"] = {k: v["change"] for k, v in sizes.items()}
    found["sample"] = _sample(model, PROMPTS[text])
    return found, arrays


def _setting(arguments, seed, path, rate=RATE):
    """The config, the model and the encoded parts of a job."""
    import keras

    from tfq_hybrid.data import load_corpus
    from tfq_hybrid.training import TrainConfig
    from tfq_hybrid.training.build import build_model, make_vocabulary

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
    config = TrainConfig(
        path,
        model="hyqut",
        baseline=MODELS[arguments.get("model", "quantum")],
        options=options,
        sequence_length=LENGTH,
        batch_size=arguments.get("batch", BATCH),
        learning_rate=rate,
        quantum_learning_rate=ANGLE_RATE,
        seed=seed,
    )
    parts = split_corpus(load_corpus(path))
    vocabulary = make_vocabulary(config, parts.training.texts)
    keras.utils.set_random_seed(seed)
    model = build_model(config, vocabulary)
    return config, model, encode_parts(parts, model, config, HELD_OUT)


def _sample(model, prompt, tokens=40):
    from tfq_hybrid.serving.streaming import TextStream, make_sampler

    stream = TextStream(model)
    sampler = make_sampler(greedy=True)
    with discarded_stderr():  # XLA announces itself there
        pieces = list(stream(prompt, _room(stream, prompt, tokens), sampler))
    return prompt + "".join(piece.text for piece in pieces)


def _room(stream, prompt, tokens):
    return min(tokens, LENGTH - len(stream.encode(prompt)))


def _gradients(arguments, seed, paths):
    """The gradients of the first layer's circuit along a training."""
    from tfq_hybrid.layers.quantum_dense import make_circuit_layer
    from tfq_hybrid.training.build import compile_model
    from tfq_hybrid.training.tasks import TASKS

    steps = arguments["steps"]
    # Behind matrices of zeros there is no gradient to compare with at first.
    arguments = {**arguments, "layers": [0], "residual_scale": 1.0}
    config, model, parts = _setting(arguments, seed, paths["stories"])
    compile_model(model, config, steps)
    circuit = config.options.circuit
    with TASKS["generation"].fed(model):
        arrays = compare_gradients(
            model,
            model.backbone.replaced[0].pqc,
            iter(parts.training.shuffled_batches(config.batch_size, seed)),
            steps,
            STEP_SIZES,
            lambda differentiator: make_circuit_layer(
                circuit, differentiator=differentiator
            ),
        )
    return {"step_sizes": list(STEP_SIZES), "steps": steps}, arrays


def _chinese(arguments, seed, paths):
    """A few steps on dialogues: the path from text to text, no more."""
    config, model, parts = _setting(arguments, seed, paths["chinese"])
    found = train_language_model(model, parts, config, arguments["steps"], 2)
    tested, arrays = read_test(model, parts, config)
    tokenizer = model.preprocessor.tokenizer
    text = "你好，你是谁？"
    back = tokenizer.detokenize(tokenizer.tokenize(text))
    found |= tested | {"comes_back": back == text}
    return found, arrays
