"""Pretrained text encoders.

bert        BERT presets: backbone, vocabulary, preprocessor
classifier  a classifier on a pretrained BERT, and ways to pool its tokens
embedding   sentence embeddings, computed once
"""

from tfq_hybrid.encoders.embedding import embed

__all__ = ["embed"]
