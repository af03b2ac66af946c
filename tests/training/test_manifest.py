from __future__ import annotations

from pathlib import Path

import pytest

from models.training.films import Box, Film
from models.training.manifest import (
    check_files,
    entries_of_parts,
    keep_manifest,
    make_entries,
    read_manifest,
    write_manifest,
)


@pytest.fixture
def members(tmp_path: Path) -> list[Film]:
    for name in ("a.png", "b.png", "a-mask.png"):
        (tmp_path / "films").mkdir(exist_ok=True)
        (tmp_path / "films" / name).write_bytes(name.encode())
    folder = tmp_path / "films"
    boxes = (Box(1.5, 2.25, 30, 40), Box(0.1, 0, 1, 1))
    return [
        Film("a, the first", "s", folder / "a.png", folder / "a-mask.png", True, "p1", "AP", boxes, True),
        Film("b", "s", folder / "b.png", None, False, "p2"),
    ]


def test_a_manifest_comes_back_as_it_was_written(members: list[Film], tmp_path: Path) -> None:
    path = tmp_path / "run" / "manifest.csv"
    entries = make_entries(members, ["train", "test"], [0, -1])
    # printf 'a.png' | sha256sum
    assert entries[0].image_sha256 == "7f071235805fbf58a2524f77bff76e1391d0d1cfe2f4c190d73054495e05b460"
    write_manifest(entries, path)
    again = read_manifest(path)
    for before, after in zip(entries, again, strict=True):
        assert after.film.image.resolve() == before.film.image.resolve()
        assert (after.film.mask is None) == (before.film.mask is None)
        assert after.film.boxes == before.film.boxes
        assert after.film.drain is before.film.drain
        assert (after.part, after.fold) == (before.part, before.fold)
        assert (after.film.film_id, after.film.patient, after.film.view) == (
            before.film.film_id, before.film.patient, before.film.view,
        )  # fmt: skip
    assert "../films/a.png" in path.read_text()
    assert str(tmp_path) not in path.read_text()
    check_files(again, "manifest.csv")


def test_files_that_changed_are_counted_and_named(members: list[Film], tmp_path: Path) -> None:
    entries = make_entries(members, ["train", "test"], [0, 0])
    members[1].image.write_bytes(b"something else")
    members[0].mask.unlink()
    with pytest.raises(ValueError, match=r"2 files are missing or differ from m\.csv: a-mask\.png, b\.png$"):
        check_files(entries, "m.csv")


def test_a_run_goes_on_with_the_films_it_began_with_alone(members: list[Film], tmp_path: Path) -> None:
    path = tmp_path / "run" / "manifest.csv"
    parts = {"train": members[:1], "test": members[1:]}
    keep_manifest(entries_of_parts(parts), path)
    before = path.read_bytes()
    keep_manifest(entries_of_parts(parts), path)
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match=r"began with other films; 1 differ or stand in another part: s b\."):
        keep_manifest(entries_of_parts({"train": members, "test": []}), path)
    members[0].image.write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"1 differ or stand in another part: s a, the first\."):
        keep_manifest(entries_of_parts(parts), path)
    assert path.read_bytes() == before


def test_a_damaged_manifest_is_refused(members: list[Film], tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    write_manifest(make_entries(members, ["train", "test"], [0, 0]), path)
    whole = path.read_text()
    path.write_text(whole.replace(",test,0,", ",test,none,"))
    with pytest.raises(ValueError, match=r"manifest\.csv, line 3, is not a film"):
        read_manifest(path)
    path.write_text(whole.splitlines()[0] + "\n")
    with pytest.raises(ValueError, match="lists no films"):
        read_manifest(path)
    path.write_text("file\n")
    with pytest.raises(ValueError, match="has no column named"):
        read_manifest(path)
