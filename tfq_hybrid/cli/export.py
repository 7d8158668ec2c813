"""`tfq-hybrid export`, `serve` and `verify`: models that leave a run."""

import contextlib
import json
import shlex
import sys

import click

from tfq_hybrid.cli.options import split_words
from tfq_hybrid.cli.run import json_option
from tfq_hybrid.startup import discarded_stderr, quiet_imports

EXPORT_EXAMPLES = """
Examples:

\b
  tfq-hybrid export runs/sst2 --output saved_models/sst2
  tfq-hybrid export runs/sst2 --baseline runs/sst2-ffn --format onnx \\
      --output saved_models/sst2
  tfq-hybrid export runs/alpaca --format safetensors --output alpaca_hf
"""


@click.command(epilog=EXPORT_EXAMPLES)
@click.argument("run", type=click.Path())
@click.option(
    "--output",
    required=True,
    type=click.Path(),
    help="The folder of the model's versions.",
)
@click.option(
    "--baseline",
    type=click.Path(),
    help="Run of the baseline, for the model card.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["savedmodel", "onnx", "safetensors"]),
    default="savedmodel",
    help="onnx also writes model.onnx, for token ids; safetensors writes a "
    "directory of Hugging Face instead.",
)
@json_option(help="Print JSON.")
def export(run, output, baseline, form, as_json):
    """Export the model of a run as a SavedModel that serves strings.

    Beside it lie MODEL_CARD.md and SHA256SUMS; a damaged export is refused.
    """
    quiet_imports()
    from tfq_hybrid import serving, training

    model, names = training.load_trained(run)
    if form == "safetensors":
        _write_directory(model, output, baseline, as_json)
        return
    answer = serving.answer_of(run)
    # XLA announces itself there, of a language model.
    writes_text = answer is None or answer.task == "dialogue"
    quiet = discarded_stderr if writes_text else contextlib.nullcontext
    with quiet():
        version = serving.export(
            model,
            output,
            names or None,  # a language model or a regression has no labels
            about=serving.about_run(run, baseline),
            with_onnx=form == "onnx",
            answer=answer,
        )
    if as_json:
        click.echo(json.dumps({"path": str(version), "labels": list(names)}))
        return
    text = '"Once upon a time"' if writes_text else '"a fine film"'
    if answer and writes_text:
        text = '"Name three primary colours."'
    if answer and answer.pairs:
        text = f'{text} "a good film"'
    saved = shlex.quote(output)
    click.echo(
        f"Exported to {version}\n"
        f"Next: tfq-hybrid predict {saved} {text}, or tfq-hybrid "
        f"serve {saved}"
    )


def _write_directory(model, output, baseline, as_json):
    """Writes the base, with what was trained, in Hugging Face's names."""
    from tfq_hybrid import adapters

    if baseline is not None:
        raise click.UsageError("--baseline is for the model card of an export.")
    adapters.save_directory(model, output)
    if as_json:
        click.echo(json.dumps({"path": output}))
        return
    click.echo(
        f"Exported to {output}, without the head of a classifier\n"
        f"Next: --preset {shlex.quote(output)}, or from_pretrained of "
        "transformers"
    )


SERVE_EXAMPLES = """
Examples:

\b
  tfq-hybrid serve saved_models/sst2
  curl -d '{"instances": ["a fine film"]}' \\
      http://127.0.0.1:8501/v1/models/sst2:predict

The paths are TensorFlow Serving's: :predict, the status, /metadata,
/versions/N; and /metrics for Prometheus. SIGTERM answers the requests under
way, then stops. There is no authentication: keep the host a loopback address,
or put a proxy before it.
"""


@click.command(epilog=SERVE_EXAMPLES)
@click.argument("path", type=click.Path())
@click.option("--host", default="127.0.0.1")
@click.option(
    "--allowed-hosts",
    callback=split_words,
    metavar="NAME,…",
    help="Names that requests may call the server by in the header Host, "
    "beside --host and those of the loopback interface; * for any.",
)
@click.option(
    "--port",
    default=8501,
    type=click.IntRange(0, 65535),
    help="TCP port; 0 picks a free one and prints it.",
)
@click.option(
    "--name", help="Model name in the paths. Default: the folder's name."
)
@click.option(
    "--all-versions",
    is_flag=True,
    help="Serve all versions, not only the newest.",
)
@click.option(
    "--max-body",
    "body_bytes",
    default=4 * 2**20,
    help="Maximum size of a request, in bytes.",
)
@click.option(
    "--max-items",
    "body_items",
    default=2**18,
    help="Maximum number of values in a request.",
)
@click.option(
    "--max-rows",
    "request_rows",
    default=128,
    help="Maximum number of rows in a request.",
)
@click.option(
    "--max-batch",
    "batch_rows",
    default=32,
    help="Maximum number of rows in a batch, from several requests.",
)
@click.option(
    "--max-wait",
    "batch_wait",
    default=0.001,
    help="Seconds to wait for more requests to fill a batch.",
)
@click.option(
    "--max-queue",
    "queue_rows",
    default=256,
    help="Maximum number of waiting rows; beyond it the answer is 429.",
)
@click.option(
    "--max-connections",
    "connections",
    default=1024,
    help="Maximum number of connections; beyond it idle ones are closed, and "
    "without any the answer is 503.",
)
@click.option(
    "--timeout",
    default=30.0,
    help="Seconds to receive a request, to answer it, and to send the answer; "
    "large ones get more.",
)
@click.option(
    "--drain",
    default=30.0,
    help="Seconds to finish pending requests before the server stops.",
)
@json_option(help="Write logs as JSON.")
def serve(
    path, host, port, name, all_versions, as_json, allowed_hosts, **limits
):
    """Serve an export over HTTP, as TensorFlow Serving does."""
    quiet_imports()
    from tfq_hybrid.serving.server import Limits
    from tfq_hybrid.serving.server import serve as run

    run(
        path,
        host,
        port,
        name,
        all_versions,
        Limits(**limits),
        as_json,
        allowed_hosts or (),
    )


VERIFY_EXAMPLES = """
Examples:

\b
  tfq-hybrid verify runs/sst2
  tfq-hybrid verify runs/sst2/model.keras
  tfq-hybrid verify saved_models/sst2 --json
  tfq-hybrid verify adapter.h5
"""


@click.command(epilog=VERIFY_EXAMPLES)
@click.argument("path", type=click.Path())
@json_option(help="Print JSON.")
def verify(path, as_json):
    """Check that a run, a model, an adapter, a preset or an export is whole.

    Structure, checksums where there are any, every reader, finite weights.
    What has no checksums is said to be unproven: edits would not be found.
    Ends with 0 where all is well, with 1 and one line where something is
    damaged, and with 2 where PATH is none of these.
    """
    quiet_imports()
    from tfq_hybrid.verify import verify as check

    found = check(path)
    if as_json:
        click.echo(json.dumps(found.to_dict()))
    else:
        for line in found.checks:
            click.echo(f"ok  {line}")
        if found.is_whole and found.unproven:
            click.echo(
                f"{found.path}: a readable {found.kind}, unproven: "
                f"{found.unproven}"
            )
        elif found.is_whole:
            click.echo(f"{found.path}: a whole {found.kind}")
    if not found.is_whole:
        click.echo(f"tfq-hybrid: {found.problem}", err=True)
        sys.exit(1)
