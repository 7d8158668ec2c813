"""Put layers into existing backbones."""

from tfq_hybrid.adapters.paths import is_leaf, named_layers
from tfq_hybrid.adapters.surgery import replace_sublayer

__all__ = ["is_leaf", "named_layers", "replace_sublayer"]
