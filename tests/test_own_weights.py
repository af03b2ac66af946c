"""``--weights`` from the command line to the files that a run leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pypdf import PdfReader
from safetensors.torch import load_file, save_file

import resources
from models.cards import WEIGHTS_FOLDER
from models.weights import sha256_of
from ptx_viewer import cli
from ptx_viewer.analysis import Analyser
from ptx_viewer.own_weights import parse_weights
from ptx_viewer.results import AnalysisOptions
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

FILM = Path(resources.__file__).parent / "sample_study" / "current-with-pneumothorax.dcm"


@pytest.fixture(autouse=True)
def _no_log_file(monkeypatch):
    """The log belongs to the user of this machine."""
    monkeypatch.setattr(cli, "_start_log", lambda: None)


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Path:
    """The shipped Mask R-CNN, a little surer of itself."""
    tensors = load_file(WEIGHTS_FOLDER / "mask-rcnn.safetensors")
    tensors["roi_heads.box_predictor.cls_score.bias"][0] += 0.5
    path = tmp_path_factory.mktemp("own") / "mine.safetensors"
    save_file(tensors, path)
    return path


def test_results_name_the_weights_and_weigh_nothing_together(own, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["analyze", str(FILM), "--out", str(out), "--explain", "", "--weights", f"mask-rcnn={own}"]
    assert cli.main(words) == 0
    (image,) = json.loads((out / "findings.json").read_text("utf-8"))["images"]
    weights = {name: made["weights"] for name, made in image["models"].items()}
    assert weights["mask-rcnn"] == {"file": "mine.safetensors", "sha256": sha256_of(own), "shipped": False}
    assert weights["attention-unet"]["shipped"] is True
    assert image["consensus"] is None
    said = "No consensus is made: it was fitted to the shipped weights, not to Mask R-CNN (own weights)."
    assert image["opinions"]["why_no_consensus"] == said
    assert image["opinions"]["statements"] == [
        "Attention U-Net and Mask R-CNN (own weights) both see a right apicolateral pneumothorax."
    ]
    # Both outline the same place: it is put to the reader once, and measured once.
    assert image["suggestions"] == [{"model": "attention-unet", "instance": 0}]
    assert {each["model"] for each in image["measurements"]} == {"attention-unet"}
    everything = (out / "findings.json").read_text("utf-8")
    assert str(own.parent) not in everything
    (report,) = (out / "reports").iterdir()
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(report).pages).split())
    assert said in text
    assert (
        "Mask R-CNN (own weights): not the shipped weights, but a user's own: mine.safetensors, sha256"
        in text
    )
    assert sha256_of(own) in text.replace(" ", "")
    assert "nothing was measured of them" in text
    printed = " ".join(capsys.readouterr().out.split())
    assert "mask-rcnn" in printed


def test_one_analyser_changes_its_weights_and_changes_them_back(own, tmp_path):
    words = tmp_path / "words.safetensors"
    words.write_text("These are words.")
    image = read_image(next(iter(scan([FILM]).instances())))
    options = AnalysisOptions(("mask-rcnn",), explain=())
    analyser = Analyser("cpu", models=("mask-rcnn",))
    first = analyser.analyse(image, options).predictions[0]
    info = analyser.use_weights({"mask-rcnn": own})
    assert [card.title for card in info.cards] == ["Lung fields", "Mask R-CNN (own weights)"]
    second = analyser.analyse(image, options).predictions[0]
    assert second.score != first.score
    assert (first.weights.shipped, second.weights.shipped) == (True, False)
    with pytest.raises(ValueError, match="is not a readable safetensors file"):
        analyser.use_weights({"mask-rcnn": words})
    assert analyser.warm_up().cards == info.cards
    (_lungs, back) = analyser.use_weights({}).cards
    assert (back.card_id, back.shipped) == (first.card_id, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["mask-rcnn"], "'mask-rcnn' is not of the form NETWORK=FILE"),
        (["=x.pth"], "'=x.pth' is not of the form NETWORK=FILE"),
        (["sam=x.pth"], "unknown model 'sam'; there are: attention-unet, mask-rcnn, unet"),
        (
            [f"unet={FILM}"],
            "'unet' was given weights but is not asked; asked are: attention-unet, mask-rcnn",
        ),
        (["mask-rcnn=gone.pth"], "there is no weight file or folder 'gone.pth'"),
        ([f"mask-rcnn={FILM}", f"mask-rcnn={FILM}"], "--weights names 'mask-rcnn' twice"),
        ([f"mask-rcnn={FILM}"], "current-with-pneumothorax.dcm is no checkpoint: its name ends in none of"),
        (
            [f"mask-rcnn={WEIGHTS_FOLDER / 'unet.safetensors'}"],
            "unet.safetensors does not fit this network: ",
        ),
    ],
)
def test_weights_that_cannot_be_used_are_one_sentence_and_nothing_is_written(
    words, sentence, tmp_path, capsys
):
    out = tmp_path / "out"
    given = [part for word in words for part in ("--weights", word)]
    assert cli.main(["analyze", str(FILM), "--out", str(out), *given]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"ptx-viewer: {sentence}")
    assert not out.exists()


def test_the_viewer_names_wrong_weights_before_it_opens(capsys):
    assert cli.main([str(FILM), "--weights", "mask-rcnn=gone.pth"]) == 2
    assert capsys.readouterr().err == "ptx-viewer: there is no weight file or folder 'gone.pth'\n"


def test_a_baseline_gets_weights_where_it_is_asked(own):
    assert parse_weights([f"unet={own}"], ("unet",)) == {"unet": own}
