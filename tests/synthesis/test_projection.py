"""Rays, path lengths and tubes against formulas worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from models.synthesis.anatomy import draw_anatomy
from models.synthesis.cavity import dome_z
from models.synthesis.fields import coverage, ellipsoid
from models.synthesis.film import integrate_planes
from models.synthesis.geometry import Projection
from models.synthesis.pose import posed
from models.synthesis.tubes import Tubes, polyline, project_tubes

PROJECTION = Projection(101, 121, 2.0, source_to_detector_mm=1000.0, source_to_object_mm=800.0)


def sphere_chord(centre: tuple[float, float, float], radius: float) -> np.ndarray:
    """Chord of every ray of PROJECTION through a sphere, from the distance of its centre to the ray."""
    v, u = np.mgrid[50:-51:-1, -60:61] * PROJECTION.pixel_mm
    direction = np.stack([u, np.full(u.shape, -1000.0), v], axis=-1)
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    to_centre = np.array(centre) - PROJECTION.source
    along = direction @ to_centre
    distance2 = to_centre @ to_centre - along**2
    return 2.0 * np.sqrt(np.maximum(radius**2 - distance2, 0.0))


def test_a_point_is_projected_by_similar_triangles() -> None:
    pixels, scale = PROJECTION.project(np.array([[16.0, 0.0, 24.0], [16.0, 300.0, 24.0]]))
    # In the plane through the origin 16 mm become 20 mm, ten pixels; 300 mm nearer the source, twice as much.
    assert pixels == pytest.approx(np.array([[50 - 15.0, 60 + 10.0], [50 - 24.0, 60 + 16.0]]))
    assert scale == pytest.approx([1.25, 2.0])
    assert PROJECTION.magnification == pytest.approx(1.25)


def test_a_plane_is_where_its_points_are_projected() -> None:
    x, z = PROJECTION.plane(-120.0)
    pixels, _ = PROJECTION.project(np.array([[x[0, 7], -120.0, z[93, 0]]]))
    assert pixels[0] == pytest.approx([93.0, 7.0], abs=1e-3)


def test_the_patient_must_stand_before_the_detector() -> None:
    with pytest.raises(ValueError, match="between source and detector"):
        Projection(10, 10, 1.0, source_to_detector_mm=1000.0, source_to_object_mm=1000.0)


def test_a_sphere_off_centre_has_its_chord_along_diverging_rays() -> None:
    centre, radius = (40.0, -30.0, 25.0), 30.0
    (path,) = integrate_planes(
        lambda x, y, z: (coverage(ellipsoid(x, y, z, centre, (radius, radius, radius)), 1.0),),
        PROJECTION,
        -80.0,
        20.0,
        1.0,
    )
    expected = sphere_chord(centre, radius)
    well_inside = expected > 15.0
    assert well_inside.sum() > 600
    assert path[well_inside] == pytest.approx(expected[well_inside], abs=0.5)
    assert path[expected == 0.0].max() < 5.0  # only the smoothed rim
    assert path.sum() == pytest.approx(expected.sum(), rel=0.01)


def test_a_slab_is_longer_along_oblique_rays() -> None:
    (path,) = integrate_planes(
        lambda _x, y, _z: (np.full((101, 121), 1.0 if -50 < y < 50 else 0.0, np.float32),),
        PROJECTION,
        -100.0,
        100.0,
        1.0,
    )
    assert path[50, 60] == pytest.approx(100.0, rel=1e-5)
    assert path[0, 0] == pytest.approx(100.0 * np.sqrt(1 + (100.0**2 + 120.0**2) / 1000.0**2), rel=1e-5)


def test_a_tube_shows_the_chord_of_a_cylinder() -> None:
    tube = polyline(np.array([[-60.0, 0.0, 0.0], [60.0, 0.0, 0.0]]), np.array([10.0, 10.0]), 3.0, 5.0)
    image = project_tubes(tube, PROJECTION)
    assert image[50, 60] == pytest.approx(3.0 * 20.0, rel=0.01)
    # Five rows are 10 mm at the detector, 8 mm in the tube's plane: a chord of 2 sqrt(100 - 64) = 12 mm.
    assert image[45, 60] == pytest.approx(3.0 * 12.0, rel=0.03)
    assert image[40, 60] == 0.0
    # No seams where pieces meet.
    assert np.ptp(image[50, 30:90]) < 0.5


def test_a_tube_thinner_than_a_pixel_keeps_its_integral() -> None:
    radius = 0.2
    tube = polyline(np.array([[0.0, 0.0, -40.0], [0.0, 0.0, 40.0]]), np.array([radius, radius]), 1.0, 4.0)
    image = project_tubes(tube, PROJECTION)
    # A row's sum times the pixel in the tube's plane is the cross section's area.
    area = image[50].sum() * PROJECTION.pixel_mm / 1.25
    assert area == pytest.approx(np.pi * radius**2, rel=0.25)


def test_a_tube_outside_the_film_leaves_it_empty() -> None:
    far = np.array([[900.0, 0.0, 0.0]])
    one = np.ones(1)
    tube = Tubes(far, far + 5.0, one, one, one, far, far)
    assert not project_tubes(tube, PROJECTION).any()


def test_a_film_centred_elsewhere_shows_the_same_person_moved() -> None:
    """The central ray meets the middle; plane and projection stay each other's inverse."""
    moved = replace(PROJECTION, centre_mm=(5.0, -12.0))
    pixels, _ = moved.project(np.array([[5.0, 0.0, -12.0]]))
    assert pixels[0] == pytest.approx([50.0, 60.0])
    x, z = moved.plane(-120.0)
    assert moved.project(np.array([[x[0, 7], -120.0, z[93, 0]]]))[0][0] == pytest.approx([93.0, 7.0])
    assert moved.source == pytest.approx([5.0, 800.0, -12.0])


def test_no_pose_leaves_a_lung_out_of_the_film() -> None:
    film = Projection(410, 410, 1.0)
    for seed in range(60):
        posed_film = posed(film, seed)
        anatomy = draw_anatomy(seed)
        apex, deepest = 142.0 * anatomy.height, dome_z(anatomy, "left") - 1.1 * anatomy.dome_mm
        rows = posed_film.project(np.array([[0.0, 30.0, apex], [0.0, 0.0, deepest]]))[0][:, 0]
        assert 0 < rows[0] < rows[1] < 410
    assert posed(film, 3) == posed(film, 3)
    assert posed(film, 3) != posed(film, 3, repeat=1)
