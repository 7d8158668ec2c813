"""A GGUF file of the Llama family, made a preset of keras-hub."""

import os
import pathlib

import keras_hub

from tfq_hybrid.bases.chat_tokenizer import ChatCausalLMPreprocessor
from tfq_hybrid.bases.gguf_file import open_gguf
from tfq_hybrid.bases.gguf_tokenizer import read_tokenizer
from tfq_hybrid.bases.llama import backbone_config, read_backbone
from tfq_hybrid.files.models import calling_keras
from tfq_hybrid.files.presets import save_preset

LONGEST = 1024  # tokens of a text, unless told otherwise: as in keras-hub


def convert_gguf(
    path: str | os.PathLike[str], preset: str | os.PathLike[str]
) -> None:
    """Writes the language model in a file as a preset.

    The weights are float32, decoded one tensor at a time.

    Raises:
        UserError: the file is damaged, or of another kind.
        StorageError: the disk is full.
    """
    with open_gguf(path) as file:
        config = backbone_config(file)
        tokenizer = read_tokenizer(file)
        words = tokenizer.vocabulary_size()
        if words != config["vocabulary_size"]:
            raise file.refused(
                f"with {words} tokens and {config['vocabulary_size']} vectors"
            )
        length = file.metadata.get("llama.context_length", LONGEST)
        backbone = read_backbone(file)
    with calling_keras():
        preprocessor = ChatCausalLMPreprocessor(tokenizer, min(length, LONGEST))
        task = keras_hub.models.Llama3CausalLM(backbone, preprocessor)
        save_preset(task, task.save_to_preset, pathlib.Path(preset))
