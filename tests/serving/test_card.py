"""What the model card says."""

import pytest

from tests.serving.zoo import EXAMPLES
from tfq_hybrid.errors import UserError
from tfq_hybrid.files import write_json
from tfq_hybrid.serving import about_run, export
from tfq_hybrid.serving.circuits import circuit_layers
from tfq_hybrid.training import RunFolder, TrainConfig

METRICS = {
    "epochs": 3,
    "best_epoch": 3,
    "validation_loss": 0.25,
    "parameters": {"total": 9},
    "history": [{"val_loss": 0.25}] * 3,
    "seconds": 1.0,
}


def make_run(path, **metrics):
    """The folder of a finished run, without its model."""
    config = TrainConfig("embedded", epochs=3)
    path.mkdir()
    content = {"config": config.to_dict(), "label_names": ["bad", "good"]}
    write_json(path / "config.json", content)
    (path / "vocabulary.txt").write_text("a\n")
    write_json(path / "metrics.json", {**METRICS, **metrics})
    return path


def test_card(tmp_path):
    run = make_run(tmp_path / "run", validation_accuracy=0.8125)
    baseline = make_run(tmp_path / "baseline", validation_accuracy=0.75)
    example = EXAMPLES["tensors"]()
    path = export(
        example.model, tmp_path / "name", about=about_run(run, baseline)
    )
    text = (path / "MODEL_CARD.md").read_text("utf-8")
    lines = text.splitlines()
    assert lines[0] == "# name"
    assert "| validation_accuracy | 0.8125 | 0.75 |" in lines
    assert "| metric | this model | classical baseline |" in lines
    row = "| `serve_tokens` | `features` float32 (?, 3) | "
    assert row + "`outputs` float32 (?, 2) |" in lines
    ((_, layer),) = circuit_layers(example.model)
    diagram = layer.model_circuit.to_text_diagram()
    for line in diagram.splitlines():
        assert f"    {line}".rstrip() in lines
    total = example.model.count_params()
    assert f"| all | {total:,} |" in lines
    assert f"| in circuits | {layer.count_params()} |" in lines
    assert '      "epochs": 3,' in lines


def test_card_without_a_baseline(tmp_path):
    run = make_run(tmp_path / "run", validation_loss=0.5)
    about = about_run(run)
    assert RunFolder(run).metrics() == about["metrics"]
    path = export(EXAMPLES["tensors"]().model, tmp_path / "name", about=about)
    text = (path / "MODEL_CARD.md").read_text("utf-8")
    assert "The classical baseline's were not given." in text
    assert "| validation_loss | 0.5 |" in text


def test_no_run(tmp_path):
    with pytest.raises(UserError, match="folder of a run"):
        about_run(tmp_path)
