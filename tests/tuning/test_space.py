"""Spaces: what is searched, under which conditions, in whose words."""

import dataclasses
import json
import tempfile

import pytest
from keras_tuner.engine.hyperparameters import HyperParameters

from tfq_hybrid.adapters import LoRA, ReplaceDense
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.tuning import Choice, Condition, Range, Space, space_of
from tfq_hybrid.tuning.dimensions import read_dimension
from tfq_hybrid.tuning.objectives import Objective
from tfq_hybrid.tuning.tuner import make_oracle

pytestmark = pytest.mark.filterwarnings("ignore:(currentThread|getName)")
CONFIG = TrainConfig("embedded")


def drawn(space, count=60, seed=0):
    """Values that keras-tuner's own random oracle draws."""
    oracle = make_oracle("random", space, Objective("loss"), count, 1, seed)
    oracle._set_project_dir(tempfile.mkdtemp(), "oracle")
    oracle.verbose = 0
    trials = [oracle.create_trial(f"tuner{i}") for i in range(count)]
    return [
        space.decode(trial.hyperparameters.values)
        for trial in trials
        if trial.status == "RUNNING"
    ]


def test_the_default_space_makes_models():
    space = space_of(CONFIG)
    seen = set()
    for values in drawn(space):
        circuit = CONFIG.replace(values).circuit
        assert circuit.qubits == values["circuit.qubits"]
        pattern = values["circuit.entanglement"]
        seen.add(pattern)
        if circuit.qubits == 2:
            assert pattern in ("none", "linear")
        assert ("circuit.distance" in values) == (pattern == "long_range")
    assert {"long_range", "ring", "linear"} <= seen


@pytest.mark.parametrize(
    ("system", "name"),
    [("hyqut", "residual_scale"), ("quantum-head", "constant_amplitude")],
)
def test_an_argument_of_one_system_has_usual_values(system, name):
    config = TrainConfig("embedded", model=system)
    found = drawn(space_of(config, [name], only=True), count=8)
    assert {values[name] for values in found} == {0.0, 1.0}
    for values in found:
        assert getattr(config.replace(values).options, name) == values[name]
    with pytest.raises(UserError, match=name):
        space_of(CONFIG, [name], only=True)


def test_values_survive_the_network():
    """As floats they would come back in single precision."""
    space = Space([Choice("rate", (0.1, 1e-4)), Choice("names", (["a"], None))])
    hp = space.hyperparameters()
    back = HyperParameters.from_proto(hp.to_proto())
    assert space.decode(back.values) == {"rate": 0.1, "names": ["a"]}


def test_a_range_stays_within_its_ends():
    space = Space([Range("rate", 0.1, 0.3)])
    hp = space.hyperparameters()
    hp.values["rate"] = 0.30000001192092896  # 0.3 in single precision
    assert space.decode(hp.values) == {"rate": 0.3}


def test_a_grid_of_a_range():
    choice = Range("rate", 1e-4, 1e-1, "log", points=4).as_choice()
    assert choice.values == (1e-4, 1e-3, 1e-2, 1e-1)


def test_spaces_come_back_from_their_rows():
    space = space_of(CONFIG)
    again = Space.from_list(space.to_list())
    assert again == space
    assert again.to_list() == space.to_list()


def test_what_is_named_replaces_or_joins():
    space = space_of(CONFIG, ["qubits=2,4", "encoding"])
    named = {d.name: d for d in space.dimensions}
    assert named["circuit.qubits"].values == (2, 4)
    assert "circuit.encoding" in named and "learning_rate" in named
    for key in ("qubits", "circuit.qubits"):
        space = space_of(CONFIG, [f"{key}=2,4"], only=True)
        assert space.names == ["circuit.qubits"]


def test_the_end_of_two_keys_names_both():
    options = {"preset": "p", "adapter": {"method": "QuantumAdapter"}}
    options["adapter"]["circuit"] = "ionq"
    config = TrainConfig("embedded", options=options)
    adapter = dataclasses.replace(config.options.adapter, depth=1)
    assert adapter.circuit.depth == 3
    with pytest.raises(UserError) as caught:
        space_of(config, ["depth=1,2"], only=True)
    for key in ("adapter.depth", "adapter.circuit.depth"):
        assert key in str(caught.value)
    space = space_of(config, ["circuit.depth=1,2"], only=True)
    assert space.names == ["adapter.circuit.depth"]


@pytest.mark.parametrize(
    "reuploads, limits", [("4,5", None), ("2,4", None), ("0,4,5", (4, 5))]
)
def test_weights_are_shared_wherever_there_are_several(reuploads, limits):
    words = [f"reuploads={reuploads}", "share_weights"]
    _, shared = space_of(CONFIG, words, only=True).dimensions
    condition = limits and Condition("circuit.reuploads", limits)
    assert shared.name == "circuit.share_weights"
    assert shared.condition == condition


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig(
            "embedded",
            options={
                "preset": "bert_tiny_en_uncased",
                "adapter": ReplaceDense(targets="all-ffn").to_dict(),
            },
        ),
        TrainConfig(
            "embedded",
            options={
                "preset": "bert_tiny_en_uncased",
                "adapter": LoRA(rank=4).to_dict(),
            },
        ),
    ],
    ids=["ReplaceDense", "LoRA"],
)
def test_the_values_of_a_trial_leave_the_config_alone(config):
    before = json.dumps(config.to_dict())
    changes = (
        {"adapter.rank": 64}
        if isinstance(config.options.adapter, LoRA)
        else {"adapter.circuit.depth": 5}
    )
    changed = config.replace(changes)
    assert json.dumps(changed.to_dict()) != before
    assert json.dumps(config.to_dict()) == before


def test_amplitudes_take_no_scaling():
    space = space_of(
        CONFIG, ["encoding=angle,amplitude", "scaling", "reuploads"], only=True
    )
    for values in drawn(space, 30):
        circuit = CONFIG.replace(values).circuit
        if values["circuit.encoding"] == "amplitude":
            assert set(values) == {"circuit.encoding"}
            assert circuit.scaling == "identity"


@pytest.mark.parametrize(
    "baseline, names",
    [
        ("ffn", {"learning_rate", "dropout"}),
        ("bottleneck", {"learning_rate", "dropout", "circuit.qubits"}),
    ],
)
def test_a_baseline_is_searched_where_it_has_an_effect(baseline, names):
    config = TrainConfig("embedded", baseline=baseline)
    assert set(space_of(config).names) == names


@pytest.mark.parametrize(
    "words, only, expected",
    [
        ([], True, "at least one argument"),
        (["qbits=2"], False, "Did you mean 'qubits'?"),
        (["qubits=0,2"], False, "nearest valid value is 1"),
        (["qubits=4:2"], False, "low end of at most"),
        (["qubits=2,2"], False, "each of them once"),
        (["qubits="], False, "Received: 'qubits='"),
        (["depth=2", "depth=3"], False, "depth once"),
        (["learning_rate=1e-2:1e-4"], False, "low end below"),
        (["learning_rate=0:1:log"], False, "begin above 0"),
        (["learning_rate=1e-4:1e-2:cubic"], False, "'cubic' is neither"),
        (["entanglement=rng"], False, "Did you mean 'ring'?"),
        (
            ["entanglement=ring", "distance"],
            False,
            "circuit.distance needs",
        ),
        (["reuploads=0", "share_weights"], True, "reuploads that is above 0"),
        (["share_weights"], True, "reuploads to be above 0"),
        (["distance=2"], True, "long_range"),
        (["ansatz=ry+cnto"], False, "Did you mean 'cnot'?"),
        (["batch_size"], False, "batch_size=VALUE,VALUE"),
        (["dropout=0.1,2.0"], False, "dropout=2.0"),
    ],
)
def test_spaces_that_make_no_sense(words, only, expected):
    with pytest.raises(UserError) as caught:
        space_of(CONFIG, words, only)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_condition_that_cannot_hold():
    with pytest.raises(UserError, match="which b needs"):
        Space([Choice("a", (1, 2)), Choice("b", (1,), Condition("a", (3,)))])


def test_lists_and_words():
    dimension = read_dimension("ansatz", "ry+cnot,rx")
    assert dimension.values == (["ry", "cnot"], "rx")
    config = CONFIG.replace({"circuit.ansatz": "rx"})
    assert config.circuit.ansatz == ("rx",)
