"""The types of the engine's numbers."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
# The shape of one sample between two layers: (features,), or (channels, rows, columns) of a picture.
Shape = tuple[int, ...]
