"""The types of the engine's numbers."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
# Of one sample at one point of the network: (features,), or (channels, rows, columns) of a picture.
Shape = tuple[int, ...]
