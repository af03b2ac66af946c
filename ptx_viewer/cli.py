"""The command line: a window, or the same work without one."""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from platformdirs import user_log_path

from ptx_viewer import DISCLAIMER, __version__

#: Exit statuses of ``analyze``, a contract with other programs.
EXIT_DONE, EXIT_UNREADABLE, EXIT_USAGE, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 2, 3, 130

_USAGE = f"""\
usage: ptx-viewer [STUDY ...] [--models NAME,...] [--weights NETWORK=FILE]   open the viewer
       ptx-viewer analyze STUDY ... --out DIR    the same work without a screen
       ptx-viewer demo [--out DIR]               analyse and show the synthetic sample study
       ptx-viewer phantom --out DIR              make a synthetic study
       ptx-viewer prove-measurements             measurements against the truth of synthetic chests
       ptx-viewer prepare FORM DIR --out DIR             clean and divide labelled films for training
       ptx-viewer train NETWORK --data DIR --out DIR     train a network
       ptx-viewer train --config FILE --out DIR          train as a YAML file says
       ptx-viewer search --config FILE --out DIR         try settings
       ptx-viewer ablate --config FILE --out DIR         recipes side by side, cross-validated
       ptx-viewer evaluate NETWORK --data DIR            measure a shipped network
       ptx-viewer compare NETWORK... --data DIR          several networks side by side
       ptx-viewer fit-consensus NETWORK... --data DIR    weigh the answers of several networks into one
       ptx-viewer check-insertion --data DIR             inserted pneumothoraces against real ones
       ptx-viewer audit-explanations --data DIR --out DIR   check the explanations on films with masks

'ptx-viewer COMMAND --help' lists a command's options. STUDY is a folder, a DICOM file, a
DICOMDIR, a .zip archive, or a PNG or JPEG film.

{DISCLAIMER}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status.

    Parameters
    ----------
    arguments : sequence of str or None
        Without the program's name; None takes them from the command line.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # A terminal's encoding may lack characters of a file's name.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    _start_log()
    commands = {
        "analyze": _analyze,
        "analyse": _analyze,
        "demo": _demo,
        "phantom": _phantom,
        "prove-measurements": _prove_measurements,
        "prepare": _prepare,
        "train": _train,
        "search": _search,
        "ablate": _ablate,
        "evaluate": _evaluate,
        "audit-explanations": _audit_explanations,
        "compare": _compare,
        "fit-consensus": _fit_consensus,
        "check-insertion": _check_insertion,
    }
    try:
        if words[:1] in (["-h"], ["--help"]):
            print(_USAGE, end="")
            return EXIT_DONE
        if words[:1] == ["--version"]:
            print(f"ptx-viewer {__version__}")
            return EXIT_DONE
        if words and words[0] in commands:
            return commands[words[0]](words[1:])
        return _view(words)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _start_log() -> None:
    """Send log lines to a file in the user's log folder; a log that cannot be written is done without."""
    try:
        folder = user_log_path("ptx_viewer", appauthor=False, ensure_exists=True)
        handler: logging.Handler = RotatingFileHandler(
            folder / "ptx_viewer.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # It tells of every table of every font that a report embeds.
    logging.getLogger("fontTools").setLevel(logging.WARNING)


def _parser(command: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"ptx-viewer {command}", description=description, epilog=DISCLAIMER)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _complain(message: object, status: int) -> int:
    print(f"ptx-viewer: {message}", file=sys.stderr)
    return status


def _view(words: list[str]) -> int:
    from ptx_viewer.own_weights import FORM, HELP, parse_weights

    parser = argparse.ArgumentParser(prog="ptx-viewer", usage=_USAGE.split("\n\n", maxsplit=1)[0][7:])
    parser.add_argument("study", nargs="*", type=Path)
    parser.add_argument("--models", type=_names, default=(), metavar="NAME,...")
    parser.add_argument("--weights", action="append", default=[], metavar=FORM, help=HELP)
    chosen = parser.parse_args(words)
    paths: list[Path] = chosen.study
    from ptx_viewer import analysis
    from ptx_viewer.results import AnalysisOptions

    try:
        analysis.check_options(AnalysisOptions(chosen.models))
        weights = parse_weights(chosen.weights, chosen.models)
    except ValueError as error:
        return _complain(error, EXIT_USAGE)
    missing = [path for path in paths if not path.exists()]
    if missing:
        return _complain(f"there is no file or folder '{missing[0]}'", EXIT_USAGE)
    from ptx_viewer.ui.display import missing_display_reason

    reason = missing_display_reason()
    if reason is not None:
        return _complain(
            f"the viewer cannot be shown: {reason}\n"
            "'ptx-viewer analyze STUDY --out DIR' works without a display.",
            EXIT_FAILED,
        )
    from ptx_viewer.ui.app import run

    return run(paths, chosen.models, weights)


def _analyze(words: list[str]) -> int:
    from explain.methods import METHODS
    from ptx_viewer.explaining import DEFAULT_EXPLANATIONS, TARGETS
    from ptx_viewer.own_weights import FORM, HELP

    parser = _parser(
        "analyze", "Analyse studies without a screen and write findings.json, masks and reports."
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--models", type=_names, help="comma-separated; default: the shipped main networks")
    parser.add_argument("--weights", action="append", default=[], metavar=FORM, help=HELP)
    parser.add_argument(
        "--explain", type=_names, default=DEFAULT_EXPLANATIONS,
        help=f"comma-separated, of {', '.join(METHODS)}; '' for none; default: {DEFAULT_EXPLANATIONS[0]}",
    )  # fmt: skip
    parser.add_argument(
        "--target", default=TARGETS[0],
        help=f"what is explained, {' or '.join(TARGETS)}; default: %(default)s",
    )  # fmt: skip
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--no-report", action="store_true", help="write no PDF")
    parser.add_argument(
        "--override-refusal",
        action="store_true",
        help="score images that are not recognised as frontal chest films",
    )
    chosen = parser.parse_args(words)
    return run_analysis(
        chosen.paths, chosen.out, chosen.models, chosen.explain, chosen.device,
        not chosen.no_report, chosen.override_refusal, chosen.target, chosen.weights,
    )  # fmt: skip


def run_analysis(
    paths: Sequence[Path],
    out: Path,
    models: tuple[str, ...] | None,
    explain: tuple[str, ...],
    device: str = "auto",
    report: bool = True,
    override_refusal: bool = False,
    target: str = "image-score",
    weights: Sequence[str] = (),
) -> int:
    """Analyse `paths`, print what was found, and return the exit status of ``analyze``."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    from ptx_viewer import analysis
    from ptx_viewer.batch import analyse_studies
    from ptx_viewer.own_weights import parse_weights
    from ptx_viewer.report.errors import ReportError
    from ptx_viewer.results import AnalysisOptions
    from ptx_viewer.table import print_result

    missing = [path for path in paths if not path.exists()]
    if missing:
        return _complain(f"there is no file or folder '{missing[0]}'", EXIT_USAGE)
    try:
        options = AnalysisOptions(models or (), explain, target, override_refusal)
        analysis.check_options(options)
        own = parse_weights(weights, options.models)
        with Bar(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("Starting", total=1.0)
            result = analyse_studies(
                paths, out, options, device, report,
                lambda fraction, message: bar.update(task, completed=fraction, description=message),
                own,
            )  # fmt: skip
    except ValueError as error:
        return _complain(error, EXIT_USAGE)
    except (ReportError, OSError) as error:
        return _complain(error, EXIT_FAILED)
    print_result(result, out)
    return EXIT_UNREADABLE if result.unreadable else EXIT_DONE


def _demo(words: list[str]) -> int:
    import resources
    from ptx_viewer.explaining import DEFAULT_EXPLANATIONS
    from ptx_viewer.ui.display import missing_display_reason

    parser = _parser("demo", "Analyse the synthetic sample study, then show it in the viewer.")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), metavar="DIR")
    parser.add_argument("--no-viewer", action="store_true", help="do not open the viewer afterwards")
    chosen = parser.parse_args(words)
    study = Path(resources.__file__).parent / "sample_study"
    status = run_analysis([study], chosen.out, None, DEFAULT_EXPLANATIONS)
    if status != EXIT_DONE or chosen.no_viewer:
        return status
    reason = missing_display_reason()
    if reason is None and os.environ.get("QT_QPA_PLATFORM", "").startswith(("offscreen", "minimal")):
        reason = "Qt is set to draw without a display (QT_QPA_PLATFORM)"
    if reason is not None:
        print(f"The viewer was not opened: {reason}")
        return EXIT_DONE
    from ptx_viewer.ui.app import run

    return run([study])


def _phantom(words: list[str]) -> int:
    from ptx_viewer.phantom.command import phantom

    return phantom(words)


def _prove_measurements(words: list[str]) -> int:
    from ptx_viewer.phantom.prove import prove

    return prove(words)


def _prepare(words: list[str]) -> int:
    from ptx_viewer.datasets.command import prepare_command

    return prepare_command(words)


def _search(words: list[str]) -> int:
    from models.training.command import search

    return search(words)


def _ablate(words: list[str]) -> int:
    from models.training.command import ablate

    return ablate(words)


def _train(words: list[str]) -> int:
    from models.training.command import train

    return train(words)


def _evaluate(words: list[str]) -> int:
    from models.evaluation.command import evaluate_command

    return evaluate_command(words)


def _check_insertion(words: list[str]) -> int:
    from models.evaluation.insertion_check import check_insertion

    return check_insertion(words)


def _compare(words: list[str]) -> int:
    from models.evaluation.command import compare_command

    return compare_command(words)


def _fit_consensus(words: list[str]) -> int:
    from models.evaluation.consensus_command import fit_consensus_command

    return fit_consensus_command(words)


def _audit_explanations(words: list[str]) -> int:
    from explain.audit.command import audit_explanations

    return audit_explanations(words)
