"""Arguments for the backbone classes that read pictures, sound, and more.

And what they have in common with those of text.
"""

import dataclasses

from keras_hub.src.models.sam.sam_mask_decoder import SAMMaskDecoder
from keras_hub.src.models.sam.sam_prompt_encoder import SAMPromptEncoder
from keras_hub.src.models.sam3.sam3_detr_decoder import SAM3DetrDecoder
from keras_hub.src.models.sam3.sam3_detr_encoder import SAM3DetrEncoder
from keras_hub.src.models.sam3.sam3_geometry_encoder import (
    SAM3GeometryEncoder,
)
from keras_hub.src.models.sam3.sam3_mask_decoder import SAM3MaskDecoder
from keras_hub.src.models.sam3.sam3_text_encoder import SAM3TextEncoder
from keras_hub.src.models.sam3.sam3_vision_encoder import SAM3VisionEncoder
from keras_hub.src.models.vae.vae_backbone import VAEBackbone


@dataclasses.dataclass
class Part:
    """An argument that is an object: made anew for each model.

    Attributes:
        kind: str or class: the class, or its name in a table of families.
        changes: dict of arguments in addition to the row's.
    """

    kind: object
    changes: dict = dataclasses.field(default_factory=dict)


TEXT = {
    "vocabulary_size": 20,
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 8,
    "intermediate_dim": 16,
}
SHORT = {**TEXT, "max_sequence_length": 12}
GROUPED = {
    "vocabulary_size": 20,
    "num_layers": 1,
    "num_query_heads": 2,
    "num_key_value_heads": 1,
    "hidden_dim": 8,
    "intermediate_dim": 16,
}

_RESNET = {
    "input_conv_filters": [64],
    "input_conv_kernel_sizes": [3],
    "stackwise_num_filters": [64, 8, 8, 8],
    "stackwise_num_blocks": [1, 1, 1, 1],
    "stackwise_num_strides": [1, 2, 2, 2],
    "block_type": "basic_block",
}
_CLIP_VISION = {
    "patch_size": 8,
    "hidden_dim": 8,
    "num_layers": 1,
    "num_heads": 2,
    "intermediate_dim": 16,
    "image_shape": (16, 16, 3),
}
_CLIP_TEXT = {**SHORT, "embedding_dim": 8}
_CLIP_OF_DIFFUSION = {
    **_CLIP_TEXT,
    "num_layers": 2,
    "intermediate_output_index": -2,
}
_VIT = {
    "image_shape": (16, 16, 3),
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 8,
}
_SAM3 = {
    "num_layers": 1,
    "hidden_dim": 8,
    "intermediate_dim": 16,
    "num_heads": 2,
}

OTHER_FAMILIES = {
    "BASNetBackbone": {
        "image_encoder": Part("ResNetBackbone"),
        "num_classes": 1,
        "image_shape": (32, 32, 3),
    },
    "CLIPBackbone": {
        "vision_encoder": Part("CLIPVisionEncoder", {"name": "vision"}),
        "text_encoder": Part("CLIPTextEncoder", {"name": "text"}),
        "projection_dim": 8,
    },
    "CLIPTextEncoder": _CLIP_TEXT,
    "CLIPVisionEncoder": _CLIP_VISION,
    "CSPNetBackbone": {
        "stem_filters": 8,
        "stem_kernel_size": 3,
        "stem_strides": 1,
        "stackwise_depth": [1, 2],
        "stackwise_strides": 2,
        "stackwise_num_filters": [8, 8],
        "down_growth": True,
        "bottle_ratio": (0.5, 1.0),
        "block_ratio": (1.0, 0.5),
        "expand_ratio": (2.0, 1.0),
        "block_type": "dark_block",
        "stage_type": "csp",
        "stem_padding": "same",
        "image_shape": (16, 16, 3),
    },
    "DFineBackbone": {
        "backbone": Part("HGNetV2Backbone"),
        "decoder_in_channels": [16, 16],
        "encoder_hidden_dim": 16,
        "num_denoising": 4,
        "num_labels": 4,
        "hidden_dim": 16,
        "learn_initial_query": False,
        "num_queries": 4,
        "anchor_image_size": (32, 32),
        "feat_strides": [4, 8],
        "num_feature_levels": 2,
        "encoder_in_channels": [16, 16],
        "encode_proj_layers": [1],
        "num_attention_heads": 2,
        "encoder_ffn_dim": 16,
        "num_encoder_layers": 1,
        "hidden_expansion": 0.5,
        "depth_multiplier": 0.5,
        "eval_idx": -1,
        "num_decoder_layers": 1,
        "decoder_attention_heads": 2,
        "decoder_ffn_dim": 16,
        "decoder_n_points": [2, 2],
        "lqe_hidden_dim": 8,
        "num_lqe_layers": 2,
        "out_features": ["stage1", "stage2"],
        "image_shape": (32, 32, 3),
        "seed": 0,
    },
    "DINOV2Backbone": {
        **_CLIP_VISION,
        "position_embedding_shape": (16, 16, 3),
    },
    "DINOV3Backbone": _CLIP_VISION,
    "DeepLabV3Backbone": {
        "image_encoder": Part("ResNetBackbone"),
        "low_level_feature_key": "P2",
        "spatial_pyramid_pooling_key": "P4",
        "dilation_rates": [2, 3, 4],
        "upsampling_size": 4,
        "projection_filters": 4,
        "image_shape": (32, 32, 3),
    },
    "DeiTBackbone": {**_VIT, "patch_size": 4, "intermediate_dim": 16},
    "DenseNetBackbone": {
        "stackwise_num_repeats": [1, 1],
        "growth_rate": 2,
        "image_shape": (32, 32, 3),
    },
    "DepthAnythingBackbone": {
        "image_encoder": Part(
            "DINOV2Backbone",
            {
                "num_layers": 4,
                "apply_layernorm": True,
                "image_shape": (64, 64, 3),
                "name": "encoder",
            },
        ),
        "reassemble_factors": [4, 2, 1, 0.5],
        "neck_hidden_dims": [4, 4, 4, 4],
        "fusion_hidden_dim": 4,
        "head_hidden_dim": 4,
        "head_in_index": -1,
        "feature_keys": ["stage1", "stage2", "stage3", "stage4"],
    },
    "ESMBackbone": TEXT,
    "EdRecBackbone": {
        "vocab_size": 20,
        "num_layers_enc": 1,
        "num_layers_dec": 1,
        "num_heads": 2,
        "hidden_dim": 8,
        "intermediate_dim": 16,
    },
    "EfficientNetBackbone": {
        "stackwise_kernel_sizes": [3, 3],
        "stackwise_num_repeats": [1, 1],
        "stackwise_input_filters": [8, 8],
        "stackwise_output_filters": [8, 8],
        "stackwise_expansion_ratios": [1, 2],
        "stackwise_squeeze_and_excite_ratios": [0.0, 0.25],
        "stackwise_strides": [1, 2],
        "stackwise_block_types": ["fused", "unfused"],
        "stackwise_force_input_filters": [0, 0],
        "stackwise_nores_option": [False, False],
        "stackwise_width_coefficients": [1.0, 1.0],
        "stackwise_depth_coefficients": [1.0, 1.0],
    },
    "FluxBackbone": {
        "input_channels": 8,
        "hidden_size": 64,
        "mlp_ratio": 1.0,
        "num_heads": 2,
        "depth": 1,
        "depth_single_blocks": 1,
        "axes_dim": [8, 12, 12],
        "theta": 10_000,
        "use_bias": True,
        "guidance_embed": True,
        "image_shape": (4, 8),
        "text_shape": (4, 8),
        "image_ids_shape": (4, 3),
        "text_ids_shape": (4, 3),
        "y_shape": (8,),
    },
    "Gemma3nBackbone": {
        "text_vocab_size": 20,
        "text_hidden_size": 8,
        "num_hidden_layers": 1,
        "pad_token_id": 0,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 4,
        "intermediate_size": [16],
        "hidden_activation": "gelu_approximate",
        "layer_types": ["full_attention"],
        "sliding_window": 4,
        "rope_theta": 10000.0,
        "max_position_embeddings": 12,
        "vocab_size_per_layer_input": 20,
        "hidden_size_per_layer_input": 2,
        "altup_num_inputs": 2,
        "laurel_rank": 1,
    },
    "Gemma4Backbone": {**GROUPED, "head_dim": 4, "image_size": 16},
    "HGNetV2Backbone": {
        "embedding_size": 8,
        "stem_channels": [3, 8, 8],
        "hidden_act": "relu",
        "use_learnable_affine_block": True,
        "image_shape": (32, 32, 3),
        "depths": [1, 1],
        "hidden_sizes": [16, 16],
        "stackwise_stage_filters": [[8, 8, 16, 1, 1, 3], [16, 8, 16, 1, 1, 3]],
        "apply_downsample": [False, True],
        "use_lightweight_conv_block": [False, False],
        "out_features": ["stage1", "stage2"],
    },
    "MetaCLIP2Backbone": {
        "vision_encoder": Part("MetaCLIP2VisionEncoder", {"name": "vision"}),
        "text_encoder": Part("MetaCLIP2TextEncoder", {"name": "text"}),
        "projection_dim": 8,
    },
    "MetaCLIP2TextEncoder": _CLIP_TEXT,
    "MetaCLIP2VisionEncoder": _CLIP_VISION,
    "MiTBackbone": {
        "layerwise_depths": [1, 1],
        "num_layers": 2,
        "layerwise_num_heads": [1, 2],
        "layerwise_sr_ratios": [2, 1],
        "max_drop_path_rate": 0.1,
        "layerwise_patch_sizes": [7, 3],
        "layerwise_strides": [4, 2],
        "hidden_dims": [4, 8],
        "image_shape": (32, 32, 3),
    },
    "MobileNetBackbone": {
        "stackwise_expansion": [[8]],
        "stackwise_num_blocks": [1],
        "stackwise_num_filters": [[8]],
        "stackwise_kernel_size": [[3]],
        "stackwise_num_strides": [[2]],
        "stackwise_se_ratio": [[0.25]],
        "stackwise_activation": [["relu"], ["hard_swish"]],
        "stackwise_padding": [[1]],
        "output_num_filters": 8,
        "depthwise_filters": 8,
        "depthwise_stride": 2,
        "depthwise_residual": False,
        "last_layer_filter": 8,
        "squeeze_and_excite": 0.5,
        "input_num_filters": 8,
        "image_shape": (32, 32, 3),
    },
    "MobileNetV5Backbone": {
        "stackwise_block_types": [["er"], ["uir"]],
        "stackwise_num_blocks": [1, 1],
        "stackwise_num_filters": [[8], [8]],
        "stackwise_strides": [[2], [2]],
        "stackwise_act_layers": [["relu"], ["relu"]],
        "stackwise_exp_ratios": [[2.0], [2.0]],
        "stackwise_se_ratios": [[0.0], [0.0]],
        "stackwise_dw_kernel_sizes": [[0], [3]],
        "stackwise_dw_start_kernel_sizes": [[0], [0]],
        "stackwise_dw_end_kernel_sizes": [[0], [0]],
        "stackwise_exp_kernel_sizes": [[3], [0]],
        "stackwise_pw_kernel_sizes": [[1], [0]],
        "stackwise_num_heads": [[0], [0]],
        "stackwise_key_dims": [[0], [0]],
        "stackwise_value_dims": [[0], [0]],
        "stackwise_kv_strides": [[0], [0]],
        "stackwise_use_cpe": [[False], [False]],
        "image_shape": (32, 32, 3),
        "stem_size": 8,
        "num_features": 8,
        "use_msfa": False,
    },
    "MoonshineBackbone": {
        "vocabulary_size": 20,
        "filter_dim": 8,
        "encoder_num_layers": 1,
        "decoder_num_layers": 1,
        "hidden_dim": 8,
        "intermediate_dim": 16,
        "encoder_num_heads": 2,
        "decoder_num_heads": 2,
        "max_position_embeddings": 12,
    },
    "PARSeqBackbone": {
        "image_encoder": Part(
            "ViTBackbone", {"use_class_token": False, "name": "encoder"}
        ),
        "vocabulary_size": 20,
        "max_label_length": 5,
        "decoder_hidden_dim": 8,
        "num_decoder_layers": 1,
        "num_decoder_heads": 2,
        "decoder_mlp_dim": 16,
    },
    "PaliGemmaBackbone": {
        **GROUPED,
        "head_dim": 4,
        "image_size": 16,
        "vit_patch_size": 4,
        "vit_num_layers": 1,
        "vit_num_heads": 2,
        "vit_hidden_dim": 8,
        "vit_intermediate_dim": 16,
    },
    "Qwen3_5Backbone": {
        **GROUPED,
        "num_layers": 2,
        "head_dim": 8,
        "layer_types": ["linear_attention", "full_attention"],
        "linear_num_key_heads": 1,
        "linear_num_value_heads": 2,
        "linear_key_head_dim": 4,
        "linear_value_head_dim": 4,
        "linear_conv_kernel_dim": 2,
    },
    "RWKV7Backbone": {
        "vocabulary_size": 20,
        "hidden_size": 8,
        "head_size": 4,
        "num_layers": 2,
        "intermediate_dim": 16,
        "gate_lora": 4,
        "mv_lora": 4,
        "aaa_lora": 4,
        "decay_lora": 4,
    },
    "ResNetBackbone": _RESNET,
    "RetinaNetBackbone": {
        "image_encoder": Part("ResNetBackbone"),
        "min_level": 3,
        "max_level": 5,
        "use_p5": True,
        "image_shape": (32, 32, 3),
    },
    "RoformerV2Backbone": {**TEXT, "head_size": 4},
    "SAM3PromptableConceptBackbone": {
        "vision_encoder": Part(
            SAM3VisionEncoder,
            {
                **_SAM3,
                "image_shape": (28, 28, 3),
                "patch_size": 14,
                "fpn_hidden_dim": 8,
                "fpn_scale_factors": [4.0, 2.0, 1.0, 0.5],
                "pretrain_image_shape": (28, 28, 3),
                "window_size": 2,
                "global_attn_indexes": [1, 2],
            },
        ),
        "text_encoder": Part(
            SAM3TextEncoder,
            {**_SAM3, "vocabulary_size": 20, "embedding_dim": 8},
        ),
        "geometry_encoder": Part(SAM3GeometryEncoder, {**_SAM3, "roi_size": 3}),
        "detr_encoder": Part(SAM3DetrEncoder, _SAM3),
        "detr_decoder": Part(
            SAM3DetrDecoder,
            {
                **_SAM3,
                "image_shape": (28, 28, 3),
                "patch_size": 14,
                "num_queries": 4,
            },
        ),
        "mask_decoder": Part(
            SAM3MaskDecoder,
            {"num_upsampling_stages": 3, "hidden_dim": 8, "num_heads": 2},
        ),
    },
    "SAMBackbone": {
        "image_encoder": Part("ViTDetBackbone", {"num_output_channels": 8}),
        "prompt_encoder": Part(
            SAMPromptEncoder,
            {
                "hidden_size": 8,
                "image_embedding_size": (8, 8),
                "input_image_size": (16, 16),
                "mask_in_channels": 4,
            },
        ),
        "mask_decoder": Part(
            SAMMaskDecoder,
            {
                "num_layers": 1,
                "hidden_size": 8,
                "intermediate_dim": 16,
                "num_heads": 2,
                "embedding_dim": 8,
                "num_multimask_outputs": 3,
                "iou_head_depth": 2,
                "iou_head_hidden_dim": 8,
            },
        ),
    },
    "SegFormerBackbone": {
        "image_encoder": Part("MiTBackbone"),
        "projection_filters": 8,
    },
    "SigLIPBackbone": {
        "vision_encoder": Part("SigLIPVisionEncoder", {"name": "vision"}),
        "text_encoder": Part("SigLIPTextEncoder", {"name": "text"}),
    },
    "SigLIPTextEncoder": _CLIP_TEXT,
    "SigLIPVisionEncoder": _CLIP_VISION,
    "StableDiffusion3Backbone": {
        "mmdit_patch_size": 2,
        "mmdit_hidden_dim": 16,
        "mmdit_num_layers": 1,
        "mmdit_num_heads": 2,
        "mmdit_position_size": 8,
        "mmdit_qk_norm": None,
        "mmdit_dual_attention_indices": None,
        "vae": Part(
            VAEBackbone,
            {
                "encoder_num_filters": [32],
                "encoder_num_blocks": [1],
                "decoder_num_filters": [32],
                "decoder_num_blocks": [1],
                "sampler_method": "mode",
                "name": "vae",
            },
        ),
        "clip_l": Part(
            "CLIPTextEncoder", {**_CLIP_OF_DIFFUSION, "name": "clip_l"}
        ),
        "clip_g": Part(
            "CLIPTextEncoder", {**_CLIP_OF_DIFFUSION, "name": "clip_g"}
        ),
        "image_shape": (64, 64, 3),
    },
    "SwinTransformerBackbone": {
        "image_shape": (16, 16, 3),
        "embed_dim": 8,
        "depths": (1, 1),
        "num_heads": (2, 2),
        "window_size": 2,
    },
    "VGGBackbone": {
        "stackwise_num_repeats": [1, 1],
        "stackwise_num_filters": [4, 8],
        "image_shape": (16, 16, 3),
    },
    "ViTBackbone": {**_VIT, "patch_size": (4, 4), "mlp_dim": 16},
    "ViTDetBackbone": {
        "image_shape": (16, 16, 3),
        "patch_size": 2,
        "hidden_size": 4,
        "num_layers": 2,
        "global_attention_layer_indices": [1],
        "intermediate_dim": 8,
        "num_heads": 2,
        "num_output_channels": 2,
        "window_size": 2,
    },
    "VideoPrismBackbone": {
        "image_shape": (16, 16, 3),
        "num_frames": 2,
        "patch_size": 4,
        "hidden_dim": 8,
        "intermediate_dim": 16,
        "num_heads": 2,
        "num_spatial_layers": 1,
        "num_temporal_layers": 1,
        "num_auxiliary_layers": 1,
        "vocabulary_size": 20,
        "num_text_layers": 1,
    },
    "WhisperBackbone": {
        **TEXT,
        "num_mels": 4,
        "max_encoder_sequence_length": 6,
        "max_decoder_sequence_length": 6,
    },
    "XceptionBackbone": {
        "stackwise_conv_filters": [[4, 8], [8, 8]],
        "stackwise_pooling": [True, False],
        "image_shape": (32, 32, 3),
    },
}
