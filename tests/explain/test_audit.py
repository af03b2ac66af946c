"""The audit as a whole: from films to tables, on a network whose explanation is known."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from explain.audit.command import audit_explanations
from explain.audit.document import Circumstances, document
from explain.audit.films import AuditFilm, load_film, outlined_films
from explain.audit.kept import KeptRows
from explain.audit.measure import Audit
from explain.audit.plots import plots
from explain.audit.rows import Check, Row, select, summarise
from models.prediction import Prediction
from models.zoo import WEIGHTS_FOLDER

WINDOW = (slice(6, 14), slice(20, 28))


@pytest.fixture
def film() -> AuditFilm:
    """A bright window, which is the finding, on a dim film with noise."""
    pixels = np.random.default_rng(0).uniform(0, 0.2, (36, 36)).astype(np.float32)
    truth = np.zeros((36, 36), np.bool_)
    truth[WINDOW] = True
    pixels[truth] += 0.8
    return AuditFilm("one", pixels, truth, drain=None)


@pytest.fixture
def model(bright_patch):
    class Outliner(bright_patch):
        def predict(self, pixels: np.ndarray) -> Prediction:
            return Prediction(self.name, "card-1", pixels, 0.9, 0.5, 0.5, (), 0.0, "cpu")

    return Outliner(WINDOW)


def audit(model, **more) -> Audit:
    return Audit("bright-patch", model, ("grad-cam",), lungs_of=lambda _: None, **more)


def numbers(rows: list[Row], check: Check, method: str = "grad-cam") -> dict[str, float]:
    return {row.figure: row.value for row in rows if row.check is check and row.method == method}


def test_a_map_of_the_truth_reaches_every_figure(model, film) -> None:
    """Grad-CAM of this network is the film itself, whose brightest pixels are the finding."""
    rows = audit(model).measure(film, thorough=False, progress=lambda *_: None)
    located = numbers(rows, Check.LOCALISATION)
    assert located == {"AUPRC": pytest.approx(1.0), "hit rate": 1.0, "mIoU": 1.0}
    assert numbers(rows, Check.LOCALISATION, "own mask") == located
    by_chance = numbers(rows, Check.LOCALISATION, "random map")
    assert by_chance["AUPRC"] < 0.3
    tested = numbers(rows, Check.FAITHFULNESS)
    assert (tested["better than chance"], tested["weakly or better"]) == (1.0, 1.0)
    assert tested["deletion AUC"] < numbers(rows, Check.FAITHFULNESS, "random map")["deletion AUC"]
    assert {row.check for row in rows} == {Check.LOCALISATION, Check.FAITHFULNESS}
    assert {(row.model, row.film, row.drain) for row in rows} == {("bright-patch", "one", None)}


def test_a_thorough_audit_makes_the_network_forget_and_spares_the_model(model, film) -> None:
    before = model.network.weight.clone()
    with torch.no_grad():
        permuted = type(model)(WINDOW, (-8.0, 0.0))
    rows = audit(model, permuted=permuted).measure(film, thorough=True, progress=lambda *_: None)
    forgotten = [row for row in rows if row.check is Check.MODEL_RANDOMISATION]
    # The whole network is one layer: it is forgotten in one step.
    assert [(row.figure, row.step, row.layer) for row in forgotten] == [
        (figure, 1, "network") for figure in ("rank correlation", "SSIM", "negligible", "as shown")
    ]
    # Its layer is linear in the film: whatever it forgets to is the film again, its opposite or nothing.
    assert forgotten[0].value in (0.0, pytest.approx(1.0))
    # The other network sees evidence against only, hence nothing at all.
    assert numbers(rows, Check.DATA_RANDOMISATION)["rank correlation"] == 0.0
    assert torch.equal(model.network.weight, before)
    assert not numbers(rows, Check.REPEATABILITY)  # Grad-CAM draws nothing at random


def test_a_random_networks_map_without_effect_counts_as_unlike(model, film, monkeypatch) -> None:
    """Its values may lie in the film's order, but they are drawn all but empty, and the map says so."""

    def whisper(module: torch.nn.Module, _seed: int) -> None:
        with torch.no_grad():
            module.weight.mul_(1e-4)

    monkeypatch.setattr("explain.audit.randomisation.randomise", whisper)
    rows = audit(model).measure(film, thorough=True, progress=lambda *_: None)
    forgotten = {row.figure: row.value for row in rows if row.check is Check.MODEL_RANDOMISATION}
    assert forgotten["rank correlation"] == pytest.approx(1.0)
    assert (forgotten["negligible"], forgotten["as shown"]) == (1.0, 0.0)


def test_a_method_that_the_model_cannot_serve_is_named_and_left_out(model, film) -> None:
    model.has_gradients = False
    made = audit(model)
    rows = made.measure(film, thorough=True, progress=lambda *_: None)
    assert {row.method for row in rows} == {"own mask", "random map", "edge map"}
    assert "needs gradients" in made.refused["grad-cam"]


def test_cancelling_ends_the_audit(model, film) -> None:
    def cancel(_fraction: float, _message: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        audit(model).measure(film, thorough=True, progress=cancel)


def test_an_audit_that_was_stopped_goes_on_where_it_was(model, film, tmp_path) -> None:
    scored: list[int] = []

    class Counted(type(model)):
        def score(self, batch, region=None):
            scored.append(len(batch))
            return super().score(batch, region)

    def stop_at_occlusion(_fraction: float, message: str) -> None:
        if "occlusion" in message:
            raise InterruptedError

    def resumed(model, progress=lambda *_: None) -> list[Row]:
        kept = KeptRows(tmp_path / "unfinished")
        made = Audit("bright-patch", model, ("grad-cam", "occlusion"), lambda _: None, kept=kept)
        return made.measure(film, thorough=True, progress=progress)

    whole = Audit("bright-patch", Counted(WINDOW), ("grad-cam", "occlusion"), lambda _: None).measure(
        film, thorough=True, progress=lambda *_: None
    )
    in_all = sum(scored)
    with pytest.raises(InterruptedError):
        resumed(Counted(WINDOW), stop_at_occlusion)
    scored.clear()
    assert resumed(Counted(WINDOW)) == whole
    assert 0 < sum(scored) < in_all
    scored.clear()
    assert resumed(Counted(WINDOW)) == whole
    assert scored == []
    # Other weights are another audit.
    other = Counted(WINDOW)
    other.network.weight.mul_(0.5)
    assert resumed(other) != whole
    assert scored


def test_what_cannot_be_read_is_measured_again_and_in_the_end_nothing_stays(model, film, tmp_path) -> None:
    kept = KeptRows(tmp_path / "unfinished")
    rows = audit(model, kept=kept).measure(film, thorough=False, progress=lambda *_: None)
    for path in (tmp_path / "unfinished").iterdir():
        path.write_text('[{"model": "')
    assert audit(model, kept=kept).measure(film, thorough=False, progress=lambda *_: None) == rows
    kept.clear()
    assert not (tmp_path / "unfinished").exists()


def row(film: str, value: float, drain: bool | None = None, method: str = "grad-cam") -> Row:
    return Row("unet", method, film, drain, Check.LOCALISATION, "AUPRC", value)


def test_means_and_intervals_by_hand() -> None:
    (mean,) = summarise([row(str(number), value) for number, value in enumerate((0.2, 0.2, 0.2, 0.2))])
    assert (mean.n, mean.value, mean.low, mean.high) == (4, pytest.approx(0.2), *[pytest.approx(0.2)] * 2)
    (mean,) = summarise([row("a", 0.0), row("b", 1.0)])
    # Of two films drawn twice, both are the same one in a quarter of the samples each.
    assert (mean.value, mean.low, mean.high) == (0.5, 0.0, 1.0)


def test_films_with_and_without_a_drain_are_apart_and_unknown_ones_count_in_all() -> None:
    means = summarise([row("a", 0.1, True), row("b", 0.3, False), row("c", 0.5, False), row("d", 0.9)])
    assert {mean.films: (mean.n, round(mean.value, 6)) for mean in means} == {
        "all": (4, 0.45), "with drain": (1, 0.1), "without drain": (2, 0.4),
    }  # fmt: skip


def test_explanations_come_before_what_they_are_compared_with() -> None:
    means = summarise([row("a", 0.1, method=name) for name in ("edge map", "own mask", "lime", "grad-cam")])
    chosen = select(means, Check.LOCALISATION, "AUPRC")
    assert [mean.method for mean in chosen] == ["grad-cam", "lime", "own mask", "edge map"]


def full(drain: bool | None = None) -> list[Row]:
    """Rows of every check with known values."""
    figures = {
        Check.LOCALISATION: {"AUPRC": 0.31, "mIoU": 0.22, "hit rate": 1.0},
        Check.FAITHFULNESS: {
            "deletion AUC": 0.2, "insertion AUC": 0.8, "better than chance": 1.0, "weakly or better": 1.0,
        },
        Check.REPEATABILITY: {"rank correlation": 0.97, "Jaccard": 0.88},
    }  # fmt: skip
    rows = [
        Row("unet", method, "a", drain, check, figure, value)
        for check, named in figures.items()
        for figure, value in named.items()
        for method in ("lime", "own mask")[: 1 if check is Check.REPEATABILITY else 2]
    ]
    for method, end in (("grad-cam", 0.12), ("lime", 0.71)):
        for step, layer, value in ((1, "head", 0.9), (2, "stem", end)):
            for figure in ("rank correlation", "SSIM", "negligible", "as shown"):
                check = Check.MODEL_RANDOMISATION
                rows.append(Row("unet", method, "a", drain, check, figure, value, step, layer))
    return rows


MADE = Circumstances("python main.py audit-explanations", "2026-01-02", ["unet-1"], 1, 1, 0, ["captum 1"])


def test_the_document_says_what_was_found() -> None:
    text = document(summarise(full()), MADE, ["localisation.png"], "folder")
    assert "| unet | LIME | 0.31 [0.31, 0.31] | 0.22 [0.22, 0.22] | 1.00 [1.00, 1.00] | 1 |" in text
    # A map that is still there when everything is forgotten does not pass.
    assert (
        "| unet | Grad-CAM | 0.12 [0.12, 0.12] | 0.12 [0.12, 0.12] | 0.12 | 0.12 [0.12, 0.12] | yes | 1 |"
        in text
    )
    assert (
        "| unet | LIME | 0.71 [0.71, 0.71] | 0.71 [0.71, 0.71] | 0.71 | 0.71 [0.71, 0.71] | **no** | 1 |"
        in text
    )
    assert "0.90" not in text  # the table shows the end of the cascade alone
    assert "| unet | LIME | 0.97 [0.97, 0.97] | 0.88 [0.88, 0.88] | 1 |" in text
    assert "0.024–0.224" in text
    assert "0.404" in text
    assert "Guided backpropagation" in text
    assert "do not say which is which" in text
    assert "folder/localisation.png" in text
    assert "folder/randomisation.png" not in text  # only pictures that were made


def test_the_document_shows_drains_apart_and_names_what_was_refused() -> None:
    made = Circumstances(
        MADE.command, MADE.date, MADE.cards, 2, 0, 0, MADE.libraries,
        refused={"mask-rcnn": {"grad-cam": "it has no gradients"}},
    )  # fmt: skip
    text = document(summarise(full(drain=True)), made, [], "folder")
    assert "Films with drain:" in text
    assert "Films without drain:" not in text
    assert "Grad-CAM of mask-rcnn: it has no gradients." in text


def test_the_pictures_show_what_was_measured() -> None:
    made = plots(summarise(full()))
    assert sorted(made) == ["faithfulness.png", "localisation.png", "randomisation.png", "repeatability.png"]
    picture = cv2.imdecode(np.frombuffer(made["localisation.png"], np.uint8), cv2.IMREAD_COLOR)
    blue = (picture[..., 0] > 150) & (picture[..., 2] < 60)  # the first model's colour, OpenCV's BGR
    # Two methods with a mark in each of three panels.
    count, _, sizes, _ = cv2.connectedComponentsWithStats(blue.astype(np.uint8))
    assert sum(int(size) > 15 for size in sizes[1:, cv2.CC_STAT_AREA]) == 6
    assert count >= 7
    without = [each for each in full() if each.check not in (Check.MODEL_RANDOMISATION, Check.REPEATABILITY)]
    assert sorted(plots(summarise(without))) == ["faithfulness.png", "localisation.png"]


@pytest.fixture
def folder(tmp_path: Path, sample_film) -> Path:
    """A plain folder with one outlined film of odd size and one without a pneumothorax."""
    root = tmp_path / "films"
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for name in ("with", "without"):
        cv2.imwrite(str(root / "images" / f"{name}.png"), np.round(sample_film * 255).astype(np.uint8))
    mask = np.zeros((1024, 940), np.uint8)  # drawn at twice the film's size
    mask[100:300, 500:800] = 255
    cv2.imwrite(str(root / "masks" / "with.png"), mask)
    return root


def test_films_are_read_in_the_grid_of_their_mask(folder: Path, sample_film) -> None:
    (listed,) = outlined_films(folder)
    read = load_film(listed)
    assert read.name == "with"
    assert read.pixels.shape == read.truth.shape == (1024, 940)
    assert read.truth.sum() == 200 * 300
    shown = cv2.resize(read.pixels, (470, 512), interpolation=cv2.INTER_AREA)
    assert np.abs(shown - sample_film).mean() < 0.01


def test_large_films_are_made_smaller(tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
        picture = np.zeros((2048, 1024), np.uint8)
        picture[1024:1536, 512:] = 255
        cv2.imwrite(str(tmp_path / name / "film.png"), picture)
    read = load_film(outlined_films(tmp_path)[0])
    assert read.truth.shape == (1024, 512)
    assert np.array_equal(read.truth, read.pixels > 0.5)
    assert read.truth[512:768, 256:].all()
    assert read.truth.sum() == 256 * 256


def test_the_command_writes_document_tables_and_pictures(folder: Path, tmp_path: Path, capsys) -> None:
    out, again = tmp_path / "out", tmp_path / "again"
    again.mkdir()
    for name in ("attention-unet.yaml", "attention-unet.safetensors"):
        shutil.copy(WEIGHTS_FOLDER / name, again)
    words = ["--data", str(folder), "--model", "attention-unet", "--methods", "grad-cam", "--thorough", "1"]
    words += ["--permuted", f"attention-unet={again}"]
    assert audit_explanations([*words, "--device", "cpu", "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out / "explanations-audit.md")
    beside = out / "explanations-audit"
    assert sorted(path.name for path in beside.iterdir()) == [
        "faithfulness.png", "localisation.png", "measurements.csv", "randomisation.png", "summary.csv",
    ]  # fmt: skip
    text = (out / "explanations-audit.md").read_text(encoding="utf-8")
    assert "| attention-unet | Grad-CAM |" in text
    assert "--data DIR" in text
    assert str(tmp_path) not in text
    rows = list(csv.DictReader(io.StringIO((beside / "measurements.csv").read_text(encoding="utf-8"))))
    assert {each["film"] for each in rows} == {"with"}
    # The "second training" learned the same: its map is the same.
    likeness = [each for each in rows if each["check"] == "data randomisation"]
    assert [(each["figure"], float(each["value"])) for each in likeness] == [
        ("rank correlation", pytest.approx(1.0)), ("SSIM", pytest.approx(1.0)),
    ]  # fmt: skip
    steps = {int(each["step"]) for each in rows if each["check"] == "model randomisation"}
    assert len(steps) == 6
    assert all(0 <= float(each["value"]) <= 1 for each in rows if each["figure"] != "SSIM")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--methods", "guided-backprop"], "unknown explanation 'guided-backprop'"),
        (["--model", "resnet"], "unknown model 'resnet'"),
        (["--films", "0"], "--films must be at least 1"),
        (["--permuted", "attention-unet=nowhere"], "is not NAME=DIR"),
        (["--data", "nowhere"], "holds neither the film collections nor images/"),
    ],
)
def test_a_wrong_request_is_answered_in_one_sentence(
    folder: Path, tmp_path: Path, capsys, words: list[str], said: str
) -> None:
    out = tmp_path / "out"
    assert audit_explanations(["--data", str(folder), "--out", str(out), *words]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert not out.exists()


def test_films_without_any_outline_are_refused(folder: Path, tmp_path: Path, capsys) -> None:
    (folder / "masks" / "with.png").unlink()
    assert audit_explanations(["--data", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert "no film with an outlined pneumothorax" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(folder: Path, tmp_path: Path, capsys) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    words = ["--data", str(folder), "--model", "attention-unet", "--methods", "grad-cam", "--films", "1"]
    assert audit_explanations([*words, "--device", "cpu", "--out", str(blocked)]) == 1
    assert str(blocked) in capsys.readouterr().err
