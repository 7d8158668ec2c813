"""`tfq-hybrid serve`."""

import click

from tfq_hybrid.startup import quiet_imports

EPILOG = """
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


@click.command(epilog=EPILOG)
@click.argument("path", type=click.Path())
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    default=8501,
    show_default=True,
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
    show_default=True,
    help="Maximum size of a request, in bytes.",
)
@click.option(
    "--max-rows",
    "request_rows",
    default=128,
    show_default=True,
    help="Maximum number of rows in a request.",
)
@click.option(
    "--max-batch",
    "batch_rows",
    default=32,
    show_default=True,
    help="Maximum number of rows in a batch, from several requests.",
)
@click.option(
    "--max-wait",
    "batch_wait",
    default=0.001,
    show_default=True,
    help="Seconds to wait for more requests to fill a batch.",
)
@click.option(
    "--max-queue",
    "queue_rows",
    default=256,
    show_default=True,
    help="Maximum number of waiting rows; beyond it the answer is 429.",
)
@click.option(
    "--max-connections",
    "connections",
    default=1024,
    show_default=True,
    help="Maximum number of connections; beyond it the answer is 503.",
)
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    help="Seconds to read a request, and again to answer it.",
)
@click.option(
    "--drain",
    default=30.0,
    show_default=True,
    help="Seconds to finish pending requests before the server stops.",
)
@click.option("--json", "as_json", is_flag=True, help="Write logs as JSON.")
def serve(path, host, port, name, all_versions, as_json, **limits):
    """Serve an export over HTTP, as TensorFlow Serving does."""
    quiet_imports()
    from tfq_hybrid.serving.server import Limits
    from tfq_hybrid.serving.server import serve as run

    run(path, host, port, name, all_versions, Limits(**limits), as_json)
