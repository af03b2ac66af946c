from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training import films
from models.training.films import Film
from models.training.lungs import lung_films
from models.training.pneumothorax import pneumothorax_films
from models.training.splits import divide, folds, kinds, mask_share


def film(name: str, patient: str, positive: bool = False, source: str = "s") -> Film:
    return Film(name, source, Path(f"{name}.png"), None, positive, patient)


cases = st.lists(st.tuples(st.integers(0, 25), st.sampled_from(["a", "b", "c"])), min_size=1, max_size=80)


@given(cases, st.integers(0, 5))
def test_no_patient_stands_in_two_parts_and_every_film_in_one(rows: list[tuple[int, str]], seed: int) -> None:
    members = [film(str(number), f"p{patient}") for number, (patient, _) in enumerate(rows)]
    parts = divide(members, [kind for _, kind in rows], {"train": 0.6, "validation": 0.2, "test": 0.2}, seed)
    assert len(parts) == len(members)
    owners: dict[str, set[str]] = {}
    for member, part in zip(members, parts, strict=True):
        owners.setdefault(member.patient, set()).add(part)
    assert all(len(names) == 1 for names in owners.values())


def test_every_kind_is_dealt_out_by_its_shares() -> None:
    members = [film(str(n), f"p{n}") for n in range(150)]
    kind = ["common"] * 100 + ["rare"] * 50
    parts = divide(members, kind, {"train": 0.7, "validation": 0.1, "test": 0.2})
    assert Counter(zip(kind, parts, strict=True)) == {
        ("common", "train"): 70, ("common", "validation"): 10, ("common", "test"): 20,
        ("rare", "train"): 35, ("rare", "validation"): 5, ("rare", "test"): 10,
    }  # fmt: skip
    assert parts == divide(members, kind, {"train": 0.7, "validation": 0.1, "test": 0.2})
    assert parts != divide(members, kind, {"train": 0.7, "validation": 0.1, "test": 0.2}, seed=1)


def test_the_order_of_the_films_and_films_of_other_kinds_do_not_matter() -> None:
    members = [film(str(n), f"p{n}") for n in range(60)]
    kind = ["a"] * 30 + ["b"] * 30
    shares = {"train": 0.5, "test": 0.5}
    parts = dict(zip(members, divide(members, kind, shares), strict=True))
    backwards = dict(zip(members[::-1], divide(members[::-1], kind[::-1], shares), strict=True))
    alone = dict(zip(members[:30], divide(members[:30], kind[:30], shares), strict=True))
    assert parts == backwards
    assert alone.items() <= parts.items()


def test_a_patient_counts_as_its_largest_finding() -> None:
    members = [film("0", "p0"), film("1", "p0", True)] + [film(str(n), f"p{n}") for n in range(2, 12)]
    kind = ["0 none", "4 large"] + ["0 none"] * 10
    parts = divide(members, kind, {"train": 1.0, "test": 0.0})
    assert set(parts) == {"train"}
    halves = divide(members, kind, {"train": 0.5, "test": 0.5})
    assert Counter(halves[2:]) == {"train": 5, "test": 5}  # as if the patient of two kinds were not there


def test_shares_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must add up to 1, not 0\.9"):
        divide([film("0", "p")], ["a"], {"train": 0.5, "test": 0.4})


def test_folds_are_even_in_every_kind() -> None:
    members = [film(str(n), f"p{n}") for n in range(50)]
    kind = ["a"] * 40 + ["b"] * 10
    numbers = folds(members, kind, 5)
    assert Counter(zip(kind, numbers, strict=True)) == {
        **{("a", k): 8 for k in range(5)},
        **{("b", k): 2 for k in range(5)},
    }
    for count in (1, 51):
        with pytest.raises(ValueError, match=f"50 patients cannot be divided into {count} folds"):
            folds(members, kind, count)


def test_kinds_tell_collection_presence_and_size_by_thirds(tmp_path: Path) -> None:
    members = [film("n", "n"), film("u", "u", True, "t")]
    for number in range(6):
        mask = np.zeros((10, 10), np.uint8)
        mask[: number + 1] = 255
        path = tmp_path / f"{number}.png"
        assert cv2.imwrite(str(path), mask)
        members.append(Film(str(number), "s", path, path, True, f"p{number}"))
    shares = np.array([mask_share(member) for member in members])
    assert shares.tolist() == pytest.approx([0, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert kinds(members, shares) == [
        "s 0 none", "t 1 not outlined", "s 2 small", "s 2 small", "s 3 medium", "s 3 medium",
        "s 4 large", "s 4 large",
    ]  # fmt: skip
    # A patient's kind is the last by name: names must rise with the size.
    assert kinds(members, shares)[2:] == sorted(kinds(members, shares)[2:])


#: Films, positives and digest of each part as the shipped weights were trained: they must not move.
PINNED = {
    "pneumothorax_films": {
        "train": (1395, 147, "5bbf6db07aa8b883"),
        "validation": (91, 12, "99da66f7c966f417"),
        "test": (170, 19, "f4c5667b6126fec9"),
    },
    "lung_films": {
        "outlined": (463, 0, "c1cf5f5159f4cdfb"),
        "validation": (60, 0, "928b302304f76eb3"),
        "test-jsrt": (40, 0, "4611ff570c48e171"),
        "test-outside": (70, 0, "fb2ad8903a5d6002"),
        "other": (20, 0, "e73cc000b5be442d"),
        "validation-other": (6, 0, "87e7f784865197f3"),
        "test-other": (10, 0, "fcf038be7d4c56f7"),
    },
}


def described(members: list[Film]) -> tuple[int, int, str]:
    text = "\n".join(f"{f.source} {f.film_id} {int(f.positive)} {f.patient}" for f in members)
    return len(members), sum(f.positive for f in members), hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("split", [pneumothorax_films, lung_films])
def test_the_films_of_the_shipped_weights_stand_where_they_stood(split, shared_data: Path) -> None:
    parts = split(shared_data)
    assert {name: described(members) for name, members in parts.items()} == PINNED[split.__name__]


def test_real_films_are_divided_by_patient_and_kind(shared_data: Path) -> None:
    members = films.siim(shared_data / "siim") + films.nih(shared_data / "nih-more", "nih-more")
    shares = np.array([mask_share(member) for member in members])
    kind = kinds(members, shares)
    parts = divide(members, kind, {"train": 0.7, "validation": 0.15, "test": 0.15}, seed=3)
    owners: dict[str, set[str]] = {}
    for member, part in zip(members, parts, strict=True):
        owners.setdefault(member.patient, set()).add(part)
    assert max(len(names) for names in owners.values()) == 1
    for name in set(kind):
        own = Counter(part for part, other in zip(parts, kind, strict=True) if other == name)
        assert own["train"] / sum(own.values()) == pytest.approx(0.7, abs=0.09), name
