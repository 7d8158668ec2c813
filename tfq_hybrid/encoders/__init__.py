"""Pretrained text encoders.

bert        BERT presets: backbone, vocabulary, preprocessor
classifier  what classifiers on a pretrained BERT share
pooled      a Dense layer on the pooled tokens of a BERT, to be adapted
tokens      a Dense layer on each token of a BERT
embedding   sentence embeddings, computed once
"""

import lazy_loader

# The names are in `__init__.pyi`; a module is imported with its first.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
