"""The figures that the project promises; `make test-all` runs them."""

import json

import pytest

from tfq_hybrid.cli.main import main
from tfq_hybrid.training import RunFolder

pytestmark = pytest.mark.long


def test_demo_reaches_its_accuracy(tmp_path, capsys):
    output = tmp_path / "runs"
    export = tmp_path / "saved"
    main(["demo", "--output", str(output), "--export", str(export)])
    metrics = RunFolder(output / "quantum").metrics()
    assert metrics["validation_accuracy"] >= 0.90
    printed = capsys.readouterr().out
    for name in ("quantum", "ffn", "bottleneck", "largest difference"):
        assert name in printed


def test_sst2_in_one_epoch(real_data, tmp_path, capsys):
    accuracies = []
    for seed in range(3):
        arguments = ["--data", str(real_data("sst2_train.tsv"))]
        arguments += ["--validation-data", str(real_data("sst2_dev.tsv"))]
        arguments += [
            "--seed",
            str(seed),
            "--output",
            str(tmp_path / f"{seed}"),
        ]
        main(["train", "--json", *arguments])
        metrics = json.loads(capsys.readouterr().out)
        accuracies.append(metrics["validation_accuracy"])
    assert sum(accuracies) / 3 >= 0.79
