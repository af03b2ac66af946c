"""What is said about a map, on the screen and in the report alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explain.attribution import Attribution, Faithfulness, Provenance, Repeatability
from ptx_viewer import map_wording

MAP = Attribution(
    method="shap",
    model="unet",
    target="finding (right)",
    heatmap=np.zeros((4, 4), np.float32),
    signed=True,
    seconds=7.94,
    provenance=Provenance("shap 0.51", None, "blurred film", 0, 500, "60 regions", settled=False),
)
MEASURED = Faithfulness(
    0.21, 0.74, 0.45, 0.52, "weakly", 0.40, 0.50, 0.20, 0.80, Repeatability(3, 0.914, 0.75)
)


def test_a_caption_states_target_regions_baseline_samples_seed_and_seconds():
    assert map_wording.caption(MAP, "U-Net") == (
        "SHAP of U-Net: finding (right), 60 regions, baseline blurred film, "
        "500 samples, seed 0, not settled, 7.9 s"
    )


def test_a_caption_of_a_layer_s_map_states_the_layer_and_nothing_that_does_not_apply():
    made = replace(MAP, method="grad-cam", provenance=Provenance("captum", "decoder stage", None, None, None))
    assert map_wording.caption(made, "U-Net") == "Grad-CAM of U-Net: finding (right), decoder stage, 7.9 s"


@pytest.mark.parametrize(
    ("verdict", "words"), [("yes", "yes"), ("weakly", "weakly"), ("no", "no, do not rely on it")]
)
def test_the_verdict_is_said_in_plain_words(verdict, words):
    measured = replace(MEASURED, verdict=verdict)
    assert map_wording.verdict(measured) == f"Explains the score better than chance: {words}"


def test_the_figures_stand_beside_random_map_edges_and_the_model_s_own_mask():
    assert map_wording.figures(MEASURED) == (
        "Deletion AUC 0.21 (random map 0.45, edge map 0.40, the model's own mask 0.20; low is good)",
        "Insertion AUC 0.74 (random map 0.52, edge map 0.50, the model's own mask 0.80; high is good)",
        "Over 3 seeds: rank correlation 0.91, overlap of the strongest regions 0.75",
    )


def test_figures_that_were_not_measured_are_left_out():
    assert map_wording.figures(Faithfulness(0.2, 0.7, 0.4, 0.5, "yes")) == (
        "Deletion AUC 0.20 (random map 0.40; low is good)",
        "Insertion AUC 0.70 (random map 0.50; high is good)",
    )


def test_a_map_below_the_cut_off_says_so_and_why():
    assert map_wording.no_evidence(MAP) == ""
    below = replace(MAP, below_cutoff="score 0.03, cut-off 0.41")
    assert map_wording.no_evidence(below) == "No evidence above the cut-off: score 0.03, cut-off 0.41."
