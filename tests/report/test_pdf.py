"""The PDF report, read back: its text, its pages, and what is drawn on them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from pypdf import PdfReader

from models.consensus import card_of
from models.prediction import Side
from ptx_viewer.opinions import weigh
from ptx_viewer.rendering import CONSENSUS_COLOUR, MODEL_COLOUR, READER_COLOUR, SECOND_MODEL_COLOUR
from ptx_viewer.report.content import MapLook, ReportContent
from ptx_viewer.report.errors import ReportError
from ptx_viewer.report.pdf import write_pdf
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.review import AuditEvent, Decision, Finding, Verdict
from ptx_viewer.study.image import Orientation, PatientIdentity

ROWS, COLUMNS = 120, 100
CREATED = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
DISCLAIMER = "For research and education, not a medical device."


def write(folder: Path, *contents: ReportContent) -> Path:
    path = folder / "report.pdf"
    write_pdf(contents, path, overwrite=True)
    return path


def pages(path: Path) -> list[str]:
    """Text of each page, white space collapsed."""
    document = pypdfium2.PdfDocument(path)
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


def text(path: Path) -> str:
    return " ".join(pages(path))


def first_page(path: Path, dots_per_mm: float = 8.0) -> np.ndarray:
    document = pypdfium2.PdfDocument(path)
    try:
        return document[0].render(scale=dots_per_mm * 25.4 / 72).to_numpy()[..., 2::-1].copy()
    finally:
        document.close()


def near(picture: np.ndarray, colour: tuple[int, int, int], tolerance: int = 40) -> np.ndarray:
    """Where a rendered page has a colour, bool [H, W]."""
    return (np.abs(picture.astype(int) - colour) <= tolerance).all(axis=-1)


def film_box(path: Path, place: int = 0) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in millimetres of the `place`-th picture on page 1."""
    document = pypdfium2.PdfDocument(path)
    try:
        page = document[0]
        images = [o for o in page.get_objects() if o.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]
        left, bottom, right, top = (value * 25.4 / 72 for value in images[place].get_bounds())
        height = page.get_height() * 25.4 / 72
        return left, height - top, right, height - bottom
    finally:
        document.close()


@pytest.fixture(scope="module")
def standard(films, tmp_path_factory) -> Path:
    """Return the report that every part of the hand-made film appears in."""
    return write(tmp_path_factory.mktemp("standard"), films.content())


# What is stated


def test_identity_study_and_image_are_stated(standard):
    page = pages(standard)[0]
    for expected in (
        "Ordinary, Olivia",
        "PID-0007",
        "1960-01-02",
        "F, 66 years",
        "St Example",
        "2026-02-28 14:25",
        "Chest PA",
        "PA erect",
        "ACC-99",
        "DX CHEST PA, 100 × 120 pixels",
        "study/film.dcm",
        "1.2.826.0.1.3680043.8.498.42",
    ):
        assert expected in page


def test_models_findings_and_measurements_are_stated_with_method_and_validity(standard):
    whole = text(standard)
    for expected in (
        "Pneumothorax suggested by Attention U-Net (score 0.93, threshold 0.41).",
        "1 right Attention U-Net 0.97 (outline from 0.50) accepted",
        "123 mm²",
        "mask area, detector plane",
        "not valid",
        "4.2 + 4.7 (A + B + C). Not valid: not valid on a supine film",
        "0.5 × 0.4 mm per pixel (rows × columns), basis: detector plane.",
        "card attention-unet-1, weights sha256 0123456789ab",
        "image ROC-AUC 0.91 [0.86, 0.95] (held-out films, n = 120)",
        "Misses small apical collapses.",
        "Run: Attention U-Net on cpu with torch.",
        "PixelSpacing was written as one string and was repaired.",
    ):
        assert expected in whole


def test_readers_verdict_impression_signature_and_acts_are_stated(films, tmp_path):
    stroke = AuditEvent(CREATED, "repainted", "attention-unet-1")
    later = replace(stroke, when=CREATED + timedelta(minutes=7))
    audit = (AuditEvent(CREATED, "accepted", "attention-unet-1"), stroke, stroke, later)
    whole = text(write(tmp_path, films.content(review=films.review(audit=audit))))
    assert "Reader: Pneumothorax." in whole
    assert "Signed by Dr Reader, 2026-03-01 14:05 UTC." in whole
    assert "Small right apical pneumothorax." in whole
    assert "2026-03-01 14:05 UTC accepted attention-unet-1" in whole
    assert "2026-03-01 14:12 UTC repainted (3 times)" in whole


def test_heatmap_has_its_caption_and_its_faithfulness(standard, films, tmp_path):
    whole = text(standard)
    assert "Grad-CAM of Attention U-Net: image score, decoder.2, 0.8 s." in whole
    assert "Explains the score better than chance: yes." in whole
    assert "Deletion AUC 0.11 (random map 0.42; low is good)." in whole
    assert "Insertion AUC 0.83 (random map 0.47; high is good)." in whole
    untested = films.attribution(faithfulness=None)
    whole = text(write(tmp_path, films.content(attributions=(untested,))))
    assert "How far the map explains the score was not measured." in whole


def test_a_map_below_the_cut_off_is_not_printed_as_if_it_were_a_finding(films, tmp_path):
    below = films.attribution(below_cutoff="score 0.03, cut-off 0.41")
    content = films.content(review=films.review(findings=()), attributions=(below,))
    path = write(tmp_path, content)
    assert "No evidence above the cut-off: score 0.03, cut-off 0.41. Grad-CAM of" in text(path)
    assert "1 strongest" not in text(path)
    picture = first_page(path).astype(int)
    plain, explained = film_box(path, 0), film_box(path, 1)
    middle = [
        picture[round((top + bottom) / 2 * 8), round((left + right) / 2 * 8)]
        for left, top, right, bottom in (plain, explained)
    ]
    assert middle[0] == pytest.approx(middle[1], abs=4)


def test_each_map_has_the_colours_and_the_opacity_that_the_reader_gave_it(films, tmp_path):
    content = films.content(review=films.review(findings=()), looks=(MapLook("viridis", 1.0),))
    path = write(tmp_path, content)
    left, top, right, bottom = film_box(path, 1)
    row, column = (45 + 0.5) / ROWS, (35 + 0.5) / COLUMNS
    x, y = left + column * (right - left), top + row * (bottom - top)
    # The end of viridis.
    assert first_page(path)[round(y * 8), round(x * 8)].astype(int) == pytest.approx([253, 231, 37], abs=6)


def test_absence_is_worded_as_not_found_and_never_as_normal(films, tmp_path):
    absent = films.prediction(score=0.03, instances=())
    analysis = films.analysis(predictions=(absent,), measurements=())
    content = films.content(analysis=analysis, review=None, measurements=(), attributions=())
    whole = text(write(tmp_path, content))
    assert "No pneumothorax found by Attention U-Net (score 0.03, threshold 0.41)." in whole
    assert "Nothing is outlined." in whole
    assert "normal" not in whole.lower()
    assert "Findings" not in whole


def test_verdict_of_the_reader_is_never_normal_either(films, tmp_path):
    review = films.review(findings=(), verdict=Verdict.NONE_FOUND, impression="")
    whole = text(write(tmp_path, films.content(review=review)))
    assert "Reader: No pneumothorax found." in whole
    assert "normal" not in whole.lower()


def test_report_before_any_review_states_suggestions(films, tmp_path):
    whole = text(write(tmp_path, films.content(review=None)))
    assert "Not reviewed by a reader: suggestions of the models only." in whole
    assert "Not signed: a draft." in whole
    assert "1 right Attention U-Net 0.97 (outline from 0.50) suggested" in whole


def test_decision_on_each_finding_is_stated(films, tmp_path):
    findings = (
        films.finding(),
        films.finding(decision=Decision.REJECTED),
        films.finding(source="reader", suggested=None, score=None),
    )
    whole = text(write(tmp_path, films.content(review=films.review(findings=findings))))
    assert "1 right Attention U-Net 0.97 (outline from 0.50) suggested, not yet decided" in whole
    assert "2 right Attention U-Net 0.97 (outline from 0.50) rejected" in whole
    assert "3 right the reader no score drawn by the reader" in whole
    assert "dotted: rejected by the reader" in whole


def test_edited_outline_is_marked_as_edited(films, tmp_path):
    smaller = films.mask.copy()
    smaller[40:50] = False
    finding = films.finding(mask=smaller, decision=Decision.ACCEPTED)
    whole = text(write(tmp_path, films.content(review=films.review(findings=(finding,)))))
    assert "accepted, outline edited by the reader" in whole
    assert "dashed: the model's outline before the reader edited it" in whole


def test_refused_film_states_the_reason_and_no_score(films, tmp_path):
    analysis = ImageAnalysis(image_key="x", refused="This looks like a lateral view.")
    content = films.content(analysis=analysis, review=None, measurements=(), attributions=())
    whole = text(write(tmp_path, content))
    assert "Not scored by any model: This looks like a lateral view." in whole
    assert "score 0" not in whole


def test_overridden_refusal_states_both(films, tmp_path):
    content = films.content(analysis=films.analysis(refused="This looks like a lateral view."))
    whole = text(write(tmp_path, content))
    assert "This looks like a lateral view. Scored because the reader asked for it." in whole
    assert "Pneumothorax suggested by Attention U-Net" in whole


def test_uncalibrated_film_says_so(films, tmp_path):
    whole = text(write(tmp_path, films.content(image=films.image(spacing=None), measurements=())))
    assert "No pixel spacing in the file: lengths and areas are given in pixels" in whole
    assert "mm per pixel" not in whole
    assert "Measurements" not in whole


# Every page


def test_each_page_has_disclaimer_number_time_and_identity(films, tmp_path):
    impression = "\n".join(f"Line {number} of a long impression." for number in range(1, 201))
    content = films.content(review=films.review(impression=impression))
    each = pages(write(tmp_path, content, content))
    assert len(each) >= 8
    for number, page in enumerate(each, start=1):
        assert DISCLAIMER in page
        assert f"Page {number} of {len(each)}" in page
        assert "Created 2026-03-01 14:05 UTC by ptx-viewer 0.1.0" in page
        assert "Ordinary, Olivia" in page
        assert "PID-0007" in page
    joined = " ".join(each)
    for number in range(1, 201):
        assert joined.count(f"Line {number} of a long impression.") == 2


def test_one_film_takes_at_most_two_pages_and_little_room(films, tmp_path):
    maps = (films.attribution(), films.attribution(method="gradient-shap", signed=True))
    rng = np.random.default_rng(0)
    noise = rng.random((2048, 2048), dtype=np.float32)
    mask = np.zeros((2048, 2048), dtype=bool)
    mask[400:1200, 300:700] = True
    heat = tuple(replace(one, heatmap=noise) for one in maps)
    content = films.content(
        image=films.image(pixels=noise),
        review=films.review(findings=(films.finding(mask=mask, suggested=mask),)),
        attributions=heat,
    )
    path = write(tmp_path, content)
    assert len(pages(path)) <= 2
    # Noise is the worst that JPEG can meet; a real film takes a third of it.
    assert path.stat().st_size < 3_000_000


def test_metadata_has_time_and_program_but_not_the_patient(standard):
    metadata = PdfReader(standard).metadata
    assert metadata.title == "Pneumothorax review report"
    assert metadata.creator == "ptx-viewer 0.1.0"
    assert metadata.creation_date == CREATED
    assert not re.search("olivia|ordinary|PID", " ".join(str(value) for value in metadata.values()), re.I)


# Names


NAMES = (
    "محمد عبد الله الحسيني",
    "דוד בן־גוריון",
    "Жанна Ёлкина",
    "Γιώργος Παπαδόπουλος",
    "Nguyễn Thị Bưởi",
    "王小明",
    "山田 太郎 髙﨑 さくら",
    "김철수 힣",
    "कृष्णा शर्मा",
    "สมชาย ใจดี",
    "முருகன்",
    "Արամ",
    "Þórður Æsgerður",
)


@pytest.fixture(scope="module")
def named_pages(films, tmp_path_factory) -> list[str]:
    """Return the pages of a report with one film, on one page, for each of the names."""
    bare = films.content(review=None, measurements=(), attributions=(), cards=())
    contents = [
        replace(bare, image=films.image(patient=replace(films.image().patient, name=name))) for name in NAMES
    ]
    return pages(write(tmp_path_factory.mktemp("names"), *contents))


@pytest.mark.parametrize("name", NAMES)
def test_name_in_any_script_prints_and_is_found_again(named_pages, name):
    page = named_pages[NAMES.index(name)]
    assert name in page
    assert "Shown as" not in page


def test_all_three_groups_of_a_dicom_name_are_printed(films, tmp_path):
    patient = replace(films.image().patient, name="Yamada^Tarou=山田^太郎=やまだ^たろう")
    assert "Yamada, Tarou (山田 太郎) (やまだ たろう)" in text(
        write(tmp_path, films.content(image=films.image(patient=patient)))
    )


def test_characters_without_a_glyph_are_named(films, tmp_path):
    patient = replace(films.image().patient, name="Smile \U0001f9e0 \U00010380")
    whole = text(write(tmp_path, films.content(image=films.image(patient=patient))))
    assert "no font of this report has them: U+1F9E0 BRAIN, U+10380 UGARITIC LETTER ALPA." in whole


def test_impression_with_unprintable_characters_says_so(films, tmp_path):
    whole = text(write(tmp_path, films.content(review=films.review(impression="Large \U0001f9e0"))))
    assert "U+1F9E0 BRAIN" in whole


@pytest.mark.parametrize(
    "name",
    [
        "A" * 5000,
        "王" * 5000,
        "**bold** __under__ [link](http://example.invalid) {nb} <b>x</b>",
        "Evil\x00\x1b[31m\r\nName\x1f#\u202egnorw\ufeff",
        ") Tj ET \\",
        "\ud800lone",
        "^^^^",
        "",
    ],
)
def test_hostile_name_is_printed_as_text_and_breaks_nothing(films, tmp_path, name):
    patient = PatientIdentity(name=name, patient_id=name, study_description=name, institution=name)
    each = pages(write(tmp_path, films.content(image=films.image(patient=patient))))
    assert len(each) <= 3
    assert all(DISCLAIMER in page for page in each)
    assert f"Page 1 of {len(each)}" in each[0]
    whole = " ".join(each)
    if "**" in name:
        assert "**bold** __under__ [link](http://example.invalid) {nb} <b>x</b>" in whole
    if "Evil" in name:
        assert "Evil[31m Name#gnorw" in whole
    if len(name) == 5000:
        assert "… (4800 more characters)" in whole


def test_each_line_of_an_impression_runs_in_its_own_direction(films, tmp_path):
    impression = "استرواح صدري\nSmall (left) one."
    whole = text(write(tmp_path, films.content(review=films.review(impression=impression))))
    assert "استرواح صدري Small (left) one." in whole


def test_line_in_the_base_font_after_a_line_in_another_keeps_its_font(films, tmp_path):
    impression = "王小明\nA Latin line.\n山田\nAnother Latin line.\n" * 40
    whole = text(write(tmp_path, films.content(review=films.review(impression=impression))))
    assert whole.count("A Latin line.") == 40
    assert whole.count("Another Latin line.") == 40
    assert whole.count("王小明") == 40


# What is drawn


def expected_line(box: tuple[float, float, float, float], row: float, column: float) -> tuple[float, float]:
    """Millimetres of a point of the source grid, given in pixel edges from the top left corner."""
    left, top, right, bottom = box
    return left + column / COLUMNS * (right - left), top + row / ROWS * (bottom - top)


def test_outline_lies_exactly_on_the_edge_of_the_mask(films, tmp_path):
    path = write(tmp_path, films.content(attributions=()))
    box, scale = film_box(path), 8.0
    # 120 rows of 0.5 mm by 100 columns of 0.4 mm are one and a half times as high as wide.
    assert (box[3] - box[1]) / (box[2] - box[0]) == pytest.approx(1.5, rel=1e-3)
    orange = near(first_page(path, scale), MODEL_COLOUR)
    left, top = expected_line(box, 40, 10)
    right, bottom = expected_line(box, 70, 30)
    middle_row, middle_column = round((top + bottom) / 2 * scale), round((left + right) / 2 * scale)
    across = np.flatnonzero(orange[middle_row]) / scale
    down = (
        np.flatnonzero(orange[round(box[1] * scale) :, middle_column]) / scale + round(box[1] * scale) / scale
    )
    # Two lines each, 0.38 mm wide, centred on the mask's edges.
    assert across[across < (left + right) / 2].mean() == pytest.approx(left, abs=0.1)
    assert across[across > (left + right) / 2].mean() == pytest.approx(right, abs=0.1)
    assert down[down > (top + bottom) / 2].mean() == pytest.approx(bottom, abs=0.1)


def test_sideways_film_is_turned_with_its_outline_and_side_letters(films, tmp_path):
    # Rows run from head to foot and columns from the patient's right to left: a quarter turn.
    image = films.image(orientation=Orientation("F", "L", stated=True))
    path = write(tmp_path, films.content(image=image, attributions=()))
    box, scale = film_box(path), 8.0
    assert (box[3] - box[1]) / (box[2] - box[0]) == pytest.approx(1 / 1.5, rel=1e-3)
    orange = near(first_page(path, scale), MODEL_COLOUR)
    # Source columns 10..29 of 100 become rows, source rows 40..69 of 120 become columns.
    left = box[0] + 40 / 120 * (box[2] - box[0])
    right = box[0] + 70 / 120 * (box[2] - box[0])
    middle = box[1] + 20 / 100 * (box[3] - box[1])
    across = np.flatnonzero(orange[round(middle * scale)]) / scale
    assert across.min() == pytest.approx(left, abs=0.35)
    assert across.max() == pytest.approx(right, abs=0.35)


def test_second_model_and_reader_have_their_own_colours(films, tmp_path):
    def square(left: int) -> np.ndarray:
        mask = np.zeros((ROWS, COLUMNS), dtype=bool)
        mask[80:100, left : left + 15] = True
        return mask

    findings = (
        films.finding(),
        Finding("mask-rcnn-1", "mask-rcnn", Side.LEFT, 0.8, square(50), square(50)),
        Finding("reader-1", "reader", Side.LEFT, None, None, square(75)),
    )
    analysis = films.analysis(predictions=(films.prediction(), films.prediction(model="mask-rcnn")))
    cards = (films.card(), films.card(name="mask-rcnn", title="Mask R-CNN"))
    path = write(
        tmp_path,
        films.content(
            analysis=analysis, cards=cards, review=films.review(findings=findings), attributions=()
        ),
    )
    picture, box = first_page(path), film_box(path)
    for colour, column in ((SECOND_MODEL_COLOUR, 50), (READER_COLOUR, 75)):
        x, y = expected_line(box, 90, column)
        patch = picture[round(y * 8) - 3 : round(y * 8) + 4, round(x * 8) - 3 : round(x * 8) + 4]
        assert near(patch, colour).any()
    assert "orange: Attention U-Net; cyan: Mask R-CNN; white: the reader" in text(path)


def test_two_networks_their_consensus_and_where_they_differ_are_stated(films, tmp_path):
    cards = (films.card(), films.card(card_id="mask-rcnn-1", name="mask-rcnn", title="Mask R-CNN"))
    cards += (card_of(cards),)
    content = films.content(analysis=films.two_opinions(), review=None, measurements=(), cards=cards)
    written = text(write(tmp_path, content))
    assert "Pneumothorax suggested by the consensus (score 0.87, threshold 0.41)." in written
    assert (
        "Attention U-Net sees a right lateral pneumothorax, Mask R-CNN a right basolateral one." in written
    )
    assert "Right: both. Left: none. Dice 0.80." in written
    assert "Findings, measurements and edits are about the consensus outline." in written
    assert "red: the consensus; thin orange: own outline of Attention U-Net; thin cyan: own" in written
    assert "Run: Attention U-Net on cpu with torch, Mask R-CNN on cpu with torchvision." in written
    assert "Weights: attention-unet 0.50, mask-rcnn 0.50 (pixels)" in written
    assert "equal weights" in written
    # One finding, not three.
    assert "1 right the consensus 0.70 (outline from 0.50) suggested" in written


def test_without_a_consensus_an_outline_that_is_a_finding_is_named_once(films, tmp_path):
    opinions = films.two_opinions()
    why = "No consensus is made: it was fitted to the shipped weights, not to Mask R-CNN (own weights)."
    analysis = replace(
        opinions, consensus=replace(opinions.consensus, prediction=None, why_none=why)
    )
    own = films.card(
        card_id="mask-rcnn, own weights own.pth (0123456789ab)", name="mask-rcnn",
        title="Mask R-CNN (own weights)", weights_file="own.pth", figures=(),
    )  # fmt: skip
    content = films.content(analysis=analysis, review=None, measurements=(), cards=(films.card(), own))
    written = text(write(tmp_path, content))
    assert why in written
    assert "(orange: Attention U-Net; thin cyan: own outline of Mask R-CNN (own weights))" in written
    assert "Findings, measurements and edits are about the outline of Attention U-Net." in written
    assert "Mask R-CNN (own weights): card mask-rcnn, own weights own.pth (0123456789ab)" in written
    assert "No held-out figures on the card." in written
    assert "1 right Attention U-Net" in written
    assert "2 right" not in written


def test_each_network_has_a_thin_outline_beside_that_of_the_consensus(films, tmp_path):
    content = films.content(analysis=films.two_opinions(), review=None, attributions=(), measurements=())
    path = write(tmp_path, content)
    picture = first_page(path, 20.0)
    left, top, right, bottom = (round(20 * value) for value in film_box(path))
    picture = picture[top:bottom, left:right]
    row_step, column_step = picture.shape[0] / ROWS, picture.shape[1] / COLUMNS
    # The first network's upper edge is at row 40; the second's and the consensus's are at row 50.
    across = slice(round(14 * column_step), round(26 * column_step))

    def share_near(row: float, colour: tuple[int, int, int]) -> float:
        place = round(row * row_step)
        band = picture[place - 5 : place + 6, across]
        return float(near(band, colour, 35).any(axis=0).mean())

    assert share_near(40, MODEL_COLOUR) > 0.9
    assert share_near(40, CONSENSUS_COLOUR) == 0
    assert share_near(50, SECOND_MODEL_COLOUR) > 0.9
    assert share_near(50, CONSENSUS_COLOUR) > 0.9


def test_a_film_on_which_nobody_finds_anything_says_so_and_outlines_nothing(films, tmp_path):
    nothing = films.prediction(score=0.02, instances=())
    other = films.prediction(model="mask-rcnn", card_id="mask-rcnn-1", score=0.03, instances=())
    cards = (films.card(), films.card(card_id="mask-rcnn-1", name="mask-rcnn", title="Mask R-CNN"))
    analysis = films.analysis(
        predictions=(nothing, other),
        measurements=(),
        consensus=weigh((nothing, other), cards, films.analysis().lung_fields),
    )
    content = films.content(analysis=analysis, review=None, attributions=(), measurements=(), cards=cards)
    written = text(write(tmp_path, content))
    assert "No pneumothorax found by the consensus" in written
    assert "Neither Attention U-Net nor Mask R-CNN found a pneumothorax." in written
    assert "Film. Nothing is outlined." in written
    assert "Reader's decision" not in written
    assert "normal" not in written.lower()


def test_model_outline_is_dashed_in_its_colour_on_the_heatmap_too(films, tmp_path):
    smaller = films.mask.copy()
    smaller[40:55] = False
    finding = films.finding(mask=smaller, decision=Decision.ACCEPTED)
    path = write(tmp_path, films.content(review=films.review(findings=(finding,))))
    picture = first_page(path)
    for place in (0, 1):
        box = film_box(path, place)
        left, top = expected_line(box, 40, 12)
        right, _ = expected_line(box, 40, 28)
        line = picture[round(top * 8) - 1 : round(top * 8) + 2, round(left * 8) : round(right * 8)]
        share = near(line, MODEL_COLOUR, 60).any(axis=0).mean()
        assert 0.3 < share < 0.9


def test_heatmap_colours_the_film_only_where_it_says_something(films, tmp_path):
    path = write(tmp_path, films.content(review=films.review(findings=())))
    picture = first_page(path).astype(int)
    plain, explained = film_box(path, 0), film_box(path, 1)

    def pixel(box, row, column):
        x, y = expected_line(box, row, column)
        return picture[round(y * 8), round(x * 8)]

    # Rows 30..59 and columns 20..49 hold 1.0, the end of inferno, at an opacity of 0.6.
    grey = pixel(plain, 45, 35)
    assert pixel(explained, 45, 35) == pytest.approx(0.4 * grey + 0.6 * np.array([252, 255, 164]), abs=6)
    assert pixel(explained, 100, 80) == pytest.approx(pixel(plain, 100, 80), abs=4)


def test_signed_map_brings_a_bar_from_against_to_for(films, tmp_path):
    signed = films.attribution(heatmap=np.full((ROWS, COLUMNS), -1, np.float32), signed=True)
    path = write(tmp_path, films.content(attributions=(signed,)))
    assert "−1 against" in text(path)
    assert "+1 for" in text(path)
    left, top, right, bottom = film_box(path, 2)
    bar = first_page(path)[round((top + bottom) / 2 * 8), [round(left * 8) + 4, round(right * 8) - 4]].astype(
        int
    )
    assert bar[0, 2] > bar[0, 0] + 60
    assert bar[1, 0] > bar[1, 2] + 60


@pytest.mark.parametrize("shape", [(40, 900), (900, 40)])
def test_very_wide_and_very_tall_films_keep_their_proportion(films, tmp_path, shape):
    pixels = np.full(shape, 0.5, np.float32)
    mask = np.zeros(shape, dtype=bool)
    mask[10:20, 10:20] = True
    image = films.image(pixels=pixels, spacing=None)
    review = films.review(findings=(films.finding(mask=mask, suggested=mask),))
    path = write(tmp_path, films.content(image=image, review=review, attributions=()))
    left, top, right, bottom = film_box(path)
    assert (bottom - top) / (right - left) == pytest.approx(shape[0] / shape[1], rel=0.01)
    assert bottom < 277
    assert right < 195.1


@pytest.mark.parametrize("height", [2.0, 0.5])
def test_a_film_of_unequal_pixels_is_printed_in_its_proportion(films, tmp_path, height):
    image = films.image(spacing=None, stated_pixel_height=height)
    path = write(tmp_path, films.content(image=image, review=None, attributions=()))
    left, top, right, bottom = film_box(path)
    assert (bottom - top) / (right - left) == pytest.approx(height * ROWS / COLUMNS, rel=0.01)


def test_colour_film_is_printed_in_colour(films, tmp_path):
    colour = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    colour[..., 1] = 200
    path = write(tmp_path, films.content(image=films.image(colour=colour), review=None, attributions=()))
    x, y = expected_line(film_box(path), 100, 80)
    assert first_page(path)[round(y * 8), round(x * 8)] == pytest.approx([0, 200, 0], abs=6)


# Writing


def test_existing_report_is_kept_unless_overwriting_is_wanted(films, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"report\.pdf already exists\."):
        write_pdf(films.content(), path)
    assert path.read_bytes() == b"mine"
    write_pdf(films.content(), path, overwrite=True)
    assert path.read_bytes().startswith(b"%PDF-")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.pdf"]


def test_one_film_may_be_given_without_a_list(films, tmp_path):
    write_pdf(films.content(), tmp_path / "a.pdf")
    write_pdf([films.content()], tmp_path / "b.pdf")
    assert text(tmp_path / "a.pdf") == text(tmp_path / "b.pdf")


def test_report_about_nothing_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="at least one film"):
        write_pdf([], tmp_path / "a.pdf")


def test_folder_that_is_not_there_gives_a_sentence(films, tmp_path):
    with pytest.raises(ReportError, match="the folder does not exist"):
        write_pdf(films.content(), tmp_path / "none" / "a.pdf")


def test_time_without_a_zone_is_refused(films):
    with pytest.raises(ValueError, match="time zone"):
        films.content(created=datetime(2026, 3, 1))


def test_report_is_a_well_formed_pdf_with_embedded_fonts(standard):
    reader = PdfReader(BytesIO(standard.read_bytes()), strict=True)
    fonts = reader.pages[0]["/Resources"]["/Font"]
    for font in fonts.values():
        descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "/FontFile2" in descriptor
