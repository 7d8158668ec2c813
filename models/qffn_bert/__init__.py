"""QFFN-BERT (arXiv 2507.02364): BERT with quantum feed-forward blocks.

model        the layers and models
system       `SYSTEM`: its options, and the model they make
recipe       how it is reproduced: questions, tables, goals and claims
"""
