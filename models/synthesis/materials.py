"""Materials in Hounsfield units, and their linear attenuation.

One effective energy stands for the tube's spectrum, so that
``mu = MU_WATER * (1 + HU / 1000)`` holds by the definition of the Hounsfield unit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Linear attenuation of water in 1/mm at 70 keV, the effective energy of a filtered 120 kVp beam
#: (NIST XCOM: 0.1929 cm²/g).
MU_WATER: Final = 0.0193

AIR: Final = -1000.0
FAT: Final = -100.0
SKIN: Final = 40.0
MUSCLE: Final = 55.0
SOFT_TISSUE: Final = 40.0
LIVER: Final = 60.0
GLAND: Final = -10.0
CARTILAGE: Final = 110.0
CANCELLOUS_BONE: Final = 280.0
VERTEBRAL_BONE: Final = 130.0
CORTICAL_BONE: Final = 1500.0
#: Parenchyma without the vessels that are resolved one by one.
LUNG: Final = -838.0


def attenuation(hounsfield: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return linear attenuation in 1/mm for values in Hounsfield units, any shape."""
    return (MU_WATER / 1000.0 * (hounsfield + 1000.0)).astype(np.float32, copy=False)
