import csv
from datetime import date

import numpy as np
import pytest

from course import data
from course.claims.dated import libraries

LOADERS = [getattr(data, name) for name in data.__all__ if name.startswith("load_")]


@pytest.mark.parametrize("load", LOADERS)
def test_every_data_set_names_its_units_licence_and_source(load):
    loaded = load()

    assert all(column.name and column.unit for column in loaded.columns)
    assert loaded.licence
    assert len(loaded.source) > 40


@pytest.mark.parametrize("load", LOADERS)
def test_every_data_set_is_complete_and_readable_in_place(load):
    loaded = load()

    assert loaded.x.dtype == np.float64
    assert loaded.x.flags.c_contiguous
    assert np.isfinite(loaded.x).all()
    assert loaded.x.shape == (len(loaded.y), len(loaded.columns))
    if loaded.classes:
        assert set(loaded.y) == set(range(len(loaded.classes)))


def test_penguins_without_measurements_are_left_out():
    assert data.load_penguins().x.shape == (342, 4)


def test_the_penguins_table_keeps_its_gaps():
    header, *rows = data.penguin_table().splitlines()

    assert header.split(",")[2:6] == ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    assert {row.count(",") for row in rows} == {7}
    assert sum(row.split(",")[2:6] == ["NA"] * 4 for row in rows) == len(rows) - 342


def test_a_data_set_introduces_itself():
    assert repr(data.load_digits()).startswith("Handwritten digits: 1,797 samples, 64 features, 10 classes\nsource: ")


def read(table):
    return list(csv.DictReader(table.splitlines()))


def test_every_project_is_there_once_and_its_days_are_days():
    rows = read(data.project_table())

    assert len({row["project"] for row in rows}) == len(rows) == 95
    for row in rows:
        created, last = date.fromisoformat(row["created"]), date.fromisoformat(row["last_commit"])
        assert created <= last <= date(2024, 12, 1)
        assert int(row["stars_2024_12_01"]) > 0
        assert bool(row["release"]) == bool(row["released"])


def test_the_two_tables_of_projects_agree():
    projects = {row["project"]: row for row in read(data.project_table())}

    for row in read(data.project_history()):
        if row["date"] in ("2021-02-15", "2024-12-01"):
            assert row["stars"] == projects[row["project"]]["stars_" + row["date"].replace("-", "_")]
        if row["date"] == "2024-12-01":
            assert row["contributors"] == projects[row["project"]]["contributors"]
            assert row["dependents"] == projects[row["project"]]["dependents"]


def test_the_history_agrees_with_what_the_claims_rest_on():
    known = {(name, figure.date): figure for name, one in libraries().items() for figure in one.figures}
    compared = 0

    for row in read(data.project_history()):
        if figure := known.get((row["project"], row["date"])):
            assert (int(row["stars"]), int(row["contributors"])) == (figure.stars, figure.contributors)
            compared += 1
    assert compared >= 10


def test_a_count_of_downloads_has_a_source_and_when_it_was_counted_and_a_gap_says_not_found():
    for row in read(data.download_table()):
        counts = [row["per_month"], row["total"], row["recent_90_days"]]
        assert all(not count or count.isdigit() for count in counts)
        assert bool(row["source"]) == any(counts)
        assert row["counted"] if any(counts) else row["counted"] == "not found"
