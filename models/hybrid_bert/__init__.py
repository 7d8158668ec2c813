"""Hybrid BERT (arXiv 2511.17677): a circuit as the head of a BERT.

model        the layers and models
losses       the two losses that are reported
system       `SYSTEM`: its options, and the model they make
recipe       how it is reproduced
jobs         what the recipe's jobs compute
report       the report's tables, pictures and goals
"""
