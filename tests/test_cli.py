"""What the command line says of itself and of wrong words, without a run of the networks."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PIL import Image

from ptx_viewer import DISCLAIMER, __version__, cli


@pytest.fixture(autouse=True)
def _no_log_file(monkeypatch):
    """The log belongs to the user of this machine."""
    monkeypatch.setattr(cli, "_start_log", lambda: None)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.png"
    Image.new("L", (100, 100)).save(path)
    return path


def test_help_names_every_command_and_what_the_program_is_not(capsys):
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    for command in ("analyze", "demo", "phantom", "train", "evaluate", "compare"):
        assert f"ptx-viewer {command}" in said
    assert DISCLAIMER in said


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"ptx-viewer {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        ["analyze"],
        ["analyze", "FILM"],
        ["analyze", "--out", "OUT"],
        ["analyze", "FILM", "--out", "OUT", "--fast"],
        ["analyze", "FILM", "--out", "OUT", "--device", "abacus"],
        ["demo", "--fast"],
        ["--fast"],
    ],
)
def test_wrong_words_give_the_usage_and_status_2(words, film, tmp_path, capsys):
    places = {"FILM": str(film), "OUT": str(tmp_path / "out")}
    with pytest.raises(SystemExit) as ended:
        cli.main([places.get(word, word) for word in words])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--models", "crystal-ball"], "unknown model 'crystal-ball'; there are: attention-unet"),
        (["--models", "attention-unet,unet-9"], "unknown model 'unet-9'; there are: attention-unet"),
        (["--models", "lung-fields"], "unknown model 'lung-fields'; there are: attention-unet"),
        (["--explain", "tea-leaves"], "unknown explanation 'tea-leaves'; there are: grad-cam"),
        (["--target", "heart"], "unknown target 'heart'; there are: image-score, findings"),
    ],
)
def test_an_unknown_name_is_answered_with_the_choices_on_one_line(words, sentence, film, tmp_path, capsys):
    assert cli.main(["analyze", str(film), "--out", str(tmp_path / "out"), *words]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"ptx-viewer: {sentence}")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [["analyze", "missing", "--out", "out"], ["missing"]])
def test_a_path_that_is_not_there_is_named(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 2
    assert capsys.readouterr().err == "ptx-viewer: there is no file or folder 'missing'\n"
    assert list(tmp_path.iterdir()) == []


def test_results_that_cannot_be_written_are_one_sentence(tmp_path, capsys):
    (tmp_path / "out").write_text("precious")
    (tmp_path / "empty").mkdir()
    assert cli.main(["analyze", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 3
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("ptx-viewer: ")
    assert "is a file, not a folder" in line
    assert (tmp_path / "out").read_text() == "precious"


def test_a_folder_without_images_is_said_to_hold_none(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert cli.main(["analyze", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 0
    assert "No images were found." in capsys.readouterr().out
    assert (tmp_path / "out" / "findings.json").exists()


def test_without_a_display_the_viewer_names_the_way_that_works(film, capsys, monkeypatch):
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert cli.main([str(film)]) == 3
    said = capsys.readouterr().err
    assert "no display was found" in said
    assert "ptx-viewer analyze STUDY --out DIR" in said


def test_the_demo_opens_no_window_that_nobody_could_see(monkeypatch, tmp_path, capsys):
    asked = []
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(cli, "run_analysis", lambda paths, *_more: asked.extend(paths) or cli.EXIT_DONE)
    assert cli.main(["demo", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("The viewer was not opened: ")
    assert [path.name for path in asked] == ["sample_study"]
    assert [film.suffix for film in asked[0].iterdir()] == [".dcm", ".dcm"]


def test_the_log_goes_to_a_file_and_a_folder_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    monkeypatch.undo()
    given = []
    monkeypatch.setattr(cli, "user_log_path", lambda *_words, **_more: tmp_path)
    monkeypatch.setattr(logging, "basicConfig", lambda **settings: given.extend(settings["handlers"]))
    cli._start_log()
    record = logging.LogRecord("ptx_viewer.test", logging.INFO, "", 0, "one line", (), None)
    given[0].emit(record)
    given[0].close()
    assert "INFO ptx_viewer.test: one line" in (tmp_path / "ptx_viewer.log").read_text("utf-8")

    def refuse(*_words: object, **_more: object) -> Path:
        raise PermissionError

    monkeypatch.setattr(cli, "user_log_path", refuse)
    cli._start_log()
    assert isinstance(given[1], logging.NullHandler)
