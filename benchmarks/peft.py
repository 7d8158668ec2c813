"""LoRA of `adapters` beside PEFT, both ways.

python -m benchmarks.peft [--path .references | --python PYTHON]

Tiny random models are written as Hugging Face directories, with a LoRA in the
format of PEFT. In an environment of its own PEFT runs that LoRA, merges it,
and writes one of its own, with a rank and an alpha for single modules and
rank-stabilised scaling. Here that one is loaded, and the outputs compared.
"""

import dataclasses
import pathlib
import tempfile
from typing import Any

import click
import keras
import keras_hub
import numpy as np

from benchmarks.common import write
from benchmarks.references import ask, environment, python_in
from tfq_hybrid import adapters
from tfq_hybrid.bases.gpt_neo import GPTNeoBackbone
from tfq_hybrid.bases.mpnet.backbone import MPNetBackbone
from tfq_hybrid.bases.written import write_directory
from tfq_hybrid.cli.run import run_command

WORKER = pathlib.Path(__file__).parent / "workers" / "on_peft.py"
GOAL = 1e-5  # of the largest output
MOVED = ("ours", "ours_merged", "theirs")
_SIZES: dict[str, Any] = {
    "vocabulary_size": 40,
    "num_layers": 3,
    "hidden_dim": 16,
    "intermediate_dim": 24,
}
_HEADS = {"num_heads": 2, "max_sequence_length": 16, "dropout": 0.0}


@dataclasses.dataclass(frozen=True)
class Case:
    """A backbone, and the LoRAs on it.

    Args:
        title: its name in tables and results.
        kind: the class of `transformers` that loads it.
        backbone: of keras-hub or of `bases`.
        arguments: of the backbone.
        targets: of our LoRA.
        config: of PEFT's.
        spread: standard deviation of the weights of PEFT's. Where it is large
            a decoder's logits hang on the order of sums. Defaults to 0.1.
    """

    title: str
    kind: str
    backbone: type
    arguments: dict[str, Any]
    targets: tuple[str, ...]
    config: dict[str, Any]
    spread: float = 0.1


CASES = (
    Case(
        "Llama",
        "AutoModelForCausalLM",
        keras_hub.models.Llama3Backbone,
        {"num_query_heads": 2, "num_key_value_heads": 1},
        ("attention", "ffn"),
        {
            "target_modules": ["q_proj", "k_proj", "o_proj", "down_proj"],
            "r": 4,
            "lora_alpha": 16,
            "rank_pattern": {r"layers.1.self_attn.q_proj": 2},
            "alpha_pattern": {"down_proj": 3},
        },
    ),
    Case(
        "GPT-Neo",
        "AutoModelForCausalLM",
        GPTNeoBackbone,
        {**_HEADS, "attention_types": ["global", "local", "global"]},
        ("query", "up"),
        {
            "target_modules": "all-linear",
            "r": 4,
            "lora_alpha": 16,
            "use_rslora": True,
        },
    ),
    Case(
        "BERT",
        "AutoModel",
        keras_hub.models.BertBackbone,
        _HEADS,
        ("attention", "ffn"),
        {"target_modules": ["query", "value"], "r": 16},
        0.3,
    ),
    Case(
        "MPNet",
        "AutoModel",
        MPNetBackbone,
        _HEADS,
        ("query", "output", "down"),
        {"target_modules": r".*layer\.[02]\.attention\.attn\.(q|o)"},
        0.3,
    ),
)


def compare(python: str, case: Case) -> dict[str, Any]:
    """The differences, over the largest output.

    Raises:
        UserError: the worker failed.
    """
    keras.utils.set_random_seed(0)
    model = case.backbone(**_SIZES, **case.arguments)
    ids = np.random.default_rng(1).integers(2, 40, (2, 11))
    with tempfile.TemporaryDirectory() as folder:
        paths = {
            name: str(pathlib.Path(folder, name))
            for name in ("base", "ours", "theirs", "arrays.npz")
        }
        write_directory(model, None, pathlib.Path(paths["base"]))
        method = adapters.LoRA(targets=case.targets, rank=3, alpha=5)
        adapters.adapt(model, method)
        generator = np.random.default_rng(2)
        for variable in model.trainable_variables:
            variable.assign(generator.normal(0, 0.3, variable.shape))
        adapters.save_peft(model, paths["ours"])
        request = {
            **paths,
            "arrays": paths["arrays.npz"],
            "kind": case.kind,
            "ids": ids.tolist(),
            "config": case.config,
            "spread": case.spread,
        }
        versions = ask(python, WORKER, request)
        with np.load(paths["arrays.npz"]) as file:
            expected = dict(file)
        found = {"ours": _outputs(model, ids)}
        adapters.merge(model)
        found["ours_merged"] = _outputs(model, ids)
        adapters.unload(adapters.unmerge(model))
        found["base"] = _outputs(model, ids)
        adapters.load_peft(model, paths["theirs"])
        found["theirs"] = _outputs(model, ids)
    largest = {name: np.abs(x).max() for name, x in expected.items()}
    moved = [np.abs(expected[x] - expected["base"]).max() for x in MOVED]
    return {
        **versions,
        **{
            name: float(np.abs(values - expected[name]).max() / largest[name])
            for name, values in found.items()
        },
        "moved": float(min(moved) / largest["base"]),
    }


def _outputs(model, ids):
    """Logits of a decoder, hidden states of an encoder."""
    tokens = {
        "token_ids": ids,
        "padding_mask": np.ones_like(ids),
        "segment_ids": np.zeros_like(ids),
    }
    found = model({name: tokens[name] for name in model.input})
    if isinstance(found, dict):
        return np.array(found["sequence_output"])
    return np.array(model.token_embedding(found, reverse=True))


@click.command()
@environment
@click.option(
    "--output", default="peft", show_default=True, help="A .json file."
)
def peft(path, python, output):
    """Compare LoRA with that of PEFT, in files of both."""
    python = python_in(path, python)
    rows = []
    for case in CASES:
        rows.append({"title": case.title, **compare(python, case)})
        apart = ", ".join(f"{x} {rows[-1][x]:.1e}" for x in ("base", *MOVED))
        click.echo(f"{case.title:<10}{apart}; moved {rows[-1]['moved']:.2f}")
    reached = all(row[x] <= GOAL for row in rows for x in MOVED)
    click.echo(f"The goal of {GOAL:g}: {'reached' if reached else 'missed'}")
    write(output, about="LoRA beside PEFT.", goal=GOAL, rows=rows)


if __name__ == "__main__":
    run_command(peft, None, "benchmarks.peft")
