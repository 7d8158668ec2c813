"""The recipes of `reproduce`, a module each."""

from tfq_hybrid.experiments.recipes import qffn_bert

RECIPES = {recipe.name: recipe for recipe in (qffn_bert.RECIPE,)}
