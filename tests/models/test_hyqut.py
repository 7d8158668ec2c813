"""HyQuT: the published arithmetic, exact restoring, both twins."""

import keras
import numpy as np
import pytest

from tests.contracts import save_and_load  # noqa: F401
