"""Tiny constructor arguments for every backbone class of keras-hub.

`FAMILIES` has a row for each class that keras-hub registers; a test checks
that none is missing. A backbone in a backbone is a `Part`.
"""

import keras
import keras_hub
from keras_hub.src.models.gemma3.gemma3_vision_encoder import (
    Gemma3VisionEncoder,
)

from tests.files.other_families import (
    GROUPED,
    OTHER_FAMILIES,
    SHORT,
    TEXT,
    Part,
)


def make(name, /, **changes):
    """A backbone with random weights, by the name of its class."""
    arguments = {**FAMILIES[name], **changes}
    for key, value in arguments.items():
        if isinstance(value, Part):
            arguments[key] = _make_part(value)
    return classes()[name](**arguments)


def _make_part(part):
    if isinstance(part.kind, str):
        return make(part.kind, **part.changes)
    return part.kind(**part.changes)


def classes():
    """The backbone classes that keras-hub registers, by name, a dict."""
    abstract = ("Backbone", "FeaturePyramidBackbone")
    return {
        kind.__name__: kind
        for kind in keras.saving.get_custom_objects().values()
        if isinstance(kind, type)
        and issubclass(kind, keras_hub.models.Backbone)
        and kind.__module__.startswith("keras_hub.")
        and kind.__name__ not in abstract
    }


_EXPERTS = {**GROUPED, "num_experts": 2, "top_k": 1}
_T5GEMMA = {
    f"{side}_{key}": value
    for side in ("encoder", "decoder")
    for key, value in {
        "hidden_dim": 8,
        "intermediate_dim": 16,
        "num_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 4,
        "layer_types": ["sliding_attention", "full_attention"],
    }.items()
} | {"vocabulary_size": 20, "sliding_window": 4}

# The families that language models are mostly made of.
TEXT_FAMILIES = {
    "AlbertBackbone": {**SHORT, "embedding_dim": 4},
    "BartBackbone": SHORT,
    "BertBackbone": SHORT,
    "BloomBackbone": TEXT,
    "DebertaV3Backbone": {**SHORT, "bucket_size": 4},
    "DistilBertBackbone": SHORT,
    "ElectraBackbone": {
        "vocab_size": 20,
        "num_layers": 1,
        "num_heads": 2,
        "hidden_dim": 8,
        "embedding_dim": 4,
        "intermediate_dim": 16,
        "max_sequence_length": 12,
    },
    "FNetBackbone": {
        "vocabulary_size": 20,
        "num_layers": 1,
        "hidden_dim": 8,
        "intermediate_dim": 16,
        "max_sequence_length": 12,
    },
    "FalconBackbone": {
        "vocabulary_size": 20,
        "num_layers": 1,
        "num_attention_heads": 2,
        "hidden_dim": 8,
        "intermediate_dim": 16,
    },
    "GPT2Backbone": SHORT,
    "GPTNeoXBackbone": SHORT,
    "GemmaBackbone": {**GROUPED, "head_dim": 4},
    "Gemma3Backbone": {
        **GROUPED,
        "head_dim": 4,
        "image_size": 16,
        "vision_encoder": Part(
            Gemma3VisionEncoder,
            {
                "image_size": 16,
                "patch_size": 4,
                "pool_size": 2,
                "num_layers": 1,
                "num_heads": 2,
                "hidden_dim": 8,
                "intermediate_dim": 16,
                "output_dim": 8,
            },
        ),
    },
    "GptOssBackbone": {
        **_EXPERTS,
        "top_k": 2,
        "head_dim": 4,
        "sliding_window": 4,
    },
    "Llama3Backbone": GROUPED,
    "LlamaBackbone": GROUPED,
    "MistralBackbone": {**GROUPED, "sliding_window": 4},
    "MixtralBackbone": {**_EXPERTS, "sliding_window": 4},
    "OPTBackbone": SHORT,
    "Phi3Backbone": {
        **GROUPED,
        "max_sequence_length": 12,
        "pretraining_sequence_length": 12,
    },
    "QwenBackbone": GROUPED,
    "Qwen3Backbone": {**GROUPED, "head_dim": 4},
    "Qwen3MoeBackbone": {**_EXPERTS, "moe_intermediate_dim": 8},
    "QwenMoeBackbone": {
        **_EXPERTS,
        "moe_intermediate_dim": 8,
        "shared_expert_intermediate_dim": 8,
    },
    "RobertaBackbone": SHORT,
    "SmolLM3Backbone": {
        "vocabulary_size": 20,
        "hidden_dim": 8,
        "intermediate_dim": 16,
        "num_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "rope_layer_enabled_list": [True],
        "layer_types": ["attention"],
        "mlp_bias": False,
        "layer_norm_epsilon": 1e-5,
        "max_position_embeddings": 12,
        "rope_theta": 10000.0,
        "partial_rotary_factor": 1.0,
    },
    "T5Backbone": TEXT,
    "T5GemmaBackbone": _T5GEMMA,
    "T5Gemma2Backbone": {**_T5GEMMA, "use_query_key_norm": True},
    "XLMRobertaBackbone": SHORT,
    "XLNetBackbone": TEXT,
}

FAMILIES = {**TEXT_FAMILIES, **OTHER_FAMILIES}
