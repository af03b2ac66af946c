"""The networks in a process of their own: the same answers, and no way to lose the window."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import resources
from explain.target import Target
from models import zoo
from models.cards import CONSENSUS
from ptx_viewer.analysis import Analyser
from ptx_viewer.engine import Engine, EngineError
from ptx_viewer.explaining import MapQuestion, below_cutoff, cache_folder
from ptx_viewer.jobs import Job, JobQueue, JobState
from ptx_viewer.progress import Cancelled, Progress
from ptx_viewer.results import FAILED, AnalysisOptions
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

SAMPLE = Path(resources.__file__).parent / "sample_study" / "current-with-pneumothorax.dcm"
QUICK = AnalysisOptions(("attention-unet",), explain=())


@pytest.fixture(scope="module")
def image():
    (entry,) = scan([SAMPLE]).instances()
    return read_image(entry)


@pytest.fixture(scope="module")
def engine():
    made = Engine("cpu")
    yield made
    made.close()
    assert processes() == []


def processes() -> list[multiprocessing.Process]:
    return [child for child in multiprocessing.active_children() if child.name == "ptx-viewer networks"]


def silent(_fraction: float, _message: str) -> None:
    return


def test_warming_up_says_what_is_ready_and_where(engine):
    seen = []
    info = engine.warm_up(lambda fraction, message: seen.append((fraction, message)))
    assert info.device == "cpu"
    assert {card.name for card in info.cards} == {*zoo.main_models(), zoo.LUNG_FIELDS, CONSENSUS}
    fractions = [fraction for fraction, _message in seen]
    assert fractions == sorted(fractions)
    assert len({message for _fraction, message in seen}) >= 3


def test_it_answers_what_the_analyser_answers(engine, image):
    there = engine.analyse(image, QUICK)
    here = Analyser("cpu").analyse(image, QUICK)
    assert there.image_key == here.image_key == image.reference.key
    (one,), (other,) = there.predictions, here.predictions
    assert one.score == pytest.approx(other.score, abs=1e-5)
    np.testing.assert_allclose(one.probability, other.probability, atol=1e-5)
    assert len(one.instances) == len(other.instances)
    assert np.array_equal(one.mask, other.mask)
    assert np.array_equal(there.lung_fields.right, here.lung_fields.right)
    assert there.measurements == here.measurements


def test_a_cancelled_call_ends_soon_and_the_next_one_works(engine, image):
    steps = []

    def cancel_at_the_network(_fraction: float, message: str) -> None:
        steps.append(message)
        if "pneumothorax" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.analyse(image, AnalysisOptions(), cancel_at_the_network)
    before = [child.pid for child in processes()]
    again = engine.analyse(image, QUICK)
    assert again.predictions
    assert again.attributions == ()
    # It was the same process: nothing had to be loaded again.
    assert [child.pid for child in processes()] == before


def test_a_map_is_made_on_demand_checked_and_there_again_after_a_restart(engine, image):
    analysis = engine.analyse(image, QUICK)
    (prediction,) = analysis.predictions
    # A question that nobody has asked yet: what another test asked would come from the cache, checked.
    asked = np.zeros(image.shape, dtype=np.bool_)
    asked[image.shape[0] // 4 : image.shape[0] // 2, : image.shape[1] // 2] = True
    target, seen = Target.region(asked), []

    def progress(fraction: float, message: str) -> None:
        seen.append((fraction, message))

    made = engine.explain(image, "attention-unet", "grad-cam", target, analysis, progress)
    assert any(message.startswith("Grad-CAM") for _fraction, message in seen)
    assert made.heatmap.shape == image.shape
    assert made.faithfulness is None
    assert made.below_cutoff == below_cutoff(made, target, prediction)
    measured = engine.check(image, made, target, analysis)
    assert measured.verdict in {"yes", "weakly", "no"}
    assert measured.mask_deletion_auc is not None
    # Another process of the program finds both in the user's cache folder.
    again = Analyser("cpu").explain(MapQuestion.of(image, "attention-unet", "grad-cam", target, analysis))
    assert np.array_equal(again.heatmap, made.heatmap)
    assert again.faithfulness == measured
    assert again.seconds == made.seconds
    with pytest.raises(EngineError, match="unknown explanation 'tea-leaves'; there are: grad-cam"):
        engine.explain(image, "attention-unet", "tea-leaves", target, analysis)
    with pytest.raises(EngineError, match="draws nothing at random"):
        engine.repeat(image, again, target, analysis)


def test_a_cancelled_map_leaves_nothing_behind(engine, image):
    target = Target.region(np.ones(image.shape, dtype=np.bool_))

    def cancel(_fraction: float, message: str) -> None:
        if "Grad-CAM" in message:
            raise Cancelled

    kept = set(cache_folder().iterdir())
    with pytest.raises(Cancelled):
        engine.explain(image, "attention-unet", "grad-cam", target, None, cancel)
    # The next call is answered after the process has noticed.
    assert engine.analyse(image, QUICK).predictions
    assert {path for path in cache_folder().iterdir() if path.suffix == ".tmp"} == set()
    assert len(set(cache_folder().iterdir()) - kept) <= 1


def test_what_the_analyser_refuses_to_do_comes_as_its_sentence(engine, image):
    with pytest.raises(EngineError, match="unknown model 'crystal-ball'; there are: attention-unet"):
        engine.analyse(image, AnalysisOptions(models=("crystal-ball",)))


def test_weights_that_cannot_be_used_come_as_a_sentence_and_those_at_work_stay(engine, image, tmp_path):
    before = engine.analyse(image, QUICK).predictions[0].card_id
    with pytest.raises(EngineError, match=r"there is no weight file or folder '.*gone\.pth'"):
        engine.use_weights({"mask-rcnn": tmp_path / "gone.pth"})
    (tmp_path / "words.safetensors").write_text("These are words.")
    with pytest.raises(EngineError, match=r"^words\.safetensors is not a readable safetensors file$"):
        engine.use_weights({"attention-unet": tmp_path / "words.safetensors"})
    assert engine.analyse(image, QUICK).predictions[0].card_id == before


def test_an_unexpected_failure_is_a_sentence_here_and_a_traceback_in_the_log(engine, image, caplog):
    with pytest.raises(EngineError) as caught:
        engine.analyse("no image at all", QUICK)
    assert str(caught.value) == FAILED
    assert "Traceback" in caplog.text
    assert "AttributeError" in caplog.text


def test_a_killed_process_is_reported_and_the_next_call_starts_another(engine, image):
    (child,) = processes()
    pid = child.pid

    def kill(_fraction: float, message: str) -> None:
        if message == "Finding the lung fields":
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(EngineError, match="ended unexpectedly"):
        engine.analyse(image, QUICK, kill)
    assert engine.analyse(image, QUICK).predictions
    (other,) = processes()
    assert other.pid != pid


def test_closing_cancels_a_call_that_runs_and_leaves_no_process_and_no_word_in_the_log(engine, image, caplog):
    # The last test of this file: the engine of all of them is closed here.
    running = threading.Event()
    failures: list[Exception] = []

    def work(progress: Progress) -> object:
        def step(fraction: float, message: str) -> None:
            progress(fraction, message)
            running.set()

        return engine.analyse(image, AnalysisOptions(), step)

    queue = JobQueue("closing")
    job = queue.submit(Job("Analysis", work, on_failed=failures.append))
    assert running.wait(60)
    engine.close()
    queue.drain()
    assert job.state is JobState.CANCELLED
    assert failures == []
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert processes() == []
    with pytest.raises(Cancelled):
        engine.analyse(image, QUICK)


_DYING_WINDOW = """
import os, multiprocessing, signal
from ptx_viewer.engine import Engine

def die(fraction, message):
    if message == "Loading the network library":
        print(multiprocessing.active_children()[0].pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    Engine("cpu").warm_up(die)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_process_does_not_outlive_a_program_that_crashed(tmp_path):
    script = tmp_path / "window.py"
    script.write_text(_DYING_WINDOW)
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    orphan = int(done.stdout)
    deadline = time.monotonic() + 120
    while _lives(orphan):
        assert time.monotonic() < deadline, "the networks' process is still there"
        time.sleep(0.1)


def _lives(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    if status.exists():
        # A process that nobody has waited for yet is dead all the same.
        return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc/self").exists()
