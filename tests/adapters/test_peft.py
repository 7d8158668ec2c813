"""LoRA in the format of PEFT: names, layout, scales, and bad files."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.adapters import zoo
from tests.bases.test_written import llama, logits
from tfq_hybrid import adapters
from tfq_hybrid.bases.tensors import Row
from tfq_hybrid.bases.written import rows_of
from tfq_hybrid.errors import UserError

QUERY = "model.layers.1.self_attn.q_proj"
DOWN = "model.layers.0.mlp.down_proj"
SHAPES = {QUERY: (12, 12), DOWN: (8, 12)}  # in and out
CONFIG = {"peft_type": "LORA", "r": 2, "lora_alpha": 3}


def row_of(model, module) -> Row:
    """Where the matrix of a module of PyTorch is."""
    rows = rows_of(model.backbone)
    return next(row for row in rows if row.name == f"{module}.weight")


def write(folder, config=CONFIG, ranks=None, **changes):
    """A file of PEFT with random tensors, and those."""
    generator = np.random.default_rng(6)
    tensors = {}
    for module, (inputs, outputs) in SHAPES.items():
        rank = (ranks or {}).get(module, config.get("r", 8))
        for letter, shape in (("A", (rank, inputs)), ("B", (outputs, rank))):
            values = generator.normal(size=shape).astype("float32")
            tensors[f"base_model.model.{module}.lora_{letter}.weight"] = values
    tensors |= changes
    tensors = {k: v for k, v in tensors.items() if v is not None}
    folder.mkdir(exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "adapter_model.safetensors")
    return tensors


def assert_moved(model, tensors, scales):
    """The base moved by scale times B A, as PEFT has them."""
    base = llama()
    adapters.merge(model)
    for module, scale in scales.items():
        a, b = (
            tensors[f"base_model.model.{module}.lora_{x}.weight"] for x in "AB"
        )
        old, new = (np.array(row_of(m, module).variable) for m in (base, model))
        expected = old.reshape(SHAPES[module]) + scale * (b @ a).T
        found = new.reshape(SHAPES[module])
        np.testing.assert_allclose(found, expected, atol=2e-6 * scale)


@pytest.mark.parametrize("method", ["LoRA", "SoRA"])
def test_what_is_saved_loads(method, tmp_path):
    model = llama()
    options = {"rank": 3, "alpha": 5, "targets": ["attention", "down"]}
    adapters.adapt(model, zoo.METHODS[method](**options))
    zoo.stir(model)
    expected = logits(model)
    adapters.save_peft(model, tmp_path / "peft")
    config = json.loads((tmp_path / "peft/adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (3, 5)
    tensors = load_file(tmp_path / "peft/adapter_model.safetensors")
    a = tensors[f"base_model.model.{QUERY}.lora_A.weight"]
    assert a.shape == (3, 12) and len(tensors) == 2 * len(
        config["target_modules"]
    )
    found = llama()
    adapters.load_peft(found, tmp_path / "peft", name="theirs")
    assert zoo.difference(logits(found), expected) < 1e-5
    assert adapters.status(found)["active"] == "theirs"
    with pytest.raises(UserError, match="Expected a new folder"):
        adapters.save_peft(found, tmp_path / "peft")


@pytest.mark.parametrize(
    ("config", "ranks", "scales"),
    [
        ({"r": 4, "lora_alpha": 16}, {}, (4, 4)),
        ({"r": 4, "lora_alpha": 16, "use_rslora": True}, {}, (8, 8)),
        ({"r": 16}, {}, (0.5, 0.5)),  # PEFT's alpha is 8
        ({}, {}, (1, 1)),
        (
            {
                "r": 4,
                "lora_alpha": 16,
                "rank_pattern": {"q_proj": 2},
                "alpha_pattern": {"0.mlp.down_proj": 2, "q_proj": 3},
            },
            {QUERY: 2},
            (1.5, 0.5),
        ),
        (
            {"r": 4, "lora_alpha": 8, "alpha_pattern": {"proj": 100}},
            {},
            (2, 2),  # a pattern begins where a name does
        ),
        (
            {"r": 1, "lora_alpha": 2, "rank_pattern": {r"layers\.1.*": 3}},
            {QUERY: 3},
            (2 / 3, 2),
        ),
    ],
)
def test_ranks_and_scales_are_those_of_the_file(
    config, ranks, scales, tmp_path
):
    config = {"peft_type": "LORA", **config}
    tensors = write(tmp_path / "peft", config, ranks)
    model = llama()
    adapters.load_peft(model, tmp_path / "peft")
    assert_moved(model, tensors, dict(zip(SHAPES, scales, strict=True)))


def test_names_of_the_body_alone(tmp_path):
    """As PEFT writes them on `AutoModel`."""
    tensors = write(tmp_path / "peft")
    bare = {
        k.replace(".model.layers", ".layers"): v for k, v in tensors.items()
    }
    save_file(bare, tmp_path / "peft" / "adapter_model.safetensors")
    model = llama()
    adapters.load_peft(model, tmp_path / "peft")
    assert_moved(model, tensors, dict.fromkeys(SHAPES, 1.5))


A, B = (f"base_model.model.{QUERY}.lora_{x}.weight" for x in "AB")


@pytest.mark.parametrize(
    ("config", "tensors", "match"),
    [
        ({"peft_type": "VERA"}, {}, "its method is VERA"),
        ({}, {}, "its method is None"),
        ({**CONFIG, "bias": "all"}, {}, "it has biases"),
        ({**CONFIG, "use_dora": True}, {}, "use_dora, which is not known"),
        ({**CONFIG, "modules_to_save": ["score"]}, {}, "modules_to_save"),
        ({**CONFIG, "of_next_year": 1}, {}, "of_next_year"),
        ({**CONFIG, "init_lora_weights": "pissa"}, {}, "changed the base"),
        ({**CONFIG, "r": "2"}, {}, "r is not an integer"),
        ({**CONFIG, "r": 3}, {}, "the rank 2, and not 3"),
        ({**CONFIG, "lora_dropout": 2}, {}, "dropout"),
        ({**CONFIG, "rank_pattern": {"(a+)+b": 3}}, {}, "no repeated group"),
        ({**CONFIG, "rank_pattern": {"(": 3}}, {}, "is no pattern"),
        (CONFIG, {B: None}, "one of two tensors"),
        (CONFIG, {B: np.ones((12, 3), "f4")}, "in a layer from 12 to 12"),
        (CONFIG, {B: np.ones((12, 2), "i4")}, "is not known here"),
        (CONFIG, {B: np.full((12, 2), np.nan, "f4")}, "is not finite"),
        (CONFIG, {"score.weight": np.ones((2, 2), "f4")}, "score.weight"),
        (
            CONFIG,
            {
                A.replace("layers.1", "layers.9"): np.ones((2, 12), "f4"),
                B.replace("layers.1", "layers.9"): np.ones((12, 2), "f4"),
            },
            "layers.9.self_attn.q_proj is no layer",
        ),
        (
            CONFIG,
            {
                A.replace("model.layers", "layers"): np.ones((2, 12), "f4"),
                B.replace("model.layers", "layers"): np.ones((12, 2), "f4"),
            },
            "is there twice",
        ),
    ],
)
def test_other_files_are_refused(config, tensors, match, tmp_path):
    written = {"r": 2, **config}
    write(tmp_path / "peft", {**written, "r": 2}, **tensors)
    (tmp_path / "peft/adapter_config.json").write_text(json.dumps(config))
    model = llama()
    before = logits(model)
    with pytest.raises(UserError, match=match):
        adapters.load_peft(model, tmp_path / "peft")
    np.testing.assert_array_equal(logits(model), before)
    assert adapters.status(model)["active"] is None


def test_damaged_files_are_refused(tmp_path):
    write(tmp_path / "peft")
    path = tmp_path / "peft" / "adapter_model.safetensors"
    content = path.read_bytes()
    for part in (b"", content[:20], content[:-4]):
        path.write_bytes(part)
        with pytest.raises(UserError, match="a LoRA in the format of PEFT"):
            adapters.load_peft(llama(), tmp_path / "peft")
    path.unlink()
    with pytest.raises(UserError, match=r"adapter_model\.safetensors"):
        adapters.load_peft(llama(), tmp_path / "peft")


def test_other_adapters_and_families_are_refused(tmp_path):
    model = llama()
    adapters.adapt(model, adapters.BottleneckAdapter(width=2))
    with pytest.raises(UserError, match=r"adapters\.as_lora makes one"):
        adapters.save_peft(model, tmp_path / "peft")
    opt = zoo.make_task("OPT")
    adapters.adapt(opt, zoo.make_method("LoRA"))
    with pytest.raises(UserError, match="one on a OPTBackbone"):
        adapters.save_peft(opt, tmp_path / "peft")
    assert not (tmp_path / "peft").exists()


def test_a_head_is_said_to_be_left_out(tmp_path):
    model = zoo.make_task("BERT")
    adapters.adapt(model, zoo.make_method("LoRA"))
    lines = []
    adapters.save_peft(model, tmp_path / "peft", report=lines.append)
    assert len(lines) == 1 and "head/logits" in lines[0]
