"""Put layers into existing backbones."""

from tfq_hybrid.adapters.paths import named_layers
from tfq_hybrid.adapters.surgery import replace_sublayer

__all__ = ["named_layers", "replace_sublayer"]
