from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml

from models import zoo
from models.training.command import ablate, search, train
from models.training.configuration import read_configuration
from models.training.cross_validation import last_figures, write_folds
from models.training.experiment import build_network, parts_of, read_entries
from models.training.experiment_card import PERMUTED
from models.training.manifest import read_manifest
from models.training.preparation import Division, prepare
from models.training.readers.folder import read_folder
from models.weights import save_weights

TINY = {
    "network": {"encoder": "test_efficientnet", "encoder_weights": "none", "size": 64},
    "fit": {"steps": 2, "validate_every": 2, "checkpoint_every": 1},
    "batch": {"outlined": 2, "negative": 2, "inserted": 0, "labelled": 1, "drain": 0, "digital": 0},
    "augmentation": {"elastic_pixels": 0, "jpeg": False},
}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen made-up films of as many patients, half with a bright outlined square, prepared."""
    folder = tmp_path_factory.mktemp("films")
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(16):
        rng = np.random.default_rng(number)
        coarse = rng.random((9, 9)).astype(np.float32)
        film = (cv2.resize(coarse, (90, 80), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 200).astype(np.uint8)
        if number % 2:
            mask = np.zeros((80, 90), np.uint8)
            top, left = rng.integers(5, 40, 2)
            edge = 8 + number
            mask[top : top + edge, left : left + edge] = 255
            film[mask > 0] = 250
            assert cv2.imwrite(str(folder / "masks" / f"{number}.png"), mask)
        assert cv2.imwrite(str(folder / "images" / f"{number}.png"), film)
    lines = prepare(read_folder(folder), folder / "prepared", Division(0.25, 0.25, folds=2))
    assert lines[0] == "16 films of 16 patients: 8 with pneumothorax (8 outlined), 8 without"
    return folder / "prepared"


def configured(folder: Path, films: Path, **more: object) -> Path:
    content = {"data": {"manifests": [str(films / "manifest.csv")]}, **TINY, **more}
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_prepared_films_are_divided_as_asked(films: Path) -> None:
    entries = read_manifest(films / "manifest.csv")
    counts = {
        part: [entry.film.positive for entry in entries if entry.part == part]
        for part in ("train", "validation", "test")
    }
    assert {part: (len(own), sum(own)) for part, own in counts.items()} == {
        "train": (8, 4), "validation": (4, 2), "test": (4, 2),
    }  # fmt: skip
    assert {entry.fold for entry in entries if entry.part == "test"} == {-1}
    assert sorted(entry.fold for entry in entries if entry.part != "test") == [0] * 6 + [1] * 6


def test_a_run_from_a_file_leaves_a_model_that_can_be_loaded(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(tmp_path, films, preprocessing={"clahe": 2.0})
    run = tmp_path / "run"
    assert train(["--config", str(config), "--out", str(run)]) == 0
    printed = capsys.readouterr().out
    assert "image ROC-AUC" in printed
    assert sorted(path.name for path in run.iterdir()) == [
        "checkpoint.pt", "config.yaml", "losses.csv", "manifest.csv", "model", "validation.csv",
    ]  # fmt: skip
    model = zoo.load_folder(run / "model", "cpu")
    assert model.card.options["encoder"] == "test_efficientnet"
    assert model.preprocessing.clahe == 2.0
    assert "CLAHE with clip limit 2" in model.card.preprocessing
    assert {figure.n for figure in model.card.figures} == {2, 4}
    assert model.card.split.startswith("by patient: 8 train, 4 validation, 4 test films")
    assert model.predict(np.random.default_rng(0).random((70, 90), dtype=np.float32)).probability.shape == (
        70,
        90,
    )
    # A copy of the configuration in the run's folder repeats the run, bit for bit.
    again = tmp_path / "again"
    assert train(["--config", str(run / "config.yaml"), "--out", str(again)]) == 0
    states = [torch.load(folder / "checkpoint.pt", weights_only=True)["average"] for folder in (run, again)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    # Another configuration does not go on in the same folder.
    other = configured(tmp_path, films, loss={"focal_gamma": 2})
    assert train(["--config", str(other), "--out", str(run)]) == 2
    assert "begun with other settings of loss, preprocessing" in capsys.readouterr().err


def test_films_that_changed_stop_a_run(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = read_manifest(films / "manifest.csv")[0].film.image
    before = victim.read_bytes()
    try:
        victim.write_bytes(before + b"x")
        assert train(["--config", str(configured(tmp_path, films)), "--out", str(tmp_path / "run")]) == 2
    finally:
        victim.write_bytes(before)
    assert f"1 files are missing or differ from manifest.csv: {victim.name}" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_cross_validation_validates_every_film_once(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(tmp_path, films, fit={"steps": 1, "validate_every": 1, "checkpoint_every": 1})
    entries = read_entries(read_configuration(config), folds=2)
    validated = [film.film_id for fold in (0, 1) for film in parts_of(entries, fold)["validation"]]
    assert sorted(validated) == sorted(e.film.film_id for e in entries if e.part != "test")
    assert train(["--config", str(config), "--out", str(tmp_path / "cv"), "--folds", "2"]) == 0
    with (tmp_path / "cv" / "folds.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["fold"] for row in rows] == ["0", "1", "mean", "standard deviation"]
    dices = [last_figures(tmp_path / "cv" / f"fold-{k}")["dice"] for k in (0, 1)]
    assert [float(row["dice"]) for row in rows[:3]] == pytest.approx([*dices, sum(dices) / 2])
    assert "standard deviation" in capsys.readouterr().out


def test_folds_by_hand(tmp_path: Path) -> None:
    write_folds([{"step": 9, "dice": 0.4}, {"step": 9, "dice": 0.6}], tmp_path / "folds.csv")
    lines = (tmp_path / "folds.csv").read_text().splitlines()
    assert lines[:4] == ["fold,dice", "0,0.4", "1,0.6", "mean,0.5"]
    assert float(lines[4].split(",")[1]) == pytest.approx(0.141421, abs=1e-6)


def test_a_grid_search_trains_each_combination(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = {"sampler": "grid", "space": {"network.name": ["unet", "attention-unet"]}}
    quick = {"steps": 1, "validate_every": 1, "checkpoint_every": 1}
    config = configured(tmp_path, films, search=wanted, fit=quick)
    assert search(["--config", str(config), "--out", str(tmp_path / "search")]) == 0
    assert "best dice" in capsys.readouterr().out
    for number, name in enumerate(("unet", "attention-unet")):
        kept = yaml.safe_load((tmp_path / "search" / f"trial-{number:03}" / "config.yaml").read_text())
        assert kept["network"]["name"] == name


def test_variants_are_validated_on_the_same_films(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = {"steps": 1, "validate_every": 1, "checkpoint_every": 1}
    variants = {"no change": {}, "no gates": {"network.name": "unet"}}
    config = configured(tmp_path, films, fit=quick, variants=variants)
    run = tmp_path / "ablation"
    assert ablate(["--config", str(config), "--out", str(run), "--folds", "2"]) == 0
    printed = capsys.readouterr().out
    assert printed == (run / "ablation.md").read_text()
    lines = printed.splitlines()
    assert lines[0] == "| recipe | Dice of positives (6) | folder ROC-AUC (12) |"
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| as configured", "| no change", "| no gates"]
    # The same recipe gives the same weights: no difference on any film.
    assert lines[3].count("; +0.00 [+0.00, +0.00]") == 2
    # What is finished is not made again.
    weights = run / "no-gates" / "fold-1" / "checkpoint.pt"
    before = weights.stat().st_mtime_ns
    (run / "no-change" / "fold-1" / "out-of-fold.csv").unlink()
    assert ablate(["--config", str(config), "--out", str(run), "--folds", "2"]) == 0
    assert capsys.readouterr().out == printed
    assert weights.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("variants", "sentence"),
    [
        ({}, "no variants to compare"),
        ({"boxes": {"network.name": "mask-rcnn"}}, "'variants.boxes': U-Nets are compared here"),
        ({"odd": 3}, "'variants.odd' must hold keys and values"),
        ({"As configured!": {}}, "'variants.As configured!' and 'as configured' would share a folder"),
        ({"no gates": {}, "no-gates": {}}, "'variants.no-gates' and 'no gates' would share a folder"),
        ({"--": {}}, "'variants.--' has no letter or digit: give it another name"),
        ({"odd": {"network.depth": 3}}, "unknown key 'network.depth'"),
    ],
)
def test_variants_that_cannot_be_are_refused(
    films: Path, tmp_path: Path, variants: dict, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(tmp_path, films, variants=variants)
    assert ablate(["--config", str(config), "--out", str(tmp_path / "ablation")]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "ablation").exists()


def test_films_without_what_learning_needs_are_refused(films: Path, tmp_path: Path) -> None:
    entries = [entry for entry in read_manifest(films / "manifest.csv") if not entry.film.positive]
    with pytest.raises(ValueError, match="outlined positives and negatives; there are 0 and 4"):
        parts_of(entries)


@pytest.mark.parametrize(
    "words",
    [
        ["--out", "x"],
        ["unet", "--out", "x"],
        ["unet", "--data", "d", "--config", "c", "--out", "x"],
        ["unet", "--data", "d", "--folds", "3", "--out", "x"],
        ["--config", "c", "--folds", "1", "--out", "x"],
    ],
)
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        train(words)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_the_collections_can_be_dealt_into_folds(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"data: {{collections: {shared_data}}}\n")
    entries = read_entries(read_configuration(path), folds=5)
    tested = {e.film.patient for e in entries if e.part == "test"}
    seen: list[str] = []
    for fold in range(5):
        parts = parts_of(entries, fold)
        held = {film.patient for film in parts["validation"]}
        seen += [f"{film.source} {film.film_id}" for film in parts["validation"]]
        assert not held & {film.patient for film in parts["train"]}
        assert not held & tested
        assert {film.source for film in parts["validation"]} == {"siim", "nih"}
    assert len(seen) == len(set(seen))


def test_a_run_can_go_on_from_earlier_weights(films: Path, tmp_path: Path) -> None:
    earlier = build_network(read_configuration(configured(tmp_path, films)))
    with torch.no_grad():
        earlier.mask_head.weight.fill_(0.25)
    save_weights(earlier, tmp_path / "earlier.safetensors")
    goes_on = {**TINY["network"], "initial": str(tmp_path / "earlier.safetensors")}
    network = build_network(read_configuration(configured(tmp_path, films, network=goes_on)))
    assert float(network.mask_head.weight.detach().unique()) == 0.25
    without_gates = configured(tmp_path, films, network={**goes_on, "name": "unet"})
    with pytest.raises(ValueError, match="gate"):
        build_network(read_configuration(without_gates))


def test_a_mask_rcnn_is_trained_from_a_file_too(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = {**TINY["network"], "name": "mask-rcnn"}
    fit = {**TINY["fit"], "watched": "merit", "patience": 9}
    path = configured(tmp_path, films, network=network, fit=fit)
    assert train(["--config", str(path), "--out", str(tmp_path / "run")]) == 0
    assert "image ROC-AUC" in capsys.readouterr().out
    figures = last_figures(tmp_path / "run", "merit")
    assert figures["merit"] == pytest.approx((figures["dice"] + figures["auc"]) / 2)
    model = zoo.load_folder(tmp_path / "run" / "model", "cpu")
    assert (model.name, model.card.title) == ("mask-rcnn", "Mask R-CNN")
    # Anchors are a sixth of those at 384 pixels.
    assert model.card.options["mask_rcnn"]["anchor_sizes"][0] == pytest.approx([20 / 6, 32 / 6])
    answer = model.predict(np.full((80, 90), 0.5, np.float32))
    assert answer.probability.shape == (80, 90)


def test_permuted_labels_are_trained_on_and_named_in_the_card(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {"manifests": [str(films / "manifest.csv")], "permuted": True}
    config = configured(tmp_path, films, data=data)
    assert train(["--config", str(config), "--out", str(tmp_path / "run"), "--threads", "1"]) == 0
    capsys.readouterr()
    plain = configured(tmp_path, films)
    assert train(["--config", str(plain), "--out", str(tmp_path / "plain"), "--threads", "1"]) == 0
    # The same draws of the same films, other labels.
    first, second = ((tmp_path / name / "losses.csv").read_text() for name in ("run", "plain"))
    assert first != second
    card = yaml.safe_load((tmp_path / "run/model/attention-unet.yaml").read_text())
    assert card["limitations"] == [PERMUTED]
