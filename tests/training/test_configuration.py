from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from models.preprocess import Preprocessing
from models.training.augment import Augmentation
from models.training.configuration import Configuration, keep_configuration, read_configuration
from models.training.fit import FitSettings

SMALLEST = "data: {manifests: [films/manifest.csv]}\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text)
    return path


def test_the_smallest_configuration_takes_every_default(tmp_path: Path) -> None:
    made = read_configuration(written(tmp_path, SMALLEST))
    assert made.data.manifests == (tmp_path / "films/manifest.csv",)
    assert made == Configuration(data=made.data)
    assert made.fit == FitSettings(steps=900, validate_every=100, checkpoint_every=25)
    assert made.augmentation == Augmentation()
    assert made.preprocessing == Preprocessing()


def test_what_is_named_is_taken_and_the_rest_stays(tmp_path: Path) -> None:
    text = SMALLEST + (
        "network: {name: unet, encoder: resnet50, encoder_weights: r50.safetensors, size: 512}\n"
        "fit: {steps: 50, learning_rate: 1e-3, precision: bfloat16, patience: 5}\n"
        "augmentation: {flip: false, letters: 3}\nloss: {focal_gamma: 2}\n"
        "preprocessing: {clahe: 2.0, denoise: bilateral}\nbatch: {inserted: 0}\nthreads: 2\n"
    )
    made = read_configuration(written(tmp_path, text))
    assert made.network.encoder_weights == (tmp_path / "r50.safetensors").as_posix()
    assert not made.network.attention
    assert made.fit == FitSettings(
        steps=50,
        learning_rate=0.001,
        precision="bfloat16",
        patience=5,
        validate_every=100,
        checkpoint_every=25,
    )
    assert made.augmentation == Augmentation(flip=False, letters=3)
    assert made.loss.focal_gamma == 2.0
    assert isinstance(made.loss.focal_gamma, float)
    assert made.preprocessing == Preprocessing(denoise="bilateral", clahe=2.0)
    assert (made.batch.inserted, made.batch.outlined, made.threads) == (0, 5, 2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"run\.yaml must hold keys and values"),
        ("a: [", r"run\.yaml cannot be read"),
        ("network: {}\n", "the key 'data' is missing"),
        (SMALLEST + "fitt: {}\n", "unknown key 'fitt'; did you mean 'fit'?"),
        (
            SMALLEST + "fit: {lerning_rate: 1}\n",
            "unknown key 'fit.lerning_rate'; did you mean 'learning_rate'?",
        ),
        (SMALLEST + "fit: {xyz: 1}\n", "unknown key 'fit.xyz'; there are: steps, "),
        (SMALLEST + "fit: {steps: many}\n", "'fit.steps' must be a whole number, not 'many'"),
        (SMALLEST + "fit: {steps: 1.5}\n", "'fit.steps' must be a whole number, not 1.5"),
        (SMALLEST + "fit: {learning_rate: fast}\n", "'fit.learning_rate' must be a number, not 'fast'"),
        (SMALLEST + "augmentation: {flip: 1}\n", "'augmentation.flip' must be true or false, not 1"),
        (SMALLEST + "augmentation: {noise: -1}\n", "augmentation: the augmentation noise cannot be negative"),
        (
            SMALLEST + "network: {name: vnet}\n",
            "'network.name' must be one of attention-unet, unet, mask-rcnn, not 'vnet'",
        ),
        (SMALLEST + "fit: {accumulate: 0}\n", "fit: accumulate must be at least 1, not 0"),
        (SMALLEST + "fit: {average_decay: 1}\n", "fit: average_decay must be at least 0 and below 1, not 1"),
        (SMALLEST + "network: {size: 300}\n", "network: size must be a multiple of 32, not 300"),
        (
            "data: {manifests: [m.csv], permuted: true}\n",
            "data.permuted needs batches without made films: inserted, transplanted, digital 0",
        ),
        (SMALLEST + "network: 5\n", "network must hold keys and values, not 5"),
        (SMALLEST + "loss: {focal_gamma: 0.5}\n", "loss: focal_gamma must be 0 (off) or at least 1"),
        (SMALLEST + "batch: {negative: 0}\n", "batch: a batch needs films with a mask"),
        ("data: {}\n", "data: name either collections or manifests"),
        ("data: {manifests: films.csv}\n", "'data.manifests' must be a list, not 'films.csv'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence.replace("(off)", r"\(off\)").replace("?", r"\?")) as caught:
        read_configuration(written(tmp_path, text))
    assert str(caught.value).startswith("run.yaml")
    assert "\n" not in str(caught.value)


def test_a_run_keeps_what_it_was_made_with_and_refuses_another(tmp_path: Path) -> None:
    made = read_configuration(written(tmp_path, SMALLEST + "fit: {steps: 50}\n"))
    run = tmp_path / "run"
    keep_configuration(made, run)
    kept = yaml.safe_load((run / "config.yaml").read_text())
    assert set(kept["made_with"]) >= {"commit", "python", "torch", "timm", "numpy"}
    # The copy alone repeats the run, from its own folder.
    again = read_configuration(run / "config.yaml")
    assert again.fit == made.fit
    assert again.data.manifests[0].resolve() == made.data.manifests[0].resolve()
    keep_configuration(made, run)
    keep_configuration(again, run)
    other = read_configuration(written(tmp_path, SMALLEST + "fit: {steps: 60}\nloss: {focal_gamma: 2}\n"))
    with pytest.raises(ValueError, match="begun with other settings of fit, loss; restore them"):
        keep_configuration(other, run)
    # A run from before there was a key, which then did what its default does, goes on.
    older = {key: dict(value) if key == "data" else value for key, value in kept.items()}
    del older["data"]["permuted"]
    (run / "config.yaml").write_text(yaml.safe_dump(older))
    keep_configuration(made, run)
    # How many threads work is no part of what a run is.
    keep_configuration(
        read_configuration(written(tmp_path, SMALLEST + "fit: {steps: 50}\nthreads: 1\n")), run
    )
