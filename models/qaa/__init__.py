"""QAA (arXiv 2509.16244): a frozen GPT with circuit adapters after its blocks.

model        the layers and models
memory       the memory an adapter takes while it trains
system       `SYSTEM`: its options, and the model they make
recipe       how it is reproduced
jobs         what the recipe's jobs compute
report       the report's tables, pictures and goals
"""
