"""LoRA in the format of Hugging Face PEFT, written and read."""

import math
import os
import pathlib
import re
from collections.abc import Callable
from typing import Any, TypedDict

import keras
import numpy as np
from safetensors.numpy import save_file

from tfq_hybrid.adapters.classical_layers import LowRank
from tfq_hybrid.adapters.hosts import adaptation_of
from tfq_hybrid.adapters.layers import HeadCopy
from tfq_hybrid.adapters.lifecycle import adapt
from tfq_hybrid.adapters.merging import opened_by_path
from tfq_hybrid.adapters.methods import LoRA
from tfq_hybrid.adapters.patterns import BLOCK_ROLES, check_word
from tfq_hybrid.adapters.target import body_of, targets
from tfq_hybrid.bases.tensors import FLOATS, headers, read
from tfq_hybrid.bases.written import rows_of
from tfq_hybrid.errors import UserError, check_choice, check_integer, listed
from tfq_hybrid.files import replacing, write_json
from tfq_hybrid.reading import read_json, reading

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."
TENSOR = re.compile(re.escape(PREFIX) + r"(.+)\.lora_([AB])\.weight")
EXPECTED = "a LoRA in the format of PEFT"
# What PEFT takes where a config does not say it.
RANK, ALPHA = 8, 8
# How the task's model calls the body that a file's names begin in or above.
BODIES = ("model", "transformer", "bert", "mpnet")
# The keys of a config that change nothing of what is computed here.
HARMLESS = frozenset(
    "alpha_pattern auto_mapping base_model_name_or_path corda_config "
    "eva_config exclude_modules fan_in_fan_out inference_mode "
    "init_lora_weights layers_pattern layers_to_transform loftq_config "
    "lora_alpha lora_dropout megatron_config megatron_core peft_type "
    "peft_version qalora_group_size r rank_pattern revision runtime_config "
    "target_modules task_type use_rslora ensure_weight_tying".split()
)
# Starts of PEFT that leave the base as it is; others write to it.
STARTS = (True, False, None, "gaussian", "orthogonal", "eva")


class PeftConfig(TypedDict, total=False):
    """What is used of `adapter_config.json`."""

    peft_type: str
    r: int
    lora_alpha: float | None
    lora_dropout: float
    use_rslora: bool
    rank_pattern: dict[str, int] | None
    alpha_pattern: dict[str, float] | None
    init_lora_weights: bool | str | None
    bias: str


def save_peft(
    model: keras.Model,
    folder: str | os.PathLike[str],
    name: str | None = None,
    report: Callable[[str], object] = print,
) -> None:
    """Writes a LoRA as PEFT does: `adapter_config.json` and safetensors.

    `A` is written as (rank, in) and `B` as (out, rank), under the names that
    the modules have in `transformers`; the gate of a SoRA becomes a part of
    `A`. A head that trains too is no part of the format.

    Args:
        model: adapted, on a backbone that `save_directory` writes.
        folder: new.
        name: which adapter. Defaults to `None`: the active one.
        report: is told what is left out. Defaults to `print`.

    Raises:
        UserError: the adapter is no LoRA: `as_lora` makes one of others that
            merge. Or the backbone is of another family.
        StorageError: the disk is full.
    """
    adaptation = adaptation_of(model)
    name = adaptation.active if name is None else name
    check_choice("name", name, adaptation.methods)
    modules = {target.path: name for name, target in _modules(model).items()}
    tensors: dict[str, np.ndarray] = {}
    ranks, alphas, left_out = set(), set(), []
    for path, slot in opened_by_path(model):
        adapter: Any = slot.adapters.get(name)
        if adapter is None:
            continue
        if path not in modules or isinstance(adapter, HeadCopy):
            left_out.append(path)
            continue
        if not isinstance(adapter, LowRank):
            raise UserError(
                "Expected a LoRA; adapters.as_lora makes one of others that "
                f"merge. Received: a {type(adapter).__name__} in {path}"
            )
        a, b = (x.astype("float32") for x in adapter.factors())
        module = f"{PREFIX}{modules[path]}"
        tensors[f"{module}.lora_A.weight"] = np.ascontiguousarray(a.T)
        tensors[f"{module}.lora_B.weight"] = np.ascontiguousarray(b.T)
        ranks.add(adapter.rank)
        alphas.add(adapter.scale * adapter.rank)
    if not tensors:
        raise UserError(
            f"Expected a LoRA in the backbone. Received: {name!r} without one"
        )
    [rank], [alpha] = ranks, alphas  # one method has one of each
    folder = pathlib.Path(folder)
    if folder.exists():
        raise UserError(f"Expected a new folder. Received: {folder}")
    with replacing(folder) as partial:
        partial.mkdir()
        write_json(partial / CONFIG, _config(rank, alpha, tensors))
        save_file(tensors, partial / WEIGHTS, metadata={"format": "pt"})
    if left_out:
        report(f"Not in {folder}, as PEFT has no such part: {listed(left_out)}")


def _config(rank, alpha, tensors):
    names = {re.sub(r"\.lora_.\.weight", "", name) for name in tensors}
    return {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": int(alpha) if alpha == int(alpha) else alpha,
        "lora_dropout": 0.0,
        "target_modules": sorted(n.removeprefix(PREFIX) for n in names),
        "bias": "none",
        "fan_in_fan_out": False,
        "use_rslora": False,
        "init_lora_weights": True,
        "base_model_name_or_path": None,
        "task_type": None,
        "inference_mode": True,
        "modules_to_save": None,
    }


def load_peft(
    model: keras.Model, folder: str | os.PathLike[str], name: str = "default"
) -> keras.Model:
    """Adapts a model by a LoRA that PEFT, or `save_peft`, wrote.

    Every tensor of the file is used once, and its rank and scale are those of
    its own module: `lora_alpha` over the rank, or over its root with
    `use_rslora`, with the patterns of single modules before the value for all.

    Args:
        model: the base, or adapted by others.
        folder: with `adapter_config.json` and `adapter_model.safetensors`.
        name: of the adapter. Defaults to `"default"`.

    Returns:
        The model, with the adapter active.

    Raises:
        UserError: the folder holds another method or a part that no LoRA has
            here, its tensors are not those of the model, or it is damaged.
    """
    folder = pathlib.Path(folder)
    path = folder / WEIGHTS
    modules = _modules(model)
    with reading(EXPECTED, folder):
        config = read_json(folder / CONFIG, EXPECTED, shape=PeftConfig)
        _check_config(config)
        parts = _parts(path, modules)
        scales = {
            place: _scale(config, module, rank)
            for place, (module, rank) in parts.items()
        }
    shared = {(rank, scales[place]) for place, (_, rank) in parts.items()}
    rank = max(rank for rank, _ in shared)
    # One method has one scale: others go into `B`.
    is_one = len(shared) == 1
    method = LoRA(
        targets=tuple(parts),
        rank=rank,
        alpha=scales[next(iter(parts))] * rank if is_one else None,
        dropout=config.get("lora_dropout", 0.0),
    )
    arrays = {}
    with reading(EXPECTED, folder):
        for place, (module, _) in parts.items():
            a, b = (
                read(path, f"{PREFIX}{module}.lora_{letter}.weight")
                for letter in "AB"
            )
            b = b.astype("float32") * (1 if is_one else scales[place])
            if not (np.isfinite(a).all() and np.isfinite(b).all()):
                raise ValueError(f"{module} is not finite")
            arrays[place] = a.T, b.T
    adapt(model, method, name)
    for place, slot in opened_by_path(model):
        if place in arrays:
            adapter, (a, b) = slot.adapters[name], arrays[place]
            extra = (0, rank - a.shape[1])
            adapter.a.assign(np.pad(a.astype("float32"), ((0, 0), extra)))
            adapter.b.assign(np.pad(b, (extra, (0, 0))))
    return model


def _modules(model):
    """The Dense layers of a backbone as targets, by the name in PyTorch."""
    names = {
        id(row.variable): row.name.removesuffix(".weight")
        for row in rows_of(body_of(model))
    }
    dense = [t for t in targets(model) if t.role not in BLOCK_ROLES]
    kernels = {id(target.layer.kernel): target for target in dense}
    return {
        names[key]: target for key, target in kernels.items() if key in names
    }


def _check_config(config):
    """Raises `ValueError` for what is no plain LoRA."""
    kind = config.get("peft_type")
    if kind != "LORA":
        raise ValueError(f"its method is {str(kind)[:60]}")
    if config.get("bias", "none") != "none":
        raise ValueError("it has biases")
    if config.get("init_lora_weights") not in STARTS:
        raise ValueError("its start changed the base")
    for key, value in config.items():
        if key not in HARMLESS and key != "bias" and value:
            raise ValueError(f"it has {key[:60]}, which is not known here")
    check_integer("r", config.get("r", RANK), minimum=1)


def _parts(path, modules):
    """Of each place in the model the module in the file, and its rank.

    Raises:
        ValueError, OSError: a tensor is missing, unknown or of another shape.
    """
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape, dtype in headers(path):
        match = TENSOR.fullmatch(name)
        if match is None or len(shape) != 2 or dtype not in FLOATS:
            raise ValueError(f"the tensor {name[:100]} is not known here")
        found.setdefault(match[1], {})[match[2]] = shape
    if not found:
        raise ValueError("it holds no tensor")
    parts = {}
    for module, shapes in found.items():
        target = _target_of(module, modules)
        if {*shapes} != {"A", "B"}:
            raise ValueError(f"it has one of two tensors of {module[:100]}")
        rank, (inputs, outputs) = shapes["A"][0], target.sizes
        expected = (rank, inputs), (outputs, rank)
        if (shapes["A"], shapes["B"]) != expected or not rank:
            raise ValueError(
                f"the tensors of {module[:100]} are of {shapes['A']} and "
                f"{shapes['B']}, in a layer from {inputs} to {outputs}"
            )
        if target.path in parts:
            raise ValueError(f"{target.path} is there twice")
        parts[target.path] = module, rank
    return parts


def _target_of(module, modules):
    """The layer that a module of a file is, with its body's name or without."""
    names = [module, *(f"{body}.{module}" for body in BODIES)]
    body, _, rest = module.partition(".")
    names += [rest] if body in BODIES else []
    for name in names:
        if name in modules:
            return modules[name]
    raise ValueError(f"{module[:100]} is no layer of the model")


def _scale(config, module, rank):
    """What `B A x` is multiplied by."""
    expected = _of_module(config.get("rank_pattern"), module)
    expected = config.get("r", RANK) if expected is None else expected
    if rank != expected:
        raise ValueError(
            f"{module[:100]} has the rank {rank}, and not {expected}"
        )
    alpha = _of_module(config.get("alpha_pattern"), module)
    alpha = config.get("lora_alpha", ALPHA) if alpha is None else alpha
    root = math.sqrt(rank) if config.get("use_rslora") else rank
    return (ALPHA if alpha is None else alpha) / root


def _of_module(patterns, module):
    """The value of the first pattern that a module ends in, or `None`."""
    for pattern, value in (patterns or {}).items():
        check_word("a pattern", pattern)
        try:
            is_meant = re.fullmatch(rf"(.*\.)?({pattern})", module)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no pattern") from error
        if is_meant:
            return value
    return None
