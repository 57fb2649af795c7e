"""The course's data sets: each ships with the repository or with scikit-learn, and names its units, licence and source.

    load_digits()     1,797 handwritten digits, 8 by 8 pixels
    load_penguins()   342 penguins of three species, four measurements
    load_iris()       150 irises of three species, four measurements
    load_wine()       178 wines of three cultivars, thirteen chemical measurements
    load_diabetes()   442 patients, ten measurements and the progression of their disease
    penguin_table()   the penguins' table as it was published: text, with its gaps
    project_table()   95 machine-learning projects in Rust, as a list counted them on 2024-12-01: text, with its gaps
    project_history() six of them on five days from 2021 to 2024: text, with its gaps
    download_table()  how often some of their crates were fetched, where that was found: text, with its gaps

Nothing is downloaded. Features are `float64` in C order, so a Rust cell can read them in place.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Column",
    "Dataset",
    "download_table",
    "load_diabetes",
    "load_digits",
    "load_iris",
    "load_penguins",
    "load_wine",
    "penguin_table",
    "project_history",
    "project_table",
]

FOLDER = Path(__file__).with_name("datasets")


@dataclass(frozen=True)
class Column:
    """One feature: its name, and its unit ("1" for a count or a ratio)."""

    name: str
    unit: str


@dataclass(frozen=True, repr=False)
class Dataset:
    """A data set with what one must know to use it.

    x: (n_samples, n_features), float64, C order, units in `columns`.
    y: (n_samples,), int64 class numbers that index `classes`; float64 where `classes` is empty.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.int64] | NDArray[np.float64]
    columns: tuple[Column, ...]
    classes: tuple[str, ...]
    source: str
    licence: str

    def __repr__(self) -> str:
        rows, width = self.x.shape
        target = f"{len(self.classes)} classes" if self.classes else "a number to predict"
        return (
            f"{self.name}: {rows:,} samples, {width} features, {target}\nsource: {self.source}\nlicence: {self.licence}"
        )


def _from_sklearn() -> Any:
    """Return the data sets of scikit-learn, which takes a second to import: tables of ours do not wait for it."""
    from sklearn import datasets

    return datasets


def load_digits() -> Dataset:
    """Load 1,797 handwritten digits. x: (1797, 64), ink from 0 (paper) to 16; y: the digit, 0 to 9."""
    raw = _from_sklearn().load_digits()
    return Dataset(
        name="Handwritten digits",
        x=np.ascontiguousarray(raw.data, dtype=np.float64),
        y=raw.target.astype(np.int64),
        columns=tuple(Column(f"pixel {row},{column}", "ink, 0 to 16") for row in range(8) for column in range(8)),
        classes=tuple("0123456789"),
        source="E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, "
        "1998, doi 10.24432/C50P49 (the test part, as scikit-learn ships it)",
        licence="CC BY 4.0",
    )


def load_penguins() -> Dataset:
    """Load the 342 Palmer penguins whose four measurements are complete. x: (342, 4), mm and g; y: the species."""
    with (FOLDER / "penguins.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["bill_length_mm"] != "NA"]
    columns = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
    species = tuple(sorted({row["species"] for row in rows}))
    return Dataset(
        name="Palmer penguins",
        x=np.array([[float(row[column]) for column in columns] for row in rows]),
        y=np.array([species.index(row["species"]) for row in rows], dtype=np.int64),
        columns=tuple(Column(*column.replace("_", " ").rsplit(" ", 1)) for column in columns),
        classes=species,
        source="K. B. Gorman, T. D. Williams and W. R. Fraser, PLoS ONE 9(3), 2014, doi 10.1371/journal.pone.0090081; "
        "collected at Palmer Station, Antarctica; table of the package palmerpenguins 0.1",
        licence="CC0 1.0",
    )


def penguin_table() -> str:
    """Return the table that `load_penguins` reads, as text: a header, then 344 rows of eight fields; `NA` is a gap."""
    return (FOLDER / "penguins.csv").read_text("utf-8")


def project_table() -> str:
    """Return what a weekly list said of 95 machine-learning projects in Rust on 2024-12-01: a header, then a row each.

    All 87 projects that the list had in its category ml-frameworks, and eight of other categories. Days are written
    2024-12-01; `release` is the tag as its authors wrote it; a field is empty where the list does not say, and
    `stars_2021_02_15` where the project was not on the list of that day.

    Source: E. Tornike and contributors, best-of-ml-rust, history/2024-12-01_projects.csv and
    history/2021-02-15_projects.csv, a selection of rows and columns. Licence: CC BY-SA 4.0, of this table too.
    """
    return (FOLDER / "rust_ml_projects.csv").read_text("utf-8")


def project_history() -> str:
    """Return stars, contributors and dependent repositories of six projects on five days: a header, then 29 rows.

    A field is empty where the list of that day does not say; polars was not on the first one.

    Source: E. Tornike and contributors, best-of-ml-rust, history/2021-02-15_projects.csv to
    history/2024-12-01_projects.csv, a selection of rows and columns. Licence: CC BY-SA 4.0, of this table too.
    """
    return (FOLDER / "rust_ml_history.csv").read_text("utf-8")


def download_table() -> str:
    """Return downloads of crates: a header, then 14 rows; a field is empty where no figure was found.

    `per_month` is rounded by its source; `total` and `recent_90_days` are counts; `counted` is the year, or the day
    after which a page without a day was copied. numpy is the Rust crate of that name, candle-core 0.11 one release.

    Source: pages of crates.io (total, recent) and lib.rs (a month's), as `source` says. Licence: counts, free to use.
    """
    return (FOLDER / "rust_ml_downloads.csv").read_text("utf-8")


def load_iris() -> Dataset:
    """Load 150 irises, 50 of each species, in the order of their species. x: (150, 4), cm; y: the species.

    Rows 34 and 37 are as in Fisher's paper; the copy in the UCI repository differs there.
    """
    raw = _from_sklearn().load_iris()
    return Dataset(
        name="Iris",
        x=np.ascontiguousarray(raw.data, dtype=np.float64),
        y=raw.target.astype(np.int64),
        columns=tuple(Column(name.removesuffix(" (cm)"), "cm") for name in raw.feature_names),
        classes=tuple(str(name) for name in raw.target_names),
        source="R. A. Fisher, The Use of Multiple Measurements in Taxonomic Problems, Annals of Eugenics 7(2), 1936, "
        "doi 10.1111/j.1469-1809.1936.tb02137.x; measured by E. Anderson; as scikit-learn ships it",
        licence="CC BY 4.0 (UCI Machine Learning Repository, doi 10.24432/C56C76)",
    )


def load_wine() -> Dataset:
    """Load 178 wines. x: (178, 13), units in `columns`; y: the cultivar."""
    raw = _from_sklearn().load_wine()
    units = {"alcohol": "% by volume", "magnesium": "mg/l", "total_phenols": "g/l", "color_intensity": "1", "hue": "1"}
    return Dataset(
        name="Wine",
        x=np.ascontiguousarray(raw.data, dtype=np.float64),
        y=raw.target.astype(np.int64),
        columns=tuple(
            Column(name.replace("_", " "), units.get(name, "unit not stated by the source"))
            for name in raw.feature_names
        ),
        classes=("cultivar 0", "cultivar 1", "cultivar 2"),
        source="S. Aeberhard and M. Forina, Wine, UCI Machine Learning Repository, 1992, doi 10.24432/C5PC7J",
        licence="CC BY 4.0",
    )


def load_diabetes() -> Dataset:
    """Load 442 diabetes patients. x: (442, 10), units in `columns`; y: progression after one year (arbitrary scale)."""
    raw = _from_sklearn().load_diabetes(scaled=False)
    units = ("years", "1 or 2", "kg/m²", "mmHg", "mg/dl", "mg/dl", "mg/dl", "1", "log(mg/dl)", "mg/dl")
    names = "age, sex, body mass index, blood pressure, total cholesterol, LDL, HDL, TC/HDL, log triglycerides, glucose"
    return Dataset(
        name="Diabetes",
        x=np.ascontiguousarray(raw.data, dtype=np.float64),
        y=raw.target.astype(np.float64),
        columns=tuple(Column(name, unit) for name, unit in zip(names.split(", "), units, strict=True)),
        classes=(),
        source="B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, Least Angle Regression, "
        "Annals of Statistics 32(2), 2004; as scikit-learn ships it",
        licence="free to use with that citation; scikit-learn's copy is BSD-3-Clause",
    )
