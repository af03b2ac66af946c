"""What reaches the screen from a file: values, order of the transforms, identity."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from ptx_viewer.study.image import Image2D, Orientation, PatientIdentity, Window
from ptx_viewer.study.luts import to_display
from ptx_viewer.study.thumbnail import thumbnail

Write = Callable[..., Path]
ImageOf = Callable[..., Image2D]

RAMP = np.array([[0, 1000], [2000, 4000]], np.uint16)
#: Shows 0 as black and 4000 as white.
RAMP_WINDOW = {"WindowCenter": 2000.5, "WindowWidth": 4001, "BitsStored": 12, "HighBit": 11}


def lut(descriptor: list[int], entries: list[int]) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = descriptor
    item.LUTData = np.array(entries, "<u2").tobytes()
    item["LUTDescriptor"].VR = "US"
    item["LUTData"].VR = "OW"
    return item


def test_uncompressed_values_in_every_byte_order(write: Write, image_of: ImageOf, native_syntax: str) -> None:
    image = image_of(write("a.dcm", RAMP, transfer_syntax=native_syntax, **RAMP_WINDOW))
    np.testing.assert_array_equal(image.raw, RAMP)
    assert image.raw.dtype == np.int16
    np.testing.assert_allclose(image.pixels, [[0, 0.25], [0.5, 1]], atol=1e-6)
    assert image.pixels.dtype == np.float32
    assert image.window == Window(2000.5, 4001)
    assert image.notices == ()


def test_deflated_data_set(write: Write, image_of: ImageOf) -> None:
    path = write("a.dcm", RAMP, transfer_syntax=DeflatedExplicitVRLittleEndian, **RAMP_WINDOW)
    np.testing.assert_array_equal(image_of(path).raw, RAMP)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_lossless_compression(write: Write, image_of: ImageOf, syntax: str) -> None:
    pixels = np.arange(64 * 48, dtype=np.uint16).reshape(64, 48)
    path = write("a.dcm", pixels)
    ds = dcmread(path)
    ds.compress(syntax, generate_instance_uid=False)
    ds.save_as(path)
    np.testing.assert_array_equal(image_of(path).raw, pixels)


def test_baseline_jpeg(write: Write, image_of: ImageOf) -> None:
    pixels = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    data = encapsulate([buffer.getvalue()])
    image = image_of(write("a.dcm", pixels, PixelData=data, transfer_syntax=JPEGBaseline8Bit))
    assert np.abs(image.raw.astype(int) - pixels).max() <= 4


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted"),
    [
        ("MONOCHROME2", None, False),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME1", None, True),
        ("MONOCHROME1", "INVERSE", True),  # says it twice: one inversion
    ],
)
def test_polarity(
    write: Write, image_of: ImageOf, photometric: str, shape: str | None, inverted: bool
) -> None:
    image = image_of(
        write("a.dcm", RAMP, PhotometricInterpretation=photometric, PresentationLUTShape=shape, **RAMP_WINDOW)
    )
    expected = np.array([[0, 0.25], [0.5, 1]])
    np.testing.assert_allclose(image.pixels, 1 - expected if inverted else expected, atol=1e-6)
    assert image.inverted is inverted
    np.testing.assert_allclose(to_display(image.raw, image.window, image.inverted), image.pixels)


def test_modality_comes_before_window_and_polarity_after(write: Write, image_of: ImageOf) -> None:
    image = image_of(
        write(
            "a.dcm",
            np.array([[0, 100, 200]], np.int16),
            RescaleSlope=2,
            RescaleIntercept=-100,
            WindowCenter=100.5,
            WindowWidth=401,  # shows -100 as black and 300 as white
            PhotometricInterpretation="MONOCHROME1",
        )
    )
    assert image.raw.tolist() == [[-100, 100, 300]]
    np.testing.assert_allclose(image.pixels, [[1, 0.5, 0]], atol=1e-6)


def test_first_of_several_windows(write: Write, image_of: ImageOf) -> None:
    image = image_of(write("a.dcm", RAMP, WindowCenter=[100, 200], WindowWidth=[50, 60]))
    assert image.window == Window(100, 50)


@pytest.mark.parametrize(("center", "width"), [(2000, 4000), (1000, 500)])
def test_linear_exact(write: Write, image_of: ImageOf, center: float, width: float) -> None:
    image = image_of(
        write("a.dcm", RAMP, WindowCenter=center, WindowWidth=width, VOILUTFunction="LINEAR_EXACT")
    )
    expected = np.clip((RAMP.astype(float) - center) / width + 0.5, 0, 1)  # PS3.3 C.11.2.1.3.2
    np.testing.assert_allclose(image.pixels, expected, atol=1e-6)
    np.testing.assert_allclose(to_display(image.raw, image.window, image.inverted), expected, atol=1e-6)


def test_sigmoid(write: Write, image_of: ImageOf) -> None:
    image = image_of(write("a.dcm", RAMP, WindowCenter=2000, WindowWidth=4000, VOILUTFunction="SIGMOID"))
    np.testing.assert_allclose(image.pixels, 1 / (1 + np.exp(-4 * (RAMP - 2000.0) / 4000)), atol=1e-6)


@pytest.mark.parametrize("width", [0, -400])
def test_window_without_width_is_replaced_and_said_so(write: Write, image_of: ImageOf, width: float) -> None:
    image = image_of(write("a.dcm", RAMP, WindowCenter=40, WindowWidth=width))
    assert image.pixels.min() == 0
    assert image.pixels.max() == 1
    assert any("window width is zero or negative" in notice for notice in image.notices)


def test_missing_window_is_chosen_and_said_so(write: Write, image_of: ImageOf) -> None:
    image = image_of(write("a.dcm", RAMP))
    assert image.notices == ("The file states no window; one was chosen from the pixel values.",)


def test_eight_bit_films_are_shown_over_their_whole_range(write: Write, image_of: ImageOf) -> None:
    image = image_of(write("a.dcm", np.array([[51, 102]], np.uint8)))
    np.testing.assert_allclose(image.pixels, [[0.2, 0.4]], atol=1e-6)
    assert image.notices == ()


def test_ct_without_window_gets_soft_tissue(write_slice: Write, image_of: ImageOf) -> None:
    image = image_of(write_slice("a.dcm", 0.0, number=3))
    assert (image.raw_unit, image.window) == ("HU", Window(40, 400))
    assert (image.raw == 3 - 1024).all()
    assert "soft-tissue window" in image.notices[0]


def test_ct_without_rescale_has_no_unit(write_slice: Write, image_of: ImageOf) -> None:
    image = image_of(write_slice("a.dcm", 0.0, RescaleSlope=None, RescaleIntercept=None))
    assert image.raw_unit == ""
    assert "no rescale to Hounsfield units" in image.notices[0]


def test_modality_table_replaces_the_rescale(write: Write, image_of: ImageOf) -> None:
    image = image_of(
        write(
            "a.dcm",
            np.array([[0, 5, 6, 7, 60000]], np.uint16),
            ModalityLUTSequence=Sequence([lut([3, 5, 16], [100, 200, 400])]),
        )
    )
    assert image.raw.tolist() == [[100, 100, 200, 400, 400]]


def test_voi_table_is_preferred_to_the_window(write: Write, image_of: ImageOf) -> None:
    image = image_of(
        write(
            "a.dcm",
            np.array([[0, 1, 2, 3]], np.uint16),
            VOILUTSequence=Sequence([lut([4, 0, 8], [0, 51, 204, 255])]),
            **RAMP_WINDOW,
        )
    )
    np.testing.assert_allclose(image.pixels, [[0, 0.2, 0.8, 1]], atol=1e-6)


def test_table_with_wrong_descriptor_is_corrected_and_said_so(write: Write, image_of: ImageOf) -> None:
    # It says 8 bits and 4 entries; the data are 3 entries of 12 bits.
    image = image_of(
        write(
            "a.dcm",
            np.array([[0, 1, 2, 3]], np.uint16),
            VOILUTSequence=Sequence([lut([4, 0, 8], [0, 2000, 4095])]),
        )
    )
    np.testing.assert_allclose(image.pixels, [[0, 2000 / 4095, 1, 1]], atol=1e-6)
    assert "misstates its number of bits" in image.notices[0]


def test_empty_table_is_not_used_and_said_so(write: Write, image_of: ImageOf) -> None:
    image = image_of(write("a.dcm", RAMP, VOILUTSequence=Sequence([lut([4, 0, 8], [])]), **RAMP_WINDOW))
    np.testing.assert_allclose(image.pixels, [[0, 0.25], [0.5, 1]], atol=1e-6)
    assert image.notices == ("A lookup table of the file is damaged and was not used.",)


def test_padding_does_not_widen_the_window(write: Write, image_of: ImageOf) -> None:
    pixels = np.tile(np.arange(1000, 1200, dtype=np.int16), (200, 1))
    pixels[:, :50] = -2000
    image = image_of(write("a.dcm", pixels, PixelPaddingValue=-2000))
    assert image.raw.min() == -2000
    assert image.pixels[0, 125] == pytest.approx(0.5, abs=0.02)


def test_bits_above_the_stored_ones_are_ignored(write: Write, image_of: ImageOf) -> None:
    dirty = np.array([[0x0FFF, 0xF001, 0x8123]], np.uint16)  # old overlays in the upper bits
    image = image_of(write("a.dcm", dirty, BitsStored=12, HighBit=11))
    assert image.raw.tolist() == [[0xFFF, 0x001, 0x123]]


def test_signed_values_of_twelve_bits(write: Write, image_of: ImageOf) -> None:
    image = image_of(write("a.dcm", np.array([[-2048, -1, 2047]], np.int16), BitsStored=12, HighBit=11))
    assert image.raw.tolist() == [[-2048, -1, 2047]]


def test_wide_unsigned_values_need_more_than_sixteen_signed_bits(write: Write, image_of: ImageOf) -> None:
    image = image_of(write("a.dcm", np.array([[0, 65535]], np.uint16)))
    assert image.raw.dtype == np.int32
    assert image.raw.max() == 65535


def test_floating_point_pixels(write: Write, image_of: ImageOf) -> None:
    image = image_of(
        write("a.dcm", np.array([[0, 0.5, np.nan]], np.float32), WindowCenter=0.5, WindowWidth=1)
    )
    np.testing.assert_allclose(image.pixels, [[0, 0.5, 0]], atol=1e-6)
    assert image.notices == ("Some pixel values are not numbers; they are shown as zero.",)


def test_colour_film(write: Write, image_of: ImageOf) -> None:
    red = np.zeros((3, 4, 3), np.uint8)
    red[..., 0] = 255
    image = image_of(write("a.dcm", red))
    assert image.colour is not None
    np.testing.assert_array_equal(image.colour, red)
    np.testing.assert_allclose(image.pixels, 76 / 255, atol=1e-6)  # 0.299 × 255 = 76
    assert image.shape == (3, 4)


def test_sixteen_bit_colour_keeps_its_upper_eight_bits(write: Write, image_of: ImageOf) -> None:
    image = image_of(write("a.dcm", np.full((2, 2, 3), (0xFF12, 0x8034, 0x0056), np.uint16)))
    assert image.colour is not None
    assert image.colour[0, 0].tolist() == [0xFF, 0x80, 0x00]


def test_grey_film_saved_in_colour_counts_as_grey(write: Write, image_of: ImageOf) -> None:
    grey = np.repeat(np.arange(12, dtype=np.uint8).reshape(3, 4, 1), 3, axis=2)
    image = image_of(write("a.dcm", grey))
    assert image.colour is None
    np.testing.assert_array_equal(image.raw, grey[..., 0])


def test_luminance_and_chrominance_become_rgb(write: Write, image_of: ImageOf) -> None:
    ybr = np.full((2, 2, 3), (76, 85, 255), np.uint8)  # red (ITU-R BT.601)
    image = image_of(write("a.dcm", ybr, PhotometricInterpretation="YBR_FULL"))
    assert image.colour is not None
    np.testing.assert_allclose(image.colour[0, 0], [255, 0, 0], atol=2)


def test_palette(write: Write, image_of: ImageOf, native_syntax: str) -> None:
    order = ">u2" if native_syntax == ExplicitVRBigEndian else "<u2"
    values: dict[str, object] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, entries in {"Red": [0, 65535], "Green": [0, 0], "Blue": [0, 32768]}.items():
        values[f"{name}PaletteColorLookupTableDescriptor"] = [2, 0, 16]
        values[f"{name}PaletteColorLookupTableData"] = np.array(entries, order).tobytes()
    path = write("a.dcm", np.array([[0, 1]], np.uint8), transfer_syntax=native_syntax, **values)
    image = image_of(path)
    assert image.colour is not None
    assert image.colour.tolist() == [[[0, 0, 0], [255, 0, 128]]]


def test_frames_are_told_apart(write: Write, image_of: ImageOf) -> None:
    frames = np.stack([np.full((4, 5), value, np.uint16) for value in (7, 8, 9)])
    path = write("a.dcm", frames)
    assert [int(image_of(path, frame).raw[0, 0]) for frame in range(3)] == [7, 8, 9]
    assert image_of(path, 2).reference.key.endswith("#2")
    assert image_of(path, 1).acquisition.number_of_frames == 3


def test_frame_has_its_own_functional_groups(write: Write, image_of: ImageOf) -> None:
    def group(slope: int) -> Dataset:
        transform, macro = Dataset(), Dataset()
        transform.RescaleSlope, transform.RescaleIntercept = slope, 0
        macro.PixelValueTransformationSequence = Sequence([transform])
        return macro

    measures, shared = Dataset(), Dataset()
    measures.PixelSpacing = [0.5, 0.6]
    shared.PixelMeasuresSequence = Sequence([measures])
    path = write(
        "a.dcm",
        np.full((2, 3, 4), 10, np.uint16),
        Modality="CT",
        SharedFunctionalGroupsSequence=Sequence([shared]),
        PerFrameFunctionalGroupsSequence=Sequence([group(1), group(3)]),
    )
    assert [int(image_of(path, frame).raw[0, 0]) for frame in range(2)] == [10, 30]
    spacing = image_of(path).spacing
    assert spacing is not None
    assert (spacing.row_mm, spacing.column_mm) == (0.5, 0.6)


@pytest.mark.parametrize(
    ("charset", "name", "shown"),
    [
        ("ISO_IR 192", "Nguyễn^Thị Ánh", "Nguyễn, Thị Ánh"),
        ("GB18030", "Wang^XiaoDong=王^小东", "Wang, XiaoDong (王 小东)"),
        (
            ["", "ISO 2022 IR 87"],
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            "Yamada, Tarou (山田 太郎, やまだ たろう)",
        ),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동", "Hong, Gildong (洪 吉洞, 홍 길동)"),
        ("ISO_IR 144", "Люкceмбypг", "Люкceмбypг"),
        ("ISO_IR 100", "Äneas^Rüdiger", "Äneas, Rüdiger"),
        ("ISO_IR 192", "=山田^太郎", "山田 太郎"),
    ],
)
def test_names_in_any_script(
    write: Write, image_of: ImageOf, charset: str | list[str], name: str, shown: str
) -> None:
    image = image_of(write("a.dcm", SpecificCharacterSet=charset, PatientName=name))
    assert image.patient.name == shown


def test_identity_and_acquisition(write: Write, image_of: ImageOf) -> None:
    image = image_of(
        write(
            "a.dcm",
            PatientBirthDate="19700101",
            PatientSex="F",
            PatientAge="050Y",
            StudyDate="20240105",
            StudyDescription="XR CHEST",
            BodyPartExamined="CHEST",
            ViewPosition="PA",
            ImageLaterality="U",
            PatientOrientation=["L", "F"],
        )
    )
    assert image.patient == PatientIdentity(
        name="Synthetic, Film",
        patient_id="SYN-1",
        birth_date="19700101",
        sex="F",
        age="050Y",
        study_date="20240105",
        study_description="XR CHEST",
    )
    assert (image.acquisition.body_part, image.acquisition.view_position) == ("CHEST", "PA")
    assert image.acquisition.laterality == "U"
    assert image.orientation == Orientation("L", "F", stated=True)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, Orientation("L", "F", stated=False)),
        ({"PatientOrientation": ["R", "F"]}, Orientation("R", "F", stated=True)),
        ({"PatientOrientation": ["A", "FL"]}, Orientation("A", "FL", stated=True)),
        ({"PatientOrientation": ["X", "Y"]}, Orientation("L", "F", stated=False)),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, Orientation("L", "F", stated=True)),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, Orientation("P", "F", stated=True)),
        ({"ImageOrientationPatient": [-0.8, 0.6, 0, 0, 0, 1]}, Orientation("RP", "H", stated=True)),
        ({"Modality": "CT"}, Orientation("", "", stated=False)),
    ],
)
def test_orientation(
    write: Write, image_of: ImageOf, values: dict[str, object], expected: Orientation
) -> None:
    assert image_of(write("a.dcm", **values)).orientation == expected


def test_coded_view_stands_in_for_the_view_position(write: Write, image_of: ImageOf) -> None:
    code = Dataset()
    code.CodeMeaning = "postero-anterior"
    assert image_of(write("a.dcm", ViewCodeSequence=Sequence([code]))).acquisition.view_position == "PA"


def test_posture_and_breathing_are_read_from_codes_and_protocol(write: Write, image_of: ImageOf) -> None:
    def coded(meaning: str, **values: object) -> Dataset:
        code = Dataset()
        code.CodeMeaning = meaning
        for keyword, value in values.items():
            setattr(code, keyword, value)
        return code

    posture = coded("recumbent", PatientOrientationModifierCodeSequence=Sequence([coded("supine")]))
    view = coded("antero-posterior", ViewModifierCodeSequence=Sequence([coded("expiration")]))
    taken = image_of(
        write(
            "a.dcm",
            PatientOrientationCodeSequence=Sequence([posture]),
            ViewCodeSequence=Sequence([view]),
            ProtocolName="Thorax bedside",
            AcquisitionDeviceProcessingDescription="Chest",
        )
    ).acquisition
    assert taken.position_codes == ("recumbent", "supine", "expiration")
    assert taken.protocol == "Thorax bedside Chest"
    silent = image_of(write("b.dcm")).acquisition
    assert (silent.position_codes, silent.protocol) == ((), "")


def test_unusable_spacing_is_said(write: Write, image_of: ImageOf) -> None:
    image = image_of(write("a.dcm", RAMP, PixelSpacing=[0, 0], **RAMP_WINDOW))
    assert image.spacing is None
    assert "nothing is stated in millimetres" in image.notices[0]


@pytest.mark.parametrize(
    ("values", "height"),
    [
        ({}, 1.0),
        ({"PixelSpacing": [0.4, 0.8]}, 0.5),
        ({"PixelAspectRatio": ["2", "1"]}, 2.0),
        ({"PixelAspectRatio": ["1", "1"]}, 1.0),
        # The spacing counts where there is one; a ratio that means nothing counts nowhere.
        ({"PixelAspectRatio": ["2", "1"], "PixelSpacing": [0.5, 0.5]}, 1.0),
        ({"PixelAspectRatio": ["0", "1"]}, 1.0),
        ({"PixelAspectRatio": ["1", "5000"]}, 1.0),
        ({"PixelAspectRatio": ["3"]}, 1.0),
    ],
)
def test_how_high_a_pixel_is(write: Write, image_of: ImageOf, values: dict, height: float) -> None:
    image = image_of(write("a.dcm", RAMP, **RAMP_WINDOW, **values))
    assert image.pixel_height == height
    said = [notice for notice in image.notices if "not square" in notice]
    assert bool(said) == (image.spacing is None and height != 1)


@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_png_film(tmp_path: Path, image_of: ImageOf, dtype: type, white: int) -> None:
    path = tmp_path / "film.png"
    values = np.array([[0, white // 5], [white // 5 * 2, white]], dtype)
    Image.fromarray(values).save(path)
    image = image_of(path)
    np.testing.assert_array_equal(image.raw, values)
    np.testing.assert_allclose(image.pixels, [[0, 0.2], [0.4, 1]], atol=1e-4)
    assert image.spacing is None
    assert not image.orientation.stated
    assert image.patient == PatientIdentity()
    assert "nothing is stated in millimetres" in image.notices[0]


def test_colour_and_turned_jpeg(tmp_path: Path, image_of: ImageOf) -> None:
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    Image.new("RGB", (32, 16), (250, 10, 10)).save(path, exif=exif)
    image = image_of(path)
    assert image.shape == (32, 16)
    assert image.colour is not None
    assert "EXIF" in image.notices[1]


def test_thumbnail_keeps_the_shape_and_the_polarity(write: Write, entry_of: Callable[[Path], object]) -> None:
    film = np.zeros((400, 200), np.uint8)
    film[:200] = 255
    small = thumbnail(entry_of(write("a.dcm", film, PhotometricInterpretation="MONOCHROME1")), edge=96)
    assert small.dtype == np.uint8
    assert small.shape == (96, 48)
    assert small[:40].max() == 0
    assert small[-40:].min() == 255


def test_thumbnail_of_colour_and_of_a_tiny_picture(write: Write, entry_of: Callable[[Path], object]) -> None:
    red = np.zeros((2, 3, 3), np.uint8)
    red[..., 0] = 255
    assert thumbnail(entry_of(write("a.dcm", red))).tolist() == red.tolist()


def test_thumbnail_has_square_pixels(write: Write, entry_of: Callable[[Path], object]) -> None:
    film = np.full((200, 200), 50, np.int16)
    assert thumbnail(entry_of(write("a.dcm", film, PixelSpacing=[0.8, 0.4])), edge=96).shape == (96, 48)
