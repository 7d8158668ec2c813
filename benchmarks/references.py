"""Models of `bases` beside the reference implementation of `transformers`.

python -m benchmarks.references [--path .references | --python PYTHON]

In an environment of their own the reference models are made from random
weights, saved as Hugging Face directories, and run; here the same directories
are converted and run. Compared are the logits of texts of several lengths in
one batch, greedy decoding with each one's own cache, and the tokens of a text.
"""

import dataclasses
import json
import pathlib
import subprocess
import tempfile
from collections.abc import Mapping
from typing import Any

import click
import keras_hub
import numpy as np

from benchmarks.common import write
from benchmarks.peers import install
from tfq_hybrid import bases
from tfq_hybrid.cli.run import run_command
from tfq_hybrid.data import byte_pair_vocabulary, learn_merges
from tfq_hybrid.errors import UserError

HERE = pathlib.Path(__file__).parent
REQUIREMENTS = HERE / "requirements-references.txt"
WORKER = HERE / "workers" / "on_transformers.py"
GOAL = 1e-4  # of the largest logit
TOKENS = 512  # in the vocabulary of the tokenizers
# Contractions, digits, blanks, line ends, and letters of several bytes.
TEXT = (
    "They're 12,345 steps, aren't they?  Two blanks\n\nand naïve "
    'letters: Ελληνικά, 漢字, 🙂 — it\'ll do.\tA tab, "quotes" & <tags>\n'
)


@dataclasses.dataclass(frozen=True)
class Case:
    """A reference model and what it reads.

    Args:
        title: its name in tables and results.
        model_type: of `transformers`.
        config: arguments of that config.
        lengths: tokens of the texts in the batch.
        prompt: tokens of each text that greedy decoding begins with; it ends
            with the longest text.
        dtype: of the weights in the file. Defaults to `"float32"`; both
            compute in float32.
        seeds: one model each. Defaults to two.
    """

    title: str
    model_type: str
    config: Mapping[str, Any]
    lengths: tuple[int, ...]
    prompt: tuple[int, ...]
    dtype: str = "float32"
    seeds: tuple[int, ...] = (0, 1)


_TINY = {
    "vocab_size": TOKENS,
    "hidden_size": 32,
    "num_layers": 4,
    "num_heads": 4,
    "attention_types": [[["global", "local"], 2]],
    "window_size": 5,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,  # else all positions attend alike
    "bos_token_id": 0,
    "eos_token_id": None,
}
_READS = {"lengths": (40, 23, 4), "prompt": (11, 3, 1)}
CASES = (
    Case("GPT-Neo, tiny", "gpt_neo", _TINY, **_READS),
    Case(
        "GPT-Neo, tiny, other layers",
        "gpt_neo",
        {
            **_TINY,
            "attention_types": [[["local"], 3], [["global"], 1]],
            "intermediate_size": 48,
            "layer_norm_epsilon": 1e-3,
        },
        **_READS,
    ),
    Case(
        "GPT-Neo, tiny, bfloat16",
        "gpt_neo",
        _TINY,
        **_READS,
        dtype="bfloat16",
    ),
    Case(
        "GPT-Neo, sizes of 125M",
        "gpt_neo",
        {
            "vocab_size": 50257,
            "hidden_size": 768,
            "num_layers": 12,
            "num_heads": 12,
            "attention_types": [[["global", "local"], 6]],
            "eos_token_id": None,
        },
        lengths=(300, 130),
        prompt=(280, 290),
        seeds=(0,),
    ),
)


def request_of(case: Case, seed: int, folder: pathlib.Path) -> dict[str, Any]:
    """What the worker is asked: the case, a folder and a text."""
    request = dataclasses.asdict(case)
    del request["seeds"], request["title"]
    return {**request, "seed": seed, "folder": str(folder), "text": TEXT}


def write_words(folder: pathlib.Path) -> None:
    """The files of a GPT-2 tokenizer that knows some merges of `TEXT`."""
    merges = learn_merges([TEXT * 2], TOKENS)
    words = byte_pair_vocabulary(merges)
    (folder / "vocab.json").write_text(json.dumps(words), "utf-8")
    lines = ["#version: 0.2", *merges, ""]
    (folder / "merges.txt").write_text("\n".join(lines), "utf-8")


def ask(
    python: str, worker: pathlib.Path, request: dict[str, Any]
) -> dict[str, Any]:
    """The answer of a worker in another environment.

    Raises:
        UserError: it failed.
    """
    done = subprocess.run(
        [python, str(worker)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["nothing said"]
        raise UserError(
            f"Expected {python} to run {worker.name}. Received: {last[0]}"
        )
    return json.loads(done.stdout.splitlines()[-1])


def environment(command: Any) -> Any:
    """Gives a command the options that say where its environment is."""
    for option in (
        click.option(
            "--python", help="The interpreter of one that is there already."
        ),
        click.option(
            "--path",
            default=".references",
            show_default=True,
            type=click.Path(),
            help="Folder of the environment, made where it is not there.",
        ),
    ):
        command = option(command)
    return command


def python_in(path: str, python: str | None) -> str:
    """The interpreter of the references, installed where there is none."""
    python = python or str(pathlib.Path(path, "bin", "python"))
    if not pathlib.Path(python).exists():
        install(path, REQUIREMENTS, "the references", click.echo)
    return python


def compare(python: str, case: Case, seed: int) -> dict[str, Any]:
    """Makes one model there, and runs it here.

    Raises:
        UserError: the worker failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "source")
        source.mkdir()
        write_words(source)
        about = ask(python, WORKER, request_of(case, seed, source))
        with np.load(source.with_name("arrays.npz")) as file:
            expected = dict(file)
        preset = bases.as_preset(source, pathlib.Path(folder, "cache"))
        return {**about, **_differences(preset, case, expected)}


def _differences(preset, case, expected):
    task = keras_hub.models.CausalLM.from_preset(preset)
    text = task.preprocessor.tokenizer(TEXT)
    task.preprocessor = None
    ids, mask = (expected[name].astype("int32") for name in ("ids", "mask"))
    logits = np.array(task({"token_ids": ids, "padding_mask": mask}))
    seen = mask.astype(bool)
    largest = np.abs(expected["logits"][seen]).max()
    apart = np.abs(logits - expected["logits"])[seen].max()

    prompts = np.arange(ids.shape[1]) < np.array(case.prompt)[:, None]
    prompt = {"token_ids": np.where(prompts, ids, 0), "padding_mask": prompts}
    task.compile(sampler="greedy", jit_compile=False)
    generated = task.generate(prompt, stop_token_ids=None)["token_ids"]
    same = (np.array(generated) == expected["generated"])[~prompts]
    return {
        "largest_logit": float(largest),
        "difference": float(apart / largest),
        "generated": int(same.size),
        "generated_alike": int(same.sum()),
        "generated_different_tokens": len(
            set(expected["generated"][~prompts].tolist())
        ),
        "text_tokens": len(text),
        "text_alike": list(text) == expected["text"].tolist(),
    }


@click.command()
@environment
@click.option(
    "--output", default="references", show_default=True, help="A .json file."
)
def references(path, python, output):
    """Compare the models of `bases` with those of transformers."""
    python = python_in(path, python)
    rows = []
    for case in CASES:
        for seed in case.seeds:
            found = compare(python, case, seed)
            rows.append({**dataclasses.asdict(case), "seed": seed, **found})
            alike = f"{found['generated_alike']} of {found['generated']}"
            click.echo(
                f"{case.title:<30}seed {seed}  logits "
                f"{found['difference']:.1e} of the largest, {alike} generated "
                f"tokens and {'all' if found['text_alike'] else 'not all'} "
                "tokens of the text alike"
            )
    reached = all(
        row["difference"] <= GOAL
        and row["generated"] == row["generated_alike"]
        and row["text_alike"]
        for row in rows
    )
    click.echo(f"The goal of {GOAL:g}: {'reached' if reached else 'missed'}")
    write(output, about="Beside transformers.", goal=GOAL, rows=rows)


if __name__ == "__main__":
    run_command(references, None, "benchmarks.references")
