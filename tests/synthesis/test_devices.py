"""What a patient carries, as it is seen from the front."""

import numpy as np
from skimage.measure import label, regionprops

from models.synthesis.anatomy import draw_anatomy
from models.synthesis.devices import device_tubes
from models.synthesis.geometry import Projection
from models.synthesis.tubes import join, project_tubes


def test_electrodes_are_round_and_a_centimetre_across() -> None:
    projection = Projection(820, 820, 0.5)
    parts = device_tubes(draw_anatomy(1), "ECG leads", "left", np.random.default_rng(0))
    shown = project_tubes(join(list(parts)), projection)
    # The stud is far denser than its wire, whose diameter is 1.5 mm.
    studs = [r for r in regionprops(label(shown > 1.2 * 1.5 * 3000.0)) if r.area > 40]
    assert len(studs) == 3
    for stud in studs:
        assert 9.0 < stud.axis_major_length * projection.pixel_mm < 14.0
        assert stud.axis_minor_length > 0.8 * stud.axis_major_length
