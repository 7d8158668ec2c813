"""QAA (arXiv 2509.16244): adapters of one pretrained GPT, on Alpaca."""

from tfq_hybrid.comparison.jobs import Block, Job, Recipe, listed
from tfq_hybrid.comparison.work.language import CHECKS
from tfq_hybrid.models.qaa.jobs import (
    BATCH,
    FIRST_SEED,
    HELD_OUT,
    LENGTH,
    RATES,
    perform,
    pretraining,
)
from tfq_hybrid.models.qaa.report import goals, headlines, sections

METHODS = ("qaa", "lora", "sora", "prefix", "bottleneck", "full")
STEPS = {"quick": 5, "budget": 100, "full": 600}
# Seconds on one core: a step of adapters of a base of 10 million parameters,
# and of all of it; what a training takes beside its steps, a job beside its
# trainings, and a job under noise beside those.
STEP, FULL_STEP, TRAINING, START, NOISE = 0.28, 0.45, 15.0, 50.0, 350.0
TINY = 0.4  # of that with the base of --quick
ONE_RATE = [1.0]  # where circuits are compared with each other
FEWER_SEEDS = 3  # of the questions after the first, with --budget


def blocks(scale, paths):
    """The questions, the most important first."""
    quick = scale.name == "quick"
    steps = STEPS[scale.name]
    base = {"base": scale.name, "preset": paths.get("base")}
    seeds = range(FIRST_SEED, FIRST_SEED + scale.seeds)
    few = seeds if scale.name == "full" else seeds[:FEWER_SEEDS]
    methods = {
        name: {"method": name, "rates": list(RATES[name]), "scored": True}
        for name in METHODS
    }
    noisy = {"method": "qaa", "rates": list(RATES["qaa"]), "noisy": True}
    making = Job("base", 0, {**base, "what": "base"}, _base_time(scale, paths))
    made = [
        Block(
            "base",
            "The model that is adapted: how well does it predict plain text?",
            (making,),
        ),
        Block(
            "methods",
            "Alpaca: which adapters, of about the same number of parameters?",
            _jobs(seeds, methods, steps, base),
        ),
    ]
    if quick:
        return made
    depths = {
        f"{depth} layer{'s' if depth > 1 else ''}, {pattern}": {
            "method": "qaa",
            "options": {"depth": depth, "entanglement": pattern},
            "rates": ONE_RATE,
        }
        for pattern in ("adjacent", "all-to-all")
        for depth in (1, 2, 4)
    }
    depths["1 layer, no entanglement"] = {
        "method": "qaa",
        "options": {"entanglement": "none"},
        "rates": ONE_RATE,
    }
    return [
        *made,
        Block(
            "noise",
            "Alpaca: what do shots and noise do to trained adapters?",
            _jobs(few, {"qaa": noisy}, steps, base),
        ),
        Block(
            "circuits",
            "Alpaca: how deep, and which entanglement?",
            _jobs(few, depths, steps, base),
        ),
    ]


def _jobs(seeds, rows, steps, base):
    return tuple(
        Job(
            row,
            seed,
            {**base, **arguments, "steps": steps},
            (TINY if base["base"] == "quick" else 1) * _time(arguments, steps),
        )
        for seed in seeds
        for row, arguments in rows.items()
    )


def _time(arguments, steps):
    method = arguments["method"]
    rates = arguments["rates"]
    step = FULL_STEP if method == "full" else STEP
    beside = START + (NOISE if arguments.get("noisy") else 0)
    return beside + len(rates) * (TRAINING + steps * step)


def _base_time(scale, paths):
    if paths.get("base") or not {"stories", "shakespeare"} <= set(paths):
        return START
    plan = pretraining(scale.name, paths)
    if plan.is_done:
        return 10.0
    return START + TRAINING + plan.steps * FULL_STEP


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
    sections=sections,
    headlines=headlines,
    goals=goals,
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
