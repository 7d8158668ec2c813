"""The recipes of the installed systems, by the system's name."""

import collections.abc

from tfq_hybrid.training.systems import SYSTEMS


class Recipes(collections.abc.Mapping):
    """The recipes by name, each loaded when first asked for."""

    def __iter__(self):
        return (name for name in SYSTEMS if SYSTEMS[name].recipe)

    def __len__(self):
        return len(list(iter(self)))

    def __getitem__(self, name):
        return SYSTEMS[name].recipe()


RECIPES = Recipes()
