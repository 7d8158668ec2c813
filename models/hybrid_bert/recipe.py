"""Hybrid BERT (arXiv 2511.17677): a circuit as the head of a BERT."""

from tfq_hybrid.comparison.jobs import Block, Job, Recipe, listed
from tfq_hybrid.models.hybrid_bert.jobs import (
    RATES,
    SPAM_RATES,
    TASKS,
    perform,
)
from tfq_hybrid.models.hybrid_bert.report import (
    LENGTHS,
    QUBITS,
    headlines,
    rows_of,
    sections,
)

HEADS = ("quantum", "linear", "mlp")
SCALINGS = {
    "½π tanh, as published": "half_pi_tanh",
    "π tanh": "pi_tanh",
    "arctan": "arctan",
    "no bound": "identity",
}
LOSSES = {
    "weighted cross-entropy": {},
    "cross-entropy": {"class_weighted": False},
    "MSE": {"loss": "mse"},
}
LIMIT = 6_920  # training texts: as many as SST-2 has whole sentences
TUNED = {"limit": 800, "epochs": 2}
# The same texts; about as many steps as five epochs of all of them.
FROZEN = {"limit": 800, "epochs": 20}
# Seconds on one core, about: of a head on embeddings that are there, and of
# an encoder that trains on a text.
HEAD, TUNING_A_TEXT = 14.0, 0.07


def blocks(scale, paths):
    """The questions, the most important first."""
    seeds = range(scale.seeds)
    tasks = [t for t in TASKS if t in paths or f"{t}_train" in paths]
    limit = None if scale.name == "full" else LIMIT
    if scale.name == "quick":
        rows = {head: {"head": head, "epochs": 1} for head in HEADS}
        rows["quantum, fine-tuned"] = {
            "train_encoder": True,
            "limit": 96,
            "epochs": 1,
        }
        return [_block("spam", "does the pipe work?", seeds, rows)]
    every = {head: {"head": head, "limit": limit} for head in HEADS}
    made = [
        _block(task, "which head on a frozen encoder?", seeds, every, task)
        for task in tasks
    ]
    # The large data sets of TFDS last, as their embeddings take long.
    first = [b for b in made if b.name in ("spam", "sst2")]
    rest = [b for b in made if b not in first]
    return [
        *first,
        _block(
            "qubits",
            "how many qubits, and must the angles train?",
            seeds,
            _sizes(),
        ),
        _block(
            "loss",
            "which loss?",
            seeds,
            {
                f"{head}, {name}": {"head": head, **loss}
                for head in ("quantum", "linear")
                for name, loss in LOSSES.items()
            },
        ),
        _block(
            "range",
            "into which range of angles?",
            seeds,
            {
                name: {"circuit": {"scaling": scaling}}
                for name, scaling in SCALINGS.items()
            },
        ),
        _block(
            "length",
            "how many tokens?",
            seeds,
            {
                f"{head}, {tokens} tokens": {"head": head, "tokens": tokens}
                for tokens in LENGTHS
                for head in ("quantum", "linear")
            },
        ),
        _block(
            "encoder",
            "does fine-tuning the encoder pay?",
            seeds,
            {
                f"{head}, {how}": {"head": head, **training}
                for head in HEADS
                for how, training in (
                    ("frozen", FROZEN),
                    ("fine-tuned", {**TUNED, "train_encoder": True}),
                )
            },
        ),
        *rest,
    ]


def _sizes():
    rows = {"linear": {"head": "linear"}}
    for qubits in QUBITS:
        circuit = {"circuit": {"qubits": qubits}}
        trained, frozen, baseline = rows_of(qubits)
        rows[trained] = circuit
        rows[frozen] = {**circuit, "train_angles": False}
        rows[baseline] = {**circuit, "head": "mlp"}
    return rows


def _block(name, title, seeds, rows, task="spam"):
    jobs = tuple(
        Job(row, seed, _with_rates(task, arguments), _seconds(arguments))
        for seed in seeds
        for row, arguments in rows.items()
    )
    return Block(name, f"{TASKS[task][1]}: {title}", jobs)


def _with_rates(task, arguments):
    """What a job takes; a fine-tuned encoder has one rate."""
    if not arguments.get("train_encoder"):
        rates = SPAM_RATES if task == "spam" else RATES
        arguments = {"rates": list(rates), **arguments}
    return {"task": task, **arguments}


def _seconds(arguments):
    if not arguments.get("train_encoder"):
        return HEAD
    texts = arguments["epochs"] * arguments["limit"]
    return 45.0 + TUNING_A_TEXT * texts


RECIPE = Recipe(
    name="hybrid-bert",
    title="Hybrid BERT beside its classical baselines",
    files={
        "spam": "sms_spam.tsv",
        "sst2_train": "sst2_train.tsv",
        "sst2_validation": "sst2_dev.tsv",
        "sst2_test": "sst2_test.tsv",
    },
    optional={
        "twitter": ("twitter.tsv", None),
        "imdb": ("imdb.tsv", "imdb_reviews"),
        "yelp": ("yelp.tsv", "yelp_polarity_reviews"),
    },
    encoder=True,
    blocks=blocks,
    perform=perform,
    sections=sections,
    headlines=headlines,
    goals=lambda blocks, results: [],
    choices=(
        "all-MiniLM-L6-v2, 384 wide, unless --encoder names another BERT (the "
        "paper: bert-base-uncased, 768 wide); its pooler output.",
        "The encoder is frozen, as in the authors' code, but where "
        "`fine-tuned` is said, as in the paper's title: then 800 texts, 2 "
        "epochs, rate 1e-4, 1e-3 for the angles, which no baseline has; the "
        "frozen encoder's heads beside it have 20 epochs of the same texts.",
        "4 qubits where no other number is given.",
        "Weights of the classes: inverse to their frequency. The MSE is that "
        "of probabilities, without weights.",
        "SMS Spam without repeated texts; the split 70/15/15 is the same for "
        "every seed. SST-2 trains on 6,920 of GLUE's phrases, with --full on "
        "all.",
        "A cosine leads the rate to zero; batch 32; the rate and the epoch of "
        "the lowest validation loss answer, of the rates "
        f"{listed(SPAM_RATES)} for spam and {listed(RATES)} else (the "
        "authors': 0.001), for every head; fine-tuned the epoch of the best "
        "validation accuracy.",
        "48 tokens but for spam, 128 for IMDb and Yelp, whose test data are "
        "2,000 texts where TFDS gives them.",
    ),
    published=(
        ("Twitter (US airlines), F1", "0.86", "secondary"),
        (
            "SMS Spam, a precursor with 5 qubits: accuracy; macro F1",
            "0.96; 0.92",
            "author code",
        ),
        ("head's parameters on a width of 768", "775 n + 2", "inferred"),
    ),
)
