"""The recipes of `reproduce`, a module each."""

from tfq_hybrid.experiments.recipes import (
    hybrid_bert,
    hyqut,
    qaa,
    qffn_bert,
    quantum_head,
)

RECIPES = {
    module.RECIPE.name: module.RECIPE
    for module in (qffn_bert, hybrid_bert, hyqut, quantum_head, qaa)
}
