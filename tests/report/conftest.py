"""A small film with everything that a report states about it, made by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from explain.attribution import Attribution, Faithfulness, Provenance
from models.cards import DataSource, Figure, ModelCard
from models.prediction import Box, Instance, LungFields, Prediction, Side
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.opinions import weigh
from ptx_viewer.report.content import ReportContent
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.review import AuditEvent, Decision, Finding, ImageReview, Verdict
from ptx_viewer.study.image import (
    Acquisition,
    Image2D,
    ImageReference,
    Orientation,
    PatientIdentity,
    Window,
)
from ptx_viewer.study.spacing import Spacing, SpacingBasis

ROWS, COLUMNS = 120, 100
CREATED = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
UID = "1.2.826.0.1.3680043.8.498.42"


def rectangle(top: int, left: int, bottom: int, right: int, shape=(ROWS, COLUMNS)) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


@dataclass(frozen=True)
class Films:
    """Builds the parts; each test changes what it is about."""

    mask: np.ndarray

    def image(self, **changes) -> Image2D:
        ramp = np.linspace(0.2, 0.6, ROWS * COLUMNS, dtype=np.float32).reshape(ROWS, COLUMNS)
        image = Image2D(
            pixels=ramp,
            raw=(ramp * 4095).astype(np.int16),
            raw_unit="",
            window=Window(2048, 4096),
            inverted=False,
            spacing=Spacing(0.5, 0.4, SpacingBasis.DETECTOR_PLANE),
            orientation=Orientation("L", "F", stated=True),
            reference=ImageReference(
                file=Path("film.dcm"),
                display_path="study/film.dcm",
                study_instance_uid="1.2.3",
                series_instance_uid="1.2.3.4",
                sop_instance_uid=UID,
                sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
            ),
            acquisition=Acquisition(modality="DX", body_part="CHEST", view_position="PA"),
            patient=PatientIdentity(
                name="Ordinary^Olivia",
                patient_id="PID-0007",
                birth_date="19600102",
                sex="F",
                age="066Y",
                study_date="20260228",
                study_time="142530.5",
                study_description="Chest PA",
                series_description="PA erect",
                accession_number="ACC-99",
                institution="St Example",
            ),
            notices=("PixelSpacing was written as one string and was repaired.",),
        )
        return replace(image, **changes)

    def prediction(self, **changes) -> Prediction:
        probability = np.linspace(0, 1, ROWS * COLUMNS, dtype=np.float32).reshape(ROWS, COLUMNS)
        instance = Instance(self.mask, Box.around(self.mask), 0.97, Side.RIGHT)
        prediction = Prediction(
            model="attention-unet",
            card_id="attention-unet-1",
            probability=probability,
            score=0.934,
            threshold=0.41,
            mask_threshold=0.5,
            instances=(instance,),
            seconds=1.25,
            device="cpu",
        )
        return replace(prediction, **changes)

    def two_opinions(self, *, alone: bool = False) -> ImageAnalysis:
        """A second network that outlines rows 50..69 only, or nothing at all, and the consensus of both."""
        second_mask = rectangle(50, 10, 70, 30)
        probability = np.where(self.mask, np.float32(0.8), np.float32(0.1))
        first = self.prediction(probability=probability)
        second = self.prediction(
            model="mask-rcnn",
            card_id="mask-rcnn-1",
            probability=np.where(second_mask, np.float32(0 if alone else 0.6), np.float32(0)),
            score=0.02 if alone else 0.8,
            instances=() if alone else (Instance(second_mask, Box.around(second_mask), 0.6, Side.RIGHT),),
            engine="torchvision",
        )
        cards = (self.card(), self.card(card_id="mask-rcnn-1", name="mask-rcnn", title="Mask R-CNN"))
        lungs = self.analysis().lung_fields
        answered = self.analysis(predictions=(first, second), measurements=(), attributions=())
        return replace(answered, consensus=weigh((first, second), cards, lungs))

    def attribution(self, **changes) -> Attribution:
        heatmap = np.zeros((ROWS, COLUMNS), dtype=np.float32)
        heatmap[30:60, 20:50] = 1.0
        attribution = Attribution(
            method="grad-cam",
            model="attention-unet",
            target="image score",
            heatmap=heatmap,
            signed=False,
            seconds=0.84,
            provenance=Provenance("captum", "decoder.2", None, None, None),
            faithfulness=Faithfulness(0.11, 0.83, 0.42, 0.47, "yes"),
        )
        return replace(attribution, **changes)

    def analysis(self, **changes) -> ImageAnalysis:
        analysis = ImageAnalysis(
            image_key=f"{UID}#0",
            predictions=(self.prediction(),),
            lung_fields=LungFields(
                rectangle(15, 10, 90, 45), rectangle(15, 55, 90, 90), "lung-fields-1", 0.4
            ),
            attributions=(self.attribution(),),
            measurements=self.measurements(),
        )
        return replace(analysis, **changes)

    def measurements(self) -> tuple[Measurement, ...]:
        return (
            Measurement(
                "pneumothorax area", 123.4, "mm²", "mask area, detector plane", "right", "attention-unet"
            ),
            Measurement(
                "Collins 1995",
                None,
                "%",
                "4.2 + 4.7 (A + B + C)",
                "right",
                "attention-unet",
                valid=False,
                why_not="not valid on a supine film",
            ),
        )

    def card(self, **changes) -> ModelCard:
        card = ModelCard(
            card_id="attention-unet-1",
            name="attention-unet",
            title="Attention U-Net",
            task="pneumothorax segmentation",
            architecture="attention gates",
            size=512,
            sources=(DataSource("SIIM-ACR", "research", "training"),),
            split="patient-wise",
            preprocessing="resize",
            threshold=0.41,
            mask_threshold=0.5,
            threshold_rule="Youden",
            figures=(Figure("image ROC-AUC", 0.91, 0.86, 0.95, "held-out films", 120),),
            limitations=("Misses small apical collapses.",),
            licence="GPL-3.0-or-later",
            command="train",
            commit="abc",
            sha256="0123456789abcdef" * 4,
            options={},
        )
        return replace(card, **changes)

    def finding(self, **changes) -> Finding:
        finding = Finding("attention-unet-1", "attention-unet", Side.RIGHT, 0.97, self.mask, self.mask)
        return replace(finding, **changes)

    def review(self, **changes) -> ImageReview:
        review = ImageReview(
            image_key=f"{UID}#0",
            findings=(self.finding(decision=Decision.ACCEPTED),),
            verdict=Verdict.PNEUMOTHORAX,
            impression="Small right apical pneumothorax.",
            signed_by="Dr Reader",
            signed_at=CREATED,
            audit=(AuditEvent(CREATED, "accepted", "attention-unet-1"),),
        )
        return replace(review, **changes)

    def content(self, **changes) -> ReportContent:
        content = ReportContent(
            image=self.image(),
            analysis=self.analysis(),
            review=self.review(),
            measurements=self.measurements(),
            attributions=(self.attribution(),),
            cards=(self.card(),),
            device="cpu",
            program_version="0.1.0",
            created=CREATED,
        )
        return replace(content, **changes)


@pytest.fixture(scope="session")
def films() -> Films:
    """Rows 40..69 and columns 10..29 are outlined."""
    return Films(rectangle(40, 10, 70, 30))
