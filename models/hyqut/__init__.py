"""HyQuT (arXiv 2511.10653): a decoder whose matrices are replaced by circuits.

model        the layers and models
tokenizer    byte pairs, learned from the training text
reduction    parameters and operations saved
system       `SYSTEM`: its options, and the model they make
recipe       how it is reproduced
jobs         what the recipe's jobs compute
report       the report's tables, pictures and goals
"""
