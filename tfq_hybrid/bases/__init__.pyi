__all__ = ["add_preset", "as_preset", "list_presets"]

from .conversion import as_preset
from .kept import add_preset, list_presets
