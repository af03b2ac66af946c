"""Can inserted pneumothoraces be told from real ones?  An area under the ROC curve near 1 says: easily.

Crops around the air, of the same collections, go through an ImageNet encoder that never saw a chest
film; a logistic regression on its pooled features tells the two kinds apart as well as it can, on
crops that it was not fitted to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import timm
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.training.metrics import bootstrap, roc_auc
from models.training.pretrained import load_imagenet

_ENCODER = "tf_efficientnet_lite0"
_EDGE = 128
_FOLDS = 5
#: Far fewer directions than crops: a classifier on all features would tell any two sets apart in training.
_COMPONENTS = 24


@dataclass(frozen=True)
class Realism:
    """How well the two kinds of crops are told apart.

    Attributes
    ----------
    auc, low, high : float
        Cross-validated ROC-AUC with its 95 % bootstrap interval; .5 is chance.
    first, second : int
        Crops of each kind.
    """

    auc: float
    low: float
    high: float
    first: int
    second: int


def crop_around(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the square around the mask and a margin, mean 0 and deviation 1, float32 [128, 128].

    Raises
    ------
    ValueError
        If the mask is empty.
    """
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        raise ValueError("an empty mask has no surroundings")
    # At least a fifth of the film: the size of the crop must not tell the size of the air.
    edge = int(max(np.ptp(rows), np.ptp(columns), 0.2 * image.shape[0]) * 1.3)
    top = int(np.clip((rows.min() + rows.max() - edge) // 2, 0, max(0, image.shape[0] - edge)))
    left = int(np.clip((columns.min() + columns.max() - edge) // 2, 0, max(0, image.shape[1] - edge)))
    part = image[top : top + edge, left : left + edge].astype(np.float32)
    resized = cv2.resize(part, (_EDGE, _EDGE), interpolation=cv2.INTER_AREA)
    return np.asarray((resized - resized.mean()) / max(float(resized.std()), 1e-3), np.float32)


@torch.inference_mode()
def features(crops: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return mean and maximum of the encoder's stages at strides 4, 8 and 16, float32 [N, F]."""
    encoder = timm.create_model(_ENCODER, pretrained=False, features_only=True, in_chans=1)
    load_imagenet(encoder, _ENCODER)
    encoder.eval()
    described = []
    for crop in crops:
        stages = encoder(torch.from_numpy(crop)[None, None])[1:4]
        described.append(torch.cat([torch.cat([s.mean((2, 3)), s.amax((2, 3))], 1) for s in stages], 1)[0])
    return np.asarray(torch.stack(described).numpy(), np.float32)


def told_apart(
    first: NDArray[np.float32], second: NDArray[np.float32], groups: Sequence[str], seed: int = 0
) -> Realism:
    """Return how well a classifier tells `first` from `second`.

    Parameters
    ----------
    first, second : ndarray of float32, shape [N, F] and [M, F]
    groups : sequence of str
        N + M names; crops of one film share a name and stay on one side of the cross-validation.
    seed : int
    """
    described = np.concatenate([first, second])
    label = np.arange(len(described)) >= len(first)
    classifier = make_pipeline(
        StandardScaler(), PCA(_COMPONENTS, random_state=seed), LogisticRegression(C=0.3, max_iter=2000)
    )
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    score = cross_val_predict(
        classifier, described, label, groups=np.asarray(groups), cv=folds, method="predict_proba"
    )[:, 1]
    auc, low, high = bootstrap(lambda chosen: roc_auc(label[chosen], score[chosen]), len(label))
    return Realism(auc, low, high, len(first), len(second))
