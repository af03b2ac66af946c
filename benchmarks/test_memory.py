"""Memory and time of a folder with 1,000 CT slices, scrolled through in a window of its own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

ROOT = Path(__file__).parents[1]
IMAGES = 1000
_OPEN = """
import resource, sys, time
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ptx_viewer.results import EngineInfo
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.study.scan import scan
from ptx_viewer.ui.main_window import MainWindow

class NoEngine:
    def warm_up(self, progress):
        return EngineInfo("cpu", ())
    def close(self):
        pass

application = QApplication(sys.argv[:1])
began = time.perf_counter()
assert len(list(scan([Path(sys.argv[1])]).instances())) == int(sys.argv[3])
seconds = time.perf_counter() - began
window = MainWindow(ReviewStore(Path(sys.argv[2])), NoEngine())
window.show()
window.open([Path(sys.argv[1])])

def step():
    film = window.grid.active
    if film.image is None:
        return
    if film.slice_index == film.slice_count - 1:
        window.close()
        application.quit()
    elif film.slice_index == film.slice_count // 2 and not scrolled:
        scrolled.append(True)
        film.set_slice(0)
    else:
        film.set_slice(film.slice_index + 1)
        film.repaint()

scrolled = []
timer = QTimer()
timer.timeout.connect(step)
timer.start(5)
application.exec()
status = Path("/proc/self/status")
if status.exists():
    # On Linux ru_maxrss survives exec and would hold the peak of the process that started this one.
    peak = next(int(line.split()[1]) for line in status.open() if line.startswith("VmHWM")) * 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(seconds, peak)
"""


def write_slices(folder: Path) -> None:
    """Write a CT series of 1,000 slices of 512²."""
    ct = Dataset()
    ct.file_meta = FileMetaDataset()
    ct.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ct.SOPClassUID = ct.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ct.StudyInstanceUID, ct.SeriesInstanceUID = generate_uid(), generate_uid()
    ct.PatientName, ct.PatientID, ct.Modality = "Synthetic^Stack", "SYN-1", "CT"
    ct.ImageOrientationPatient, ct.PixelSpacing = [1, 0, 0, 0, 1, 0], [0.7, 0.7]
    ct.RescaleSlope, ct.RescaleIntercept, ct.WindowCenter, ct.WindowWidth = 1, 0, -600, 1500
    ct.Rows = ct.Columns = 512
    ct.SamplesPerPixel, ct.PhotometricInterpretation = 1, "MONOCHROME2"
    ct.BitsAllocated, ct.BitsStored, ct.HighBit, ct.PixelRepresentation = 16, 16, 15, 1
    pixels = np.random.default_rng(0).integers(-1024, 1500, (512, 512)).astype("<i2")
    for number in range(IMAGES):
        ct.SOPInstanceUID = ct.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ct.InstanceNumber, ct.ImagePositionPatient = number, [0, 0, number]
        ct.PixelData = np.roll(pixels, number, axis=0).tobytes()
        ct.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is read with getrusage")
@pytest.mark.timeout(300)
def test_memory(figure, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    write_slices(folder)
    script = tmp_path / "open.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{_OPEN}")
    done = subprocess.run(
        [sys.executable, str(script), str(folder), str(tmp_path / "reviews.sqlite3"), str(IMAGES)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seconds, peak = (float(word) for word in done.stdout.split())
    figure("listing a folder of 1,000 images", seconds, "s", at_most=5.0)
    figure("peak memory with a folder of 1,000 images", peak / 1e9, "GB", at_most=1.5)
