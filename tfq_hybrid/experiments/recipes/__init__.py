"""The recipes of `reproduce`, a module each."""

from tfq_hybrid.experiments.recipes import qffn_bert, quantum_head

RECIPES = {
    module.RECIPE.name: module.RECIPE for module in (qffn_bert, quantum_head)
}
