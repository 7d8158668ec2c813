"""Quantum head (arXiv 2504.08732): circuits on sentence embeddings.

model        the layers and models
circuits     its circuits
classifier   a text classifier with this head
options      its arguments
contrastive  contrastive tuning of the sentence encoder
system       `SYSTEM`: its options, and the model they make
recipe       how it is reproduced
jobs         what the recipe's jobs compute
report       the report's tables, pictures and goals
"""
