"""QAA (arXiv 2509.16244): adapters of one pretrained GPT, on Alpaca."""

import functools

from tfq_hybrid.comparison.jobs import Recipe, listed, several
from tfq_hybrid.comparison.questions import Questions
from tfq_hybrid.comparison.reporting.measures import LOSS, shown
from tfq_hybrid.comparison.reporting.report import Section
from tfq_hybrid.comparison.reporting.tables import (
    Table,
    along_training,
    goal_beside,
)
from tfq_hybrid.comparison.statistics import mean_interval, ratio_interval
from tfq_hybrid.comparison.work.executions import EXECUTIONS
from tfq_hybrid.comparison.work.language import CHECKS
from tfq_hybrid.models.qaa.jobs import (
    ANSWERED,
    BATCH,
    FIRST_SEED,
    HELD_OUT,
    LENGTH,
    RATES,
    perform,
    pretraining,
)

METHODS = tuple(RATES)
STEPS = {"quick": 5, "budget": 100, "full": 600}
# Seconds on one core: a step of adapters of a base of 10 million parameters,
# and of all of it; what a training takes beside its steps, a job beside its
# trainings, and a job under noise beside those.
STEP, FULL_STEP, TRAINING, START, NOISE = 0.28, 0.45, 15.0, 50.0, 350.0
TINY = 0.4  # of that with the base of --quick
ONE_RATE = [1.0]  # where circuits are compared with each other


SCORES = {
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "embedding_f1": "MiniLM F1",
}


def blocks(scale, paths):
    """The questions, the most important first."""
    seeds, few = scale.all_seeds(FIRST_SEED), scale.fewer_seeds(FIRST_SEED)
    ask = Questions(
        LOSS,
        functools.partial(_seconds, paths),
        counts={"trained": "trained"},
        common={"base": scale.name, "preset": paths.get("base")},
    ).ask
    steps = {"method": "qaa", "steps": STEPS[scale.name]}
    made = [
        ask(
            "base",
            "The model that is adapted: how well does it predict plain text?",
            {"base": {"what": "base"}},
            [0],
            Table(_base, least=1),
        ),
        ask(
            "methods",
            "Alpaca: which adapters, of about the same number of parameters?",
            {
                name: {"method": name, "rates": list(rates)}
                for name, rates in RATES.items()
            },
            seeds,
            along_training,
            Table(_scores, "{}: what the adapted models answer"),
            against=("lora",),
            note="Each method is trained at each of its rates; validation "
            "picks the rate and the check. The loss is of what the assistant "
            "says.",
            headline=METHODS[1:-1],  # of its size
            scored=True,
            **steps,
        ),
    ]
    if scale.name == "quick":
        return made
    circuits = {
        f"{several(depth, 'layer')}, {pattern}": {
            "depth": depth,
            "entanglement": pattern,
        }
        for pattern in ("adjacent", "all-to-all")
        for depth in (1, 2, 4)
    }
    circuits["1 layer, no entanglement"] = {"entanglement": "none"}
    return [
        *made,
        ask(
            "noise",
            "Alpaca: what do shots and noise do to trained adapters?",
            {"qaa": {"rates": list(RATES["qaa"]), "noisy": True}},
            few,
            Table(_noise),
            **steps,
        ),
        ask(
            "circuits",
            "Alpaca: how deep, and which entanglement?",
            {row: {"options": options} for row, options in circuits.items()},
            few,
            against=("1 layer, adjacent",),
            rates=ONE_RATE,
            **steps,
        ),
    ]


def _seconds(paths, arguments):
    if arguments.get("what") == "base":
        return _base_seconds(arguments["base"], paths)
    step = FULL_STEP if arguments["method"] == "full" else STEP
    trainings = len(arguments["rates"])
    seconds = START + (NOISE if arguments.get("noisy") else 0)
    seconds += trainings * (TRAINING + arguments["steps"] * step)
    return seconds * (TINY if arguments["base"] == "quick" else 1)


def _base_seconds(scale, paths):
    if paths.get("base") or not {"stories", "shakespeare"} <= set(paths):
        return START
    plan = pretraining(scale, paths)
    if plan.is_done:
        return 10.0
    return START + TRAINING + plan.steps * FULL_STEP


def _base(title, block, results):
    (facts,) = results.all_found(block, "base")
    note = f"{facts['parameters']:,} parameters"
    if "curve_steps" in facts:
        steps = facts["curve_steps"][-1]
        passes = steps / (facts["training_windows"] // BATCH)
        note += (
            f", trained from random weights, one seed, by {steps:,} steps, "
            f"{passes:.2g} passes over both texts"
        )
    read = "; ".join(
        f"{text}, perplexity {tested['perplexity']:.1f} "
        f"({tested['test_loss']:.3f} nats per token)"
        for text, tested in facts["texts"].items()
    )
    return Section(title, note=f"{note}. Held-out text: {read}.")


def _scores(title, block, results):
    """BLEU, ROUGE and the match of embeddings of the answers."""
    rows = []
    for row in block.rows:
        bleu = [found["bleu"] for found in results.all_found(block, row)]
        cells = [row, f"{sum(bleu) / len(bleu):.2f}"]
        cells[1] += f" ({min(bleu):.2f} to {max(bleu):.2f})"
        for name in SCORES:
            mean = mean_interval(results.scores(block, row, name))
            if name != "embedding_f1":  # a cosine
                mean = mean.clipped(0, 1)
            cells.append(shown(mean.scaled(100), ".2f"))
        rows.append(tuple(cells))
    note = (
        f"The likeliest tokens after {ANSWERED} prompts of the test. BLEU is "
        "of the corpus, the mean over seeds and their range; ROUGE is F1; "
        "MiniLM F1 matches the states of tokens as BERTScore does, with "
        "all-MiniLM-L6-v2 (or --encoder), not with BERTScore's own model, "
        "and without rescaling: it does not compare with published ones."
    )
    header = ("", "BLEU", *(f"{name}, %" for name in SCORES.values()))
    return Section(title, header, tuple(rows), note)


def _noise(title, block, results):
    """The loss where the circuits of a trained model run otherwise."""
    scores = {
        name: [results.scores(block, "qaa", a) for a in (name, "noisy_tokens")]
        for name in ("exact", *EXECUTIONS)
    }
    exact = scores["exact"]
    rows = []
    for name, arrays in scores.items():
        difference = LOSS.difference(arrays, exact)
        cell = "–" if name == "exact" else shown(difference, LOSS.change)
        rows.append((name, shown(ratio_interval(*arrays), LOSS.form), cell))
    note = (
        f"Trained exactly; at test time alone the circuits run otherwise, on "
        f"{exact[0].shape[1]} dialogues."
    )
    return Section(
        title, ("", LOSS.label, "beside exact, %"), tuple(rows), note
    )


RECIPE = Recipe(
    name="qaa",
    title="QAA beside classical adapters",
    files={
        "alpaca": "alpaca_4000.jsonl",
        "stories": "tinystories_sample.txt",
        "shakespeare": "tinyshakespeare.txt",
    },
    encoder=True,
    base=True,
    blocks=blocks,
    perform=perform,
    goals=(
        goal_beside(
            "Held-out loss at or below LoRA's at the nearest number of "
            "parameters (the whole interval at or below 0)",
            "methods",
            LOSS,
            "qaa",
            "lora",
            lambda difference: difference.high <= 0,
        ),
    ),
    choices=(
        "The base is a GPT-2 of 6 layers, 384 wide, 12.3 million parameters "
        "(with --quick a tiny one), made from random weights on TinyStories "
        "and Tiny Shakespeare, and kept for the next reproduction (the paper: "
        "GPT-Neo-125M); or a preset, by --base.",
        "Circuits after the attention of each layer, 9 qubits, depth 1; the "
        "projection back is zero at first and has no bias.",
        "The classical adapters have the size whose number of parameters is "
        "nearest to QAA's, LoRA's and the prefix's a tenth above it; the "
        "whole model trains all it has.",
        f"AdamW with warm-up and cosine, {BATCH} dialogues of at most "
        f"{LENGTH} tokens a step, {STEPS['budget']} steps with --budget and "
        f"{STEPS['full']} with --full, at three peak rates for each method ("
        + "; ".join(f"{method}: {listed(RATES[method])}" for method in METHODS)
        + "), set after trials of 0.0001 to 4 on the validation data of seed "
        "0, fewer of the whole model; that seed is not reported, seeds begin "
        f"with {FIRST_SEED}; validation picks the rate and the best of "
        f"{CHECKS} checks. Where circuits are compared with each other, the "
        f"rate is {ONE_RATE[0]:g}.",
        "Earlier runs had read the test data: of two rates for each method, "
        "the largest or the smallest of which most picked (QAA 6.355, LoRA "
        "6.583, bottleneck 6.332), and of 0.01, 0.03 and 0.1 for the "
        "bottleneck, which picked the smallest in three of five seeds (6.318). "
        "What replaced them was chosen by validation data, but with that "
        "known.",
        "The last tenth of the file reports, the tenth before it selects: "
        f"{HELD_OUT[1]} and {HELD_OUT[0]} dialogues at most.",
        "Greedy decoding.",
        "Shots and noise act at test time alone; the preparation of the "
        "amplitudes is taken to be free of noise.",
    ),
    published=(
        ("QAA, GPT-Neo-125M: trained", "0.09 %, 123,000", "secondary"),
        ("QAA: BLEU", "2.96", "secondary"),
        ("QAA: BERTScore", "78.74", "secondary"),
        ("QAA: ROUGE-1/2/L", "15.01/3.89/13.55", "secondary"),
        ("Prefix: BLEU, BERTScore", "0.38, 58.29", "secondary"),
        ("Full: BLEU", "12.19", "secondary"),
        ("LoRA: trained", "0.12 %", "secondary"),
    ),
)
