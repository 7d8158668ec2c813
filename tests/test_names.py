"""Names are read without regard to case, hyphens and underscores."""

import pytest

from tfq_hybrid.adapters import LoRA
from tfq_hybrid.adapters.methods import method_from_dict
from tfq_hybrid.cli.main import main
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.training.arguments import fields_of_training
from tfq_hybrid.tuning.objectives import read_objectives


@pytest.mark.parametrize("name", ["LoRA", "lora", "LORA", "lo-ra", "Lo_RA"])
def test_of_methods(name):
    assert method_from_dict({"method": name}) == LoRA()
    changed = LoRA(rank=2).changed({"method": name, "alpha": 8.0})
    assert changed == LoRA(rank=2, alpha=8.0)
    keys = [field.key for field in fields_of_training(chosen={"adapter": name})]
    assert "adapter.rank" in keys


@pytest.mark.parametrize("name", ["hybrid-bert", "HYBRID_BERT", "HybridBert"])
def test_of_systems_and_baselines(name):
    config = TrainConfig("embedded", model=name, baseline="MLP")
    assert (config.model, config.baseline) == ("hybrid-bert", "mlp")
    again = TrainConfig.from_dict({"data": "embedded", "model": name})
    assert again.replace({"model": name, "epochs": 2}).epochs == 2


def test_of_metrics():
    [found] = read_objectives(["Val-Accuracy:max"], ["val_accuracy"])
    assert found.name == "val_accuracy"
    with pytest.raises(UserError, match="val_accuracy"):
        read_objectives(["accuracy_val"], ["val_accuracy"])


def test_on_the_command_line(tmp_path, capsys):
    """What a file says of a method stays where an option spells it anew."""
    file = tmp_path / "run.yaml"
    file.write_text("adapter: {method: LoRA, rank: 3}\npreset: x\n")
    words = ["train", "--print-config", "--data", "embedded"]
    main([*words, "--config", str(file), "--adapter", "lora"])
    out, err = capsys.readouterr()
    assert "method: LoRA" in out and "rank: 3" in out and not err
    main([*words, "--preset", "x", "--adapter", "quantum_adapter"])
    assert "method: QuantumAdapter" in capsys.readouterr().out
