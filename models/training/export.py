"""From a trained network to what ships: weights in half precision and a card with measured figures."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from torch import nn

from models.cards import DataSource, Figure, ModelCard
from models.training.metrics import bootstrap
from models.weights import save_weights, sha256_of


def current_commit() -> str:
    """Return the commit of the code that trains, or ``"unknown"`` outside a repository."""
    call = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return call.stdout.strip() or "unknown"


def write_model(network: nn.Module, card: ModelCard, folder: Path) -> None:
    """Write ``<name>.safetensors`` and, with the file's digest, ``<name>.yaml`` into `folder`."""
    digest = save_weights(network, folder / f"{card.name}.safetensors")
    write_card(dataclasses.replace(card, sha256=digest), folder)


def write_card(card: ModelCard, folder: Path) -> None:
    """Write the card as YAML."""
    content: dict[str, Any] = dataclasses.asdict(card)
    for key in ("sources", "figures", "limitations"):
        content[key] = list(content[key])
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    (folder / f"{card.name}.yaml").write_text(text, encoding="utf-8")


def figure(name: str, interval: tuple[float, float, float], data: str, n: int) -> Figure:
    """Return a card's figure from an estimate with its interval, rounded to three digits."""
    value, low, high = (round(number, 3) for number in interval)
    return Figure(name=name, value=value, low=low, high=high, data=data, n=n)


def mean_figure(name: str, values: NDArray[np.generic], data: str) -> Figure:
    """Return a card's figure: the mean over films [N], with its bootstrap interval."""
    numbers = values.astype(np.float64)
    interval = bootstrap(lambda chosen: float(numbers[chosen].mean()), len(numbers))
    return figure(name, interval, data, len(numbers))


SIIM = DataSource(
    name="SIIM-ACR Pneumothorax Segmentation 2019",
    terms="images from NIH ChestX-ray14; annotations under the challenge's rules (research and education)",
    use="training, validation, test",
)
NIH = DataSource(
    name="NIH ChestX-ray14 (NIH Clinical Center; Wang et al. 2017)",
    terms="free use with attribution",
    use="image-level labels mined from reports; training, validation, test",
)
JSRT = DataSource(
    name="JSRT with the SCR lung outlines (Shiraishi et al. 2000; van Ginneken et al. 2006)",
    terms="research use",
    use="training, validation, test",
)
COVID = DataSource(
    name="COVID-19 chest X-ray collection (ieee8023) with volunteers' lung outlines (v7labs)",
    terms="outlines CC BY 4.0; images under each one's licence, many CC BY-NC-SA",
    use="training, validation",
)
COVID_OUTSIDE = DataSource(
    name="COVID-19 chest X-ray segmentations (GeneralBlockchain) on the ieee8023 collection",
    terms="CC BY 4.0; images under each one's licence, many CC BY-NC-SA",
    use="test only",
)
LATERAL = DataSource(
    name="lateral films of the ieee8023 collection",
    terms="under each one's licence, many CC BY-NC-SA",
    use="examples of what is refused; training, validation, test",
)


def digest(folder: Path, name: str) -> str:
    """Return the SHA-256 of the weights written as `name`."""
    return sha256_of(folder / f"{name}.safetensors")
