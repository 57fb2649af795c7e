"""Text to hashed features: the words of many texts to counts in a fixed number of columns."""

from __future__ import annotations

import ctypes
import itertools
import re
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from course.claims.lanes import c, processes, rust
from course.claims.lanes.job import Call, Job, Lane, Size
from course.claims.lanes.reasons import NETWORKS_ONLY, NO_RUSTLEARN

COLUMNS = 1 << 18


class _Data(NamedTuple):
    texts: list[str]


def _make(size: Size, seed: int) -> _Data:
    """Return texts of a hundred words or so, drawn as words are: a few often, most seldom."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    drawn = letters[rng.integers(len(letters), size=(20_000, 11))]
    vocabulary = ["".join(word[:length]) for word, length in zip(drawn, rng.integers(1, 12, 20_000), strict=True)]
    vocabulary[::7] = [word.capitalize() for word in vocabulary[::7]]
    ranks = np.minimum(rng.zipf(1.3, size=(size.numbers[0], 100)) - 1, len(vocabulary) - 1)
    gaps = [" ", " ", " ", ", ", ". ", " - "]
    texts = []
    for row in ranks:
        chosen = rng.integers(len(gaps), size=len(row))
        texts.append("".join([vocabulary[r] + gaps[g] for r, g in zip(row, chosen, strict=True)]))
    return _Data(texts)


def _python(data: _Data, threads: int) -> Call:
    from sklearn.utils import murmurhash3_32

    find = re.compile(r"\b\w\w+\b").findall

    def call() -> Any:
        starts, places, counts = [0], [], []
        known: dict[str, tuple[int, int]] = {}
        for text in data.texts:
            row: dict[int, int] = {}
            for word, count in Counter(find(text.lower())).items():
                if word not in known:
                    value = murmurhash3_32(word)
                    known[word] = abs(value) % COLUMNS, 1 if value >= 0 else -1
                column, sign = known[word]
                row[column] = row.get(column, 0) + sign * count
            for column in sorted(row):
                places.append(column)
                counts.append(row[column])
            starts.append(len(places))
        return starts, places, counts

    return call


def _sklearn(data: _Data, threads: int) -> Call:
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(n_features=COLUMNS, norm=None)
    if threads == 1:
        return lambda: vectorizer.transform(data.texts)

    from scipy.sparse import vstack

    middle = len(data.texts) // 2
    return lambda: vstack(processes.share(vectorizer.transform, [data.texts[:middle], data.texts[middle:]]), "csr")


def _read_sparse(matrix: Any) -> Any:
    matrix = matrix.copy()
    matrix.sort_indices()
    return _read((matrix.indptr, matrix.indices, matrix.data))


def _read(result: Any) -> Any:
    starts, places, counts = result
    return np.asarray(starts, dtype=np.int64), np.asarray(places, dtype=np.int64), np.asarray(counts, dtype=np.float64)


def _joined(texts: list[str]) -> tuple[str, Any]:
    return "".join(texts), np.fromiter(itertools.accumulate(map(len, texts)), dtype=np.int64, count=len(texts))


def _c(data: _Data, threads: int) -> Call:
    run = c.function("hashing", "hashed", ctypes.c_long)

    def call() -> Any:
        text, ends = _joined(data.texts)
        room = len(text) // 2 + 1
        starts = np.empty(len(ends) + 1, dtype=np.int64)
        places, counts = np.empty(room, dtype=np.int32), np.empty(room)
        written = run(text.encode("ascii"), ends, len(ends), COLUMNS, starts, places, counts)
        return starts, places[:written], counts[:written]

    return call


def _rust(data: _Data, threads: int) -> Call:
    run = rust.library("common", "hashing")["hashed"]
    return lambda: run(*_joined(data.texts), COLUMNS, threads)


JOB = Job(
    name="hashing",
    title="Text to hashed features",
    what=f"The words of texts to counts in {COLUMNS:,} columns, a hash choosing the column.",
    sizes=tuple(Size.of(n, text=f"{n:,} texts") for n in (100, 1_000, 10_000)),
    make=_make,
    tolerance=0,
    notes=(
        (
            "Joining the texts into one, and parting them, is inside the call for C and Rust. Both take ASCII only; "
            "scikit-learn's lane takes any text, and pays for it with a regular expression."
        ),
    ),
    uncounted="it reads letters and counts in whole numbers",
    without={
        "numpy": "NumPy has no hash of words, and cannot part text at any but fixed places",
        "numba": "numba has no regular expressions: words would be parted byte by byte, as in the lanes of C and Rust",
        "ndarray": "there is no array before the words are counted",
        "linfa": "linfa counts words by a dictionary that it learns; it has no hashed columns",
        **NO_RUSTLEARN,
        **NETWORKS_ONLY,
    },
    lanes={
        "sklearn": Lane(
            _sklearn,
            threads=(1, 2),
            processes=True,
            read=_read_sparse,
            note="two threads are two processes: it has no threads of its own",
        ),
        "python": Lane(_python, read=_read, note="takes scikit-learn's hash, once for each word"),
        "c": Lane(_c, needs=("gcc",), read=_read),
        "rust": Lane(_rust, needs=("rust",), threads=(1, 2), read=_read),
    },
)
