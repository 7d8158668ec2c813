"""Hybrid BERT (arXiv 2511.17677): a circuit as the head of a BERT."""

from tfq_hybrid.comparison.jobs import Recipe, listed, several
from tfq_hybrid.comparison.questions import Questions
from tfq_hybrid.comparison.reporting.measures import MACRO_F1
from tfq_hybrid.comparison.reporting.tables import curves
from tfq_hybrid.models.hybrid_bert.jobs import (
    RATES,
    SPAM_RATES,
    TASKS,
    perform,
)

# Rows as `compare` takes them.
HEADS = {
    "quantum": "hybrid-bert",
    "linear": "hybrid-bert:baseline=linear",
    "mlp": "hybrid-bert:baseline=mlp",
}
_, *BASELINES = HEADS
QUBITS = (1, 2, 4, 6, 8)
PUBLISHED = "½π tanh, as published"
SCALINGS = {
    PUBLISHED: "half_pi_tanh",
    "π tanh": "pi_tanh",
    "arctan": "arctan",
    "no bound": "identity",
}
# Rows `HEAD, …`, beside the same of a linear head.
LOSSES = {
    f"{head}, {name}": HEADS[head] + loss
    for head in ("quantum", "linear")
    for name, loss in (
        ("weighted cross-entropy", ""),
        ("cross-entropy", ":class_weighted=false"),
        ("MSE", ":loss=mse"),
    )
}
LENGTHS = {
    f"{head}, {tokens} tokens": (head, tokens)
    for tokens in (6, 12, 25, 50)
    for head in ("quantum", "linear")
}
LIMIT = 6_920  # training texts: as many as SST-2 has whole sentences
# The frozen encoder has the same texts, and about as many steps as five
# epochs of all of them.
ENCODERS = {
    f"{head}, {name}": {"row": row + encoder, "limit": 800, **training}
    for head, row in HEADS.items()
    for name, encoder, training in (
        ("frozen", "", {"epochs": 20}),
        ("fine-tuned", ":train_encoder=true", {"epochs": 2, "rates": []}),
    )
}
# Seconds on one core, about: of a head on embeddings that are there, and of
# an encoder that trains on a text.
HEAD, TUNING_A_TEXT = 14.0, 0.07


def blocks(scale, paths):
    """The questions, the most important first."""

    def ask(name, title, rows, against, *tables, task="spam", headline=()):
        return QUESTIONS.ask(
            name,
            f"{TASKS[task][1]}: {title}",
            rows,
            scale.all_seeds(),
            *tables,
            against=against,
            headline=headline,
            task=task,
            rates=list(SPAM_RATES if task == "spam" else RATES),
        )

    if scale.name == "quick":
        rows = {row: {"row": word, "epochs": 1} for row, word in HEADS.items()}
        rows["quantum, fine-tuned"] = {
            "row": "hybrid-bert:train_encoder=true",
            "limit": 96,
            "epochs": 1,
            "rates": [],
        }
        title = "does the pipe work?"
        return [ask("spam", title, rows, BASELINES, headline=BASELINES)]
    limit = {"limit": None if scale.name == "full" else LIMIT}
    tasks = [
        ask(
            task,
            "which head on a frozen encoder?",
            {row: {"row": word, **limit} for row, word in HEADS.items()},
            BASELINES,
            headline=BASELINES,
            task=task,
        )
        for task in TASKS
        if task in paths or f"{task}_train" in paths
    ]
    # The large data sets of TFDS last, as their embeddings take long.
    first = [made for made in tasks if made.name in ("spam", "sst2")]
    return [
        *first,
        _qubits(ask),
        ask("loss", "which loss?", LOSSES, [_linear(LOSSES)]),
        ask(
            "range",
            "into which range of angles?",
            {n: f"hybrid-bert:scaling={s}" for n, s in SCALINGS.items()},
            (PUBLISHED,),
        ),
        ask(
            "length",
            "how many tokens?",
            {
                row: {"row": HEADS[head], "tokens": tokens}
                for row, (head, tokens) in LENGTHS.items()
            },
            [_linear(LENGTHS)],
            curves(
                "f1-over-length",
                "Macro F1 over the length of a text",
                "tokens",
                LENGTHS,
                MACRO_F1,
                is_log=True,
            ),
        ),
        ask(
            "encoder",
            "does fine-tuning the encoder pay?",
            ENCODERS,
            [_linear(ENCODERS), _frozen(ENCODERS)],
        ),
        *(made for made in tasks if made not in first),
    ]


def _qubits(ask):
    """The circuits of each size, trained or not, beside an mlp of its size."""
    rows, places, baselines = {"linear": HEADS["linear"]}, {}, {}
    for qubits in QUBITS:
        size = several(qubits, "qubit")
        baseline = f"mlp of the size of {size}"
        for row, line, more in (
            (f"quantum, {size}", "angles trained", ""),
            (
                f"quantum, {size}, angles frozen",
                "angles frozen",
                ":train_angles=false",
            ),
            (baseline, "mlp of the same size", ":baseline=mlp"),
        ):
            rows[row] = f"hybrid-bert:qubits={qubits}{more}"
            places[row] = line, qubits
            if row != baseline:
                baselines[row] = baseline
    return ask(
        "qubits",
        "how many qubits, and must the angles train?",
        rows,
        (("the mlp of its size", baselines), "linear"),
        curves(
            "f1-over-qubits",
            "Macro F1 over qubits",
            "qubits",
            places,
            MACRO_F1,
            reference="linear",
        ),
    )


def _others(pairs):
    return {row: other for row, other in pairs.items() if row != other}


def _linear(rows):
    """What rows are compared with: the same of a linear head."""
    pairs = {row: f"linear,{row.partition(',')[2]}" for row in rows}
    return "the linear head", _others(pairs)


def _frozen(rows):
    pairs = {row: row.replace("fine-tuned", "frozen") for row in rows}
    return "the frozen encoder", _others(pairs)


def _seconds(arguments):
    if arguments["rates"]:
        return HEAD
    texts = arguments["epochs"] * arguments["limit"]
    return 45.0 + TUNING_A_TEXT * texts


QUESTIONS = Questions(MACRO_F1, _seconds, {"head's parameters": "head"})

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
