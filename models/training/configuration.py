"""Everything that decides a training run, in one YAML file."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from models.preprocess import Preprocessing
from models.training.augment import Augmentation
from models.training.export import current_commit
from models.training.film_mix import BatchSettings
from models.training.fit import FitSettings
from models.training.strict import build, plain

#: Libraries whose versions may change what a run gives.
_LIBRARIES = ("torch", "torchvision", "timm", "numpy", "scipy", "opencv-python-headless", "safetensors")

#: Values of ``encoder_weights`` that are no path.
WITHOUT_FILE = ("packaged", "none")
#: Keys of the file that other parts of the program read, or that only say how a run was made.
_BESIDE = ("search", "variants", "made_with")


@dataclass(frozen=True)
class NetworkSettings:
    """What is trained.

    Attributes
    ----------
    name : {"attention-unet", "unet", "mask-rcnn"}
    encoder : str
        timm's name of a model with features at strides 2, 4, 8, 16 and 32, e.g. ``resnet50``,
        ``tf_efficientnet_b0``, ``xception41``.
    encoder_weights : str
        ``"packaged"`` (the EfficientNet-Lite models), ``"none"``, or the path of a weight file.
    initial : str
        ``"none"``, or the path of a safetensors file of the same network to go on from; its encoder
        takes the place of `encoder_weights`.  A Mask R-CNN also begins with the encoder of a U-Net.
    size : int
        Edge of the network's grid in pixels, a multiple of 32.
    """

    name: Literal["attention-unet", "unet", "mask-rcnn"] = "attention-unet"
    encoder: str = "tf_efficientnet_lite2"
    encoder_weights: str = "packaged"
    initial: str = "none"
    size: int = 288

    def __post_init__(self) -> None:
        if self.size < 32 or self.size % 32:
            raise ValueError(f"size must be a multiple of 32, not {self.size}")

    @property
    def attention(self) -> bool:
        """Whether there are gates on the skip connections."""
        return self.name == "attention-unet"


@dataclass(frozen=True)
class DataSettings:
    """The films: either the project's own collections, or manifests made by ``prepare``.

    Attributes
    ----------
    collections : Path or None
        Folder with the collections that the shipped weights were trained on, in their split.
    manifests : tuple of Path
    without : tuple of str
        Collections among `collections` that are left out, e.g. ``nih-more``.
    run_lengths : Path or None
        SIIM-ACR's annotation file, whose masks shape the insertions; without one they follow a formula.
        `collections` brings its own.
    margin : float
        How much larger than the network's grid films are kept, so that shifts and turns sample real pixels.
    permuted : bool
        Train on labels dealt out at random among the training films of a collection: for the data
        randomisation test of the explanations.  Not with made films, whose labels are right.
    """

    collections: Path | None = None
    manifests: tuple[Path, ...] = ()
    without: tuple[str, ...] = ()
    run_lengths: Path | None = None
    margin: float = 1.22
    permuted: bool = False

    def __post_init__(self) -> None:
        if (self.collections is None) == (not self.manifests):
            raise ValueError("name either collections or manifests")
        if not 1.0 <= self.margin <= 2.0:
            raise ValueError(f"margin must be between 1 and 2, not {self.margin:g}")


@dataclass(frozen=True)
class LossSettings:
    """Dice + BCE, or Dice + focal loss.

    Attributes
    ----------
    focal_gamma : float
        0 is plain BCE; Lin et al. 2017 use 2.
    focal_alpha : float
    """

    focal_gamma: float = 0.0
    focal_alpha: float = 0.5

    def __post_init__(self) -> None:
        if self.focal_gamma != 0 and self.focal_gamma < 1:
            raise ValueError("focal_gamma must be 0 (off) or at least 1")
        if not 0 < self.focal_alpha < 1:
            raise ValueError("focal_alpha must lie between 0 and 1")


@dataclass(frozen=True)
class Configuration:
    """A whole training run."""

    data: DataSettings
    network: NetworkSettings = NetworkSettings()
    fit: FitSettings = FitSettings(steps=900, validate_every=100, checkpoint_every=25)  # noqa: RUF009
    batch: BatchSettings = BatchSettings()  # noqa: RUF009
    loss: LossSettings = LossSettings()
    augmentation: Augmentation = Augmentation()  # noqa: RUF009
    preprocessing: Preprocessing = Preprocessing()  # noqa: RUF009
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        made = self.batch.inserted or self.batch.transplanted or self.batch.digital
        if self.data.permuted and made:
            raise ValueError(
                "data.permuted needs batches without made films: inserted, transplanted, digital 0"
            )


def read_configuration(path: Path) -> Configuration:
    """Read and check a configuration; paths in it are relative to its own folder.

    Raises
    ------
    ValueError
        If the file cannot be read, holds an unknown key, or a value that cannot be; the message names it.
    """
    return from_content(read_content(path), path)


def read_content(path: Path) -> dict[str, Any]:
    """Return the keys and values of a YAML file, unchecked.

    Raises
    ------
    ValueError
        If the file cannot be read as such.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path.name} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} must hold keys and values")
    return content


def from_content(content: dict[str, Any], path: Path) -> Configuration:
    """Check the content of the configuration file at `path`.

    Raises
    ------
    ValueError
        As :func:`read_configuration`.
    """
    content = {key: value for key, value in content.items() if key not in _BESIDE}
    if isinstance(content.get("fit"), dict):
        # A file that names a few settings keeps the others of a run as it is without a file.
        content["fit"] = {**plain(Configuration.fit), **content["fit"]}
    try:
        made = build(Configuration, content)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    folder, data, weights = path.parent, made.data, made.network.encoder_weights
    located = dataclasses.replace(
        data,
        collections=None if data.collections is None else folder / data.collections,
        manifests=tuple(folder / manifest for manifest in data.manifests),
        run_lengths=None if data.run_lengths is None else folder / data.run_lengths,
    )
    if weights not in WITHOUT_FILE:
        made = dataclasses.replace(
            made, network=dataclasses.replace(made.network, encoder_weights=(folder / weights).as_posix())
        )
    return dataclasses.replace(made, data=located)


def keep_configuration(made: Configuration, run: Path) -> None:
    """Write the configuration of a new run with commit and versions, or make sure that it is still the same.

    Raises
    ------
    ValueError
        If the run in the folder was begun with another configuration; the message names what differs.
    """
    path = run / "config.yaml"
    content = _content(made)
    if path.exists():
        # Read as a configuration: keys that are younger than the run have their defaults.
        before = _content(read_configuration(path))
        differing = [key for key in content if before[key] != content[key]]
        if differing:
            raise ValueError(
                f"the run in '{run}' was begun with other settings of {', '.join(differing)}; "
                "restore them, or start a run in another folder"
            )
        return
    run.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    text = yaml.safe_dump({**content, "made_with": made_with()}, sort_keys=False, allow_unicode=True)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _content(made: Configuration) -> dict[str, Any]:
    """Return what makes a run what it is; how many threads work does not."""
    content: dict[str, Any] = plain(dataclasses.replace(made, threads=None))
    # The copy in the run's folder must find the same files from there.
    data = content["data"]
    for key in ("collections", "run_lengths"):
        data[key] = data[key] and Path(data[key]).resolve().as_posix()
    data["manifests"] = [Path(path).resolve().as_posix() for path in data["manifests"]]
    weights = content["network"]["encoder_weights"]
    if weights not in WITHOUT_FILE:
        content["network"]["encoder_weights"] = Path(weights).resolve().as_posix()
    return content


def made_with() -> dict[str, str]:
    """Return the commit and the versions that a run is made with."""
    versions = {"commit": current_commit(), "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed as a package"
    return versions
