"""The report of `qaa`: tables, goals."""

from tfq_hybrid.comparison.reporting.headlines import of_losses
from tfq_hybrid.comparison.reporting.losses import (
    loss_comparison,
    loss_curves,
    loss_goal,
    loss_interval,
    nats,
    points,
    relative_difference,
)
from tfq_hybrid.comparison.reporting.report import (
    PICKED,
    Section,
    picked,
    too_few,
)
from tfq_hybrid.comparison.statistics import mean_interval
from tfq_hybrid.comparison.work.executions import EXECUTIONS
from tfq_hybrid.models.qaa.jobs import ANSWERED, BATCH

SCORES = {
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "embedding_f1": "MiniLM F1",
}
METHODS_NOTE = (
    "Each method is trained at each of its rates; validation picks the rate "
    "and the check. The loss is of what the assistant says."
)
TRAINED = (("trained", lambda found: f"{found[0]['parameters']['trained']:,}"),)


def sections(blocks, results):
    """The report's tables, one for each block."""
    made = []
    for block in blocks:
        if block.name == "base":
            made.append(_base_section(block, results))
        elif block.name == "methods":
            made.append(
                loss_comparison(
                    block,
                    results,
                    ("lora",),
                    METHODS_NOTE,
                    (*TRAINED, (PICKED, picked)),
                )
            )
            title = "Alpaca: along the training"
            made.append(loss_curves(title, block, results))
            made.append(_text_section(block, results))
        elif block.name == "noise":
            made.append(_noise_section(block, results))
        else:
            against = ("1 layer, adjacent",)
            made.append(loss_comparison(block, results, against, "", TRAINED))
    return made


def _base_section(block, results):
    if not results.complete_seeds(block):
        return Section(block.title, note="Not run.")
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
    return Section(block.title, note=f"{note}. Held-out text: {read}.")


def _text_section(block, results):
    title = "Alpaca: what the adapted models answer"
    if missing := too_few(block, results):
        return Section(title, note=missing)
    rows = []
    for row in block.rows:
        found = results.all_found(block, row)
        bleu = [one["bleu"] for one in found]
        cells = [row, f"{sum(bleu) / len(bleu):.2f}"]
        cells[1] += f" ({min(bleu):.2f} to {max(bleu):.2f})"
        for name in SCORES:
            mean = mean_interval(results.scores(block, row, name))
            if name != "embedding_f1":  # a cosine
                mean = mean.clipped(0, 1)
            cells.append(nats(mean.scaled(100), 2))
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


def _noise_section(block, results):
    if missing := too_few(block, results):
        return Section(block.title, note=missing)
    exact = results.scores(block, "qaa", "exact")
    rows = []
    for name in ("exact", *EXECUTIONS):
        losses = results.scores(block, "qaa", name)
        loss = loss_interval(results, block, "qaa", name, "noisy_tokens")
        difference = relative_difference(losses, exact)
        cell = "–" if name == "exact" else points(difference)
        rows.append((name, nats(loss), cell))
    note = (
        f"Trained exactly; at test time alone the circuits run otherwise, on "
        f"{exact.shape[1]} dialogues."
    )
    header = ("", "held-out loss, nats per token", "beside exact, %")
    return Section(block.title, header, tuple(rows), note)


def headlines(blocks, results):
    """QAA beside the adapters of its size."""
    block = next(block for block in blocks if block.name == "methods")
    baselines = [row for row in block.rows if row not in ("qaa", "full")]
    return of_losses("Alpaca", block, results, "qaa", baselines)


def goals(blocks, results):
    """What the project set out to reach, against what was found."""
    block = next(block for block in blocks if block.name == "methods")
    claim = (
        "Held-out loss at or below LoRA's at the nearest number of parameters "
        "(the whole interval at or below 0)"
    )
    return [loss_goal(claim, block, results, "qaa", "lora", 0)]
