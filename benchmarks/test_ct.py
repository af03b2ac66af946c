"""Time and memory of a CT series of 300 slices of 512², and of the numbers after one brush stroke."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Slices of 1 mm with a pneumothorax of 900 mL: 300 of them hold the whole chest.
_PREPARE = """
import sys
import numpy as np
from models.synthesis.collapse import Pneumothorax
from models.synthesis.ct import chest_grid, synthesise_ct
from models.synthesis.thorax import Thorax

thorax = Thorax(9100, [Pneumothorax("left", "lateral", 900.0)])
made = synthesise_ct(thorax, chest_grid(thorax, 1.0, 512))
first = max((len(made.hounsfield) - 300) // 2, 0)
part = made.hounsfield[first : first + 300][::-1]
assert len(part) == 300, len(made.hounsfield)
np.savez(sys.argv[1], hounsfield=part, spacing=np.array(made.grid.spacing_mm))
"""
_MEASURE = """
import sys, time
from pathlib import Path
import numpy as np
from ptx_viewer.review.volume_edits import review_from_volume_analysis
from ptx_viewer.review.volume_painting import repaint_slice
from ptx_viewer.review.volume_measured import VolumeMeter
from ptx_viewer.study.image import Acquisition, ImageReference, PatientIdentity, Window
from ptx_viewer.study.volume import Volume
from ptx_viewer.volumes import analyse_volume

with np.load(sys.argv[1]) as kept:
    hounsfield, (step, row, column) = kept["hounsfield"], kept["spacing"]
affine = np.eye(4)
affine[:3, 0], affine[:3, 1], affine[:3, 2] = (0, 0, -step), (0, row, 0), (column, 0, 0)
references = tuple(ImageReference("a", "a", "1", "2", f"3.{i}", "4") for i in range(len(hounsfield)))
volume = Volume(
    hounsfield, affine, np.arange(len(hounsfield)) * step, references, Acquisition("CT", body_part="CHEST"),
    PatientIdentity(), Window(40, 400),
)
began = time.perf_counter()
analysis = analyse_volume(volume)
seconds = time.perf_counter() - began
assert not analysis.refused, analysis.refused
# On Linux ru_maxrss survives exec and would hold the peak of the process that started this one.
status = Path("/proc/self/status")
peak = next(int(line.split()[1]) for line in status.open() if line.startswith("VmHWM")) * 1024
review = review_from_volume_analysis(analysis)
finding = max(review.findings, key=lambda f: f.mask.voxels)
meter = VolumeMeter(analysis, volume)
strokes = []
for index in range(140, 150):
    plane = finding.mask.plane(index).copy()
    plane[200:212, 380:392] ^= True
    review = repaint_slice(review, finding.finding_id, index, plane)
    finding = next(f for f in review.findings if f.finding_id == finding.finding_id)
    began = time.perf_counter()
    meter.measure(review)
    strokes.append(time.perf_counter() - began)
print(seconds, peak, strokes[0], max(strokes[1:]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from /proc")
def test_a_series_of_300_slices(figure, tmp_path):
    kept = tmp_path / "series.npz"
    subprocess.run([sys.executable, "-c", _PREPARE, str(kept)], cwd=ROOT, check=True)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(kept)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    seconds, peak, first, stroke = map(float, done.stdout.split())
    figure("CT of 300 slices of 512², segmented and measured", seconds, "s", at_most=60)
    figure("its peak memory", peak / 1e9, "GB", at_most=2)
    figure("its numbers after the first brush stroke", first, "s", at_most=1.0)
    figure("its numbers after one more", stroke, "s", at_most=0.2)
