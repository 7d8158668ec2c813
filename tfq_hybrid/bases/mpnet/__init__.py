"""MPNet, which keras-hub does not have: encoder, tokenizer, files.

layers      relative positions, attention, the block
backbone    the encoder
text        the tokenizer, and the preprocessor of a text classifier
conversion  directories of Hugging Face

Song et al. 2020, "MPNet: Masked and Permuted Pre-training for Language
Understanding" (arXiv 2004.09297).
"""

# All at once: keras-hub looks for the tokenizer and the preprocessor of a
# preset among the classes that Keras knows, by the class of its backbone.
from tfq_hybrid.bases.mpnet.backbone import MPNetBackbone
from tfq_hybrid.bases.mpnet.text import (
    MPNetTextClassifierPreprocessor,
    MPNetTokenizer,
)

__all__ = [
    "MPNetBackbone",
    "MPNetTextClassifierPreprocessor",
    "MPNetTokenizer",
]
