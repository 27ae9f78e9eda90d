"""Grades are read whole or refused in a sentence."""

from pathlib import Path

import pytest

from train.errors import DataError
from train.traits.grades import FOLDER, VALUES, read_grades

GOOD = "seed,grade\n" + "".join(f"{seed},{list(VALUES)[seed % 3]}\n" for seed in range(100))


def test_grades_belong_to_the_checkpoint_that_their_file_is_called_after(tmp_path: Path) -> None:
    path = tmp_path / "0123456789abcdef.csv"
    path.write_text(GOOD)
    grades = read_grades(path)
    assert (grades.checkpoint_id, grades.seeds) == ("0123456789abcdef", list(range(100)))
    assert grades.values.tolist() == [seed % 3 for seed in range(100)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "seed;grade\n1;good\n",
        GOOD.replace("fair", "so-so"),
        GOOD.replace("7,", "seven,"),
        GOOD.replace("99,", "98,"),
        GOOD[: len(GOOD) // 2],
        "\x00\x01",
    ],
)
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=r"grades\.csv"):
        read_grades(path)


def test_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.csv"):
        with pytest.raises(DataError, match="cannot be read"):
            read_grades(path)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_the_grades_in_the_repository_can_be_read(path: Path) -> None:
    grades = read_grades(path)
    assert len(grades.seeds) >= 500 and set(grades.values) == {0, 1, 2} and len(path.stem) == 16
