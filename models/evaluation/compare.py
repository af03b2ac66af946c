"""Several networks side by side on the same films: quality, time, memory, size."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median

from models.cards import CONSENSUS, card_path, load_card
from models.evaluation.consensus import Panel, consensus_answers
from models.evaluation.evaluation import Row, Scored, evaluate
from models.evaluation.paired import paired_rows
from models.training.films import Film


@dataclass(frozen=True, eq=False)
class Candidate:
    """The answers and costs of one network, or of several and their consensus.

    Attributes
    ----------
    name : str
        Name in the zoo, ``"consensus"``, or the folder that holds its card and weights.
    title, architecture : str
        From its card.
    rows : list of Row
    scored : Scored
    parameters : int
    seconds : float
        Median of a prediction, weights loaded.
    megabytes : float or None
        Most memory that its process held; None where the system does not tell.
    """

    name: str
    title: str
    architecture: str
    rows: list[Row]
    scored: Scored
    parameters: int
    seconds: float
    megabytes: float | None


def with_consensus(names: Sequence[str]) -> tuple[str, ...]:
    """Return the networks to compare, with the consensus last where all that it weighs are among them.

    Raises
    ------
    ValueError
        If the consensus is asked for, but was fitted to other weights than those that ship.
    """
    members = _members()
    fitted = all(load_card(card_path(name)).card_id == card_id for name, card_id in members.items())
    if CONSENSUS in names and not fitted:
        raise ValueError("the consensus was fitted to other weights than those that ship: fit it again")
    if CONSENSUS not in names and fitted and set(members) <= set(names):
        return (*names, CONSENSUS)
    return tuple(names)


def left_out(names: Sequence[str]) -> str:
    """Say that the consensus of compared networks is not among `names`; ``""`` where nothing is missing."""
    if CONSENSUS in names or not set(_members()) <= set(names):
        return ""
    return "\nThe consensus is not listed: it was fitted to other weights than those that ship.\n"


def _members() -> dict[str, str]:
    members: dict[str, str] = load_card(card_path(CONSENSUS)).options["members"]
    return members


def measure(name: str, films: Sequence[Film], device: str = "auto") -> Candidate:
    """Run one network over the films in a process of its own, so that its memory is its own.

    Parameters
    ----------
    name : str
        Of a shipped network, a folder with a card and weights, or ``"consensus"``: then all that it weighs
        run, one after the other.
    films : sequence of Film
    device : str

    Raises
    ------
    ValueError
        If the network cannot be used.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (name, list(films), device))


def _measure(name: str, films: list[Film], device: str) -> Candidate:
    from models import zoo

    if name == CONSENSUS:
        card = load_card(card_path(CONSENSUS))
        models = [zoo.load(member, device) for member in card.options["members"]]
    else:
        models = [zoo.load_folder(Path(name), device) if Path(name).is_dir() else zoo.load(name, device)]
        card = models[0].card
    Panel.ask(models, films[:1])  # the first prediction of a process sets the libraries up
    panel = Panel.ask(models, films)
    answers = consensus_answers(panel, card) if name == CONSENSUS else list(panel.answers[0])
    return Candidate(
        name=name,
        title=card.title,
        architecture=card.architecture,
        rows=evaluate(answers),
        scored=Scored.of(answers),
        parameters=sum(p.numel() for model in models for p in model.network.parameters()),
        seconds=median(answer.prediction.seconds for answer in answers),
        megabytes=_peak_megabytes(),
    )


def _peak_megabytes() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


#: Columns of the table: heading, group, figure.
COLUMNS = (
    ("SIIM Dice of positives", "siim", "Dice of positives"),
    ("ungated", "siim", "Dice of positives, whatever the image score"),
    ("SIIM ROC-AUC", "siim", "image ROC-AUC"),
    ("NIH ROC-AUC", "nih", "image ROC-AUC"),
)


def table(candidates: Sequence[Candidate]) -> str:
    """Return the comparison as a Markdown table, one network a row."""
    heads = ["network", *(head for head, _, _ in COLUMNS), "M parameters", "s a film", "MB"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for each in candidates:
        cells = [f"{each.title} ({Path(each.name).name})"]
        for _, group, figure in COLUMNS:
            found = [row for row in each.rows if (row.group, row.figure) == (group, figure)]
            cells.append(f"{found[0].value:.2f} [{found[0].low:.2f}, {found[0].high:.2f}]" if found else "")
        memory = "" if each.megabytes is None else f"{each.megabytes:.0f}"
        cells += [f"{each.parameters / 1e6:.1f}", f"{each.seconds:.2f}", memory]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def differences(candidates: Sequence[Candidate]) -> str:
    """Return every candidate minus every earlier one on the same films, as Markdown lists."""
    text = ""
    for first, second in combinations(candidates, 2):
        text += f"\n{second.title} minus {first.title}, paired:\n\n"
        for row in paired_rows(first.scored, second.scored):
            interval = f"[{row.low:+.3f}, {row.high:+.3f}]"
            text += f"- {row.group}: {row.figure} {row.value:+.3f} {interval} ({row.films} films)\n"
    return text
