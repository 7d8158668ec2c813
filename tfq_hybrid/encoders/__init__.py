"""Pretrained text encoders.

bert        BERT presets: backbone, vocabulary, preprocessor
classifier  a classifier on a pretrained BERT, and ways to pool its tokens
embedding   sentence embeddings, computed once
"""

import lazy_loader

# The names are in `__init__.pyi`; a module is imported with its first.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
