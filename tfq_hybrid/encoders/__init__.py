"""Pretrained text encoders.

pretrained  backbones of any family, with what feeds them
bert        what the systems on a BERT share: vocabulary, preprocessor
decoders    texts for a decoder, which reads their last token
electra     texts for an ELECTRA
classifier  what the published classifiers on a BERT share
pooled      a Dense layer on the pooled tokens, to be adapted
tokens      a Dense layer on each token
embedding   sentence embeddings, computed once
"""

import lazy_loader

# The names are in `__init__.pyi`; a module is imported with its first.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
