"""What the experiments stand on: bugs that are there, programs that are wrong in one way, jobs that end well."""

import json
import re

import jsonschema
import numpy as np
import pytest

from course.claims import attempts, bugs, coverage, dated, faults, ledger, pipelines
from course.claims.experiments.steep_learning_curve import applied, mends
from course.claims.programs import (
    PRINTED,
    REJECTED,
    STOPPED,
    cell_functions,
    codes,
    diagnose,
    run_c,
    run_python,
    run_rust,
)
from course.claims.semantics import CELL, DIFFERENCES
from course.claims.verdicts import FOR
from course.errors import CourseError
from tests.test_claims_ledger import SCHEMAS, schema

# Programs


@pytest.mark.needs("rust")
def test_a_rust_program_is_rejected_stopped_or_prints():
    assert run_rust('fn main() { println!("{}", 1 + 1); }').kind == PRINTED
    assert run_rust('fn main() { let x: u8 = "a"; }').detail == "E0308"
    assert run_rust('fn main() { let v: Vec<i32> = vec![]; println!("{}", v[0]); }').kind == STOPPED


def test_a_python_program_is_rejected_stopped_or_prints():
    assert run_python("print(1 + 1)").detail == "2"
    assert run_python("print(").kind == REJECTED
    assert run_python("raise ValueError('no')").detail == "ValueError: no"


@pytest.mark.needs("gcc")
def test_a_c_program_that_is_killed_by_a_signal_is_stopped():
    assert run_c("int main(void) { return *(volatile int *)0; }").kind == STOPPED


# Bugs


@pytest.mark.needs("crates")
@pytest.mark.parametrize("bug", bugs.BUGS, ids=lambda bug: bug.id)
def test_a_known_bug_is_there_at_the_release_that_cells_use(bug):
    found = bugs.reproduce(bug)

    assert found.there, f"mended: {found.said}. Say so in docs/claims.md, and in the claim that counts it."
    assert found.said


def test_what_upstream_says_of_a_bug_is_as_its_schema_says():
    record = {
        "id": "pca-variance",
        "crate": "linfa-reduction",
        "version": "0.9.0",
        "pinned": "0.8.1",
        "title": "t",
        "state": "mended",
        "said": "",
    }
    jsonschema.validate({"schema": 1, "date": "2026-11-28", "bugs": [record]}, schema("claims-upstream"))


def test_the_version_that_cargo_chose_is_that_of_the_crates_own_ndarray(tmp_path):
    lock = """
[[package]]
name = "linfa-reduction"
version = "0.8.1"
dependencies = ["ndarray 0.16.1", "rand"]
[[package]]
name = "ndarray"
version = "0.16.1"
[[package]]
name = "ndarray"
version = "0.17.2"
[[package]]
name = "rand"
version = "0.8.5"
"""
    (tmp_path / "Cargo.lock").write_text(lock, "utf-8")

    assert bugs._locked(tmp_path, "linfa-reduction")["ndarray"] == "0.16.1"


# Wrong programs


@pytest.mark.needs("crates")
@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.name.replace(" ", "-")[:40])
def test_a_wrong_memory_or_thread_program_is_stopped_and_a_wrong_logic_program_runs(fault):
    outcome = run_rust(fault.rust, wrapping=True)

    if fault.name.startswith(faults.ACCEPTED_ALL_THE_SAME):
        assert outcome.kind == PRINTED
    elif fault.kind in ("memory", "threads"):
        assert outcome.kind != PRINTED
        assert outcome.detail != "error"  # refused for its mistake, with a code, not for its grammar
    if fault.kind in ("arithmetic", "logic"):
        assert outcome.kind == PRINTED


BESIDE = {  # what the other language's program does, in the order of the list
    "a value that may be missing": "stopped: signal 11",
    "a loop reads one value past": "printed: 103",
    "memory is read after": r"printed: (?!2\.5$).*",
    "a function returns a view": r"printed: (?!1\.5$).*",
    "rows are divided": r"printed: \[\[1.0, 1.0\], \[6.0, 8.0\]\]",
    "values are removed": r"printed: \[1.0, -2.0, 3.0\]",
    "a negative number": "printed: 30.0",
    "two threads add": r"printed: (?!200000)\d+ of 200000",
    "a thread goes on": "printed: 0",
    "an unsafe block reads": "printed: 103.0",
    "an atomic total": r"printed: (?!80000)\d+ of 80000",
    "a number that was read": "printed: 33",
    "one of the cases": "printed: None",
    "a column vector": r"printed: \(3, 3\)",
    "a sum of small integers": "printed: -56",
    "a missing number becomes": r"printed: -?\d+",
    "a missing number hides": "printed: 3.0",
    "a list with a missing": r"printed: \[3.0, nan, 1.0\]",
    "a square matrix": r"printed: \[\[-0.5, -1.5\], \[1.5, 0.5\]\]",
    "two columns of unequal": "printed: 1.0",
    "test rows take part": r"printed: \[-25.5, -24.5, -23.5\]",
}


@pytest.mark.needs("gcc")
@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.name.replace(" ", "-")[:40])
def test_the_program_beside_it_makes_the_mistake_and_says_nothing_unless_the_system_ends_it(fault):
    said = next(said for beginning, said in BESIDE.items() if fault.name.startswith(beginning))
    outcomes = []
    for _ in range(3):  # a race may be exact once in a while
        outcomes.append(str((run_c if fault.language == "c" else run_python)(fault.other)))
        if re.fullmatch(said, outcomes[-1]):
            return
    pytest.fail(f"{outcomes} where {said} is expected")


@pytest.mark.needs("rust")
def test_a_sum_that_wraps_is_stopped_where_overflow_is_checked():
    wraps = next(fault for fault in faults.FAULTS if "wraps" in fault.name)

    assert run_rust(wraps.rust, wrapping=True).detail == "-56"
    assert "overflow" in run_rust(wraps.rust, wrapping=False).detail


@pytest.mark.needs("rust")
@pytest.mark.parametrize(("name", "program"), faults.REFUSED)
def test_a_right_program_of_the_list_is_refused_by_the_borrow_checker(name, program):
    assert run_rust(program).detail in {"E0499", "E0503", "E0502"}


# Jobs of the learning curve


@pytest.mark.needs("crates")
@pytest.mark.parametrize("job", attempts.JOBS, ids=lambda job: job.name.replace(" ", "-")[:40])
def test_every_version_but_the_last_fails_and_the_last_prints_what_python_prints(job):
    *failing, last = attempts.versions(job.rust, job.rust_edits)

    assert all(diagnose(version)[0] for version in failing)
    assert run_rust(last).detail == job.expected
    assert run_python(attempts.versions(job.python, job.python_edits)[-1]).detail == job.expected


@pytest.mark.needs("rust")
def test_an_edit_of_the_compilers_own_is_tried():
    source = 'fn main() {\n    let x = 1;\n    x += 1;\n    println!("é {x}");\n}\n'
    errors, _ = diagnose(source)

    assert codes(errors) == ["E0384"]
    assert mends(source, next(e for e in errors if e.get("code")), 1)


def test_edits_are_made_at_bytes_not_letters():
    edit = {"byte_start": 3, "byte_end": 4, "suggested_replacement": "z"}

    assert applied("é y", [edit]) == "é z"


# Counts


@pytest.mark.needs("crates")
def test_the_list_of_linfas_algorithms_is_what_its_sources_give():
    shipped = coverage.linfa()
    for folder in coverage.sources(f"linfa*-{coverage.VERSION}"):
        crate = folder.name.rpartition("-")[0]
        if crate in shipped:
            assert coverage.algorithms(folder) == sorted(shipped[crate])


def test_every_counterpart_in_scikit_learn_exists():
    names = {name for area in coverage.estimators() for name in area.covered}
    listed = {name for named in coverage.linfa().values() for same in named.values() for name in same}

    assert listed <= names
    assert sum(area.count for area in coverage.estimators()) == len(listed)


def test_every_dated_figure_has_a_day_and_a_source():
    figures = [figure for library in dated.libraries().values() for figure in library.figures]

    assert all(figure.source and 2020 < figure.year < 2030 for figure in figures)
    assert all(one["source"] and one["date"] for one in dated.projects())
    assert all(rust.language == "rust" and python.language == "python" for rust, python in dated.pairs())
    assert {library.name for library in dated.libraries().values() if library.in_overview} == {
        "linfa",
        "rustlearn",
        "tch-rs",
        "ndarray",
    }


def test_growth_needs_two_figures():
    known = dated.libraries()

    assert known["ndarray"].growth("stars") is None
    assert known["linfa"].growth("stars") == pytest.approx(3788 / 1312)


# The pipeline in both languages


@pytest.mark.needs("crates")
def test_both_pipelines_reach_the_same_accuracy_and_report_their_own_memory(tmp_path):
    import sys

    file = pipelines._file(tmp_path, 1)
    python = pipelines._run([sys.executable, "-P", pipelines.PYTHON, file, 1])[0]
    rust = pipelines._run([pipelines._build(), file, 1])[0]

    assert abs(python["accuracy"] - rust["accuracy"]) <= pipelines.ACCURACY
    assert python["mean"] == pytest.approx(rust["mean"])
    assert set(python["times"]) == set(rust["times"]) == set(pipelines.STAGES)
    if sys.platform == "linux":
        # A child's peak as its parent sees it would be at least the parent's own; this process is larger than Rust's.
        assert rust["peak_kib"] < 40_000 < python["peak_kib"]


@pytest.mark.needs("crates")
def test_an_edit_is_compiled_anew_and_its_build_is_part_of_its_time():
    found = pipelines.edits(2, lambda _fraction, _what: None)

    assert len(found.build) == len(found.process) == len(found.kernel) == 2
    for (_, build), (_, whole), (_, kernel) in zip(found.build, found.process, found.kernel, strict=True):
        assert 0 < build < whole == kernel


@pytest.mark.needs("crates")
def test_a_program_that_is_started_without_work_prints_nothing(tmp_path):
    import sys

    file = pipelines._file(tmp_path, 1)

    assert pipelines._run([sys.executable, "-P", pipelines.PYTHON, file, 0]) == []
    assert pipelines._run([pipelines._build(), file, 0]) == []


@pytest.mark.needs("crates")
def test_a_stage_inside_or_outside_the_middle_three_and_every_part_of_a_deployment_has_a_finding():
    from course.claims.experiments import rust_in_the_middle_three_stages as experiment

    found = pipelines.Stages(
        seconds={size: {stage: [(2.0, 1.0)] * 12 for stage in pipelines.STAGES} for size in pipelines.SIZES},
        start=[(2.0, 1.0)] * 12,
        peak_mib=(2.0, 1.0),
        disk_mib=(2.0, 1.0),
    )
    said = [finding.what for finding in experiment.findings(found).findings]

    assert len(said) == len(pipelines.STAGES) * len(pipelines.SIZES) + 3
    assert {"deployment: start-up", "deployment: peak memory", "deployment: needed on disk"} <= set(said)


def test_lines_of_comment_and_blank_lines_do_not_count(tmp_path):
    (tmp_path / "program.py").write_text('"""Words."""\n\n# more\nx = 1  # said\n', "utf-8")

    assert pipelines.lines(tmp_path / "program.py") == 1


# Words that differ


@pytest.fixture(scope="module")
def rust():
    return cell_functions(CELL)


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.normal(-1.0, 1.0, (60, 2)), rng.normal(1.5, 1.0, (40, 2))])
    return x, np.repeat([False, True], [60, 40])


@pytest.mark.needs("crates")
def test_inertia_is_a_sum_in_one_library_and_a_mean_in_the_other(rust, blobs):
    from sklearn.cluster import KMeans

    x, _ = blobs
    start = x[[0, 99]].copy()
    theirs = KMeans(2, init=start, n_init=1, tol=0).fit(x).inertia_

    # linfa counts the old centre as one more member when it moves one, so it stops a little beside the optimum.
    assert rust["inertia"](x, start) * len(x) == pytest.approx(theirs, rel=0.01)


@pytest.mark.needs("crates")
def test_linfa_starts_k_means_ten_times_and_scikit_learn_once(rust, blobs):
    from sklearn.cluster import KMeans

    assert rust["default_runs"]() == 10
    assert KMeans(2).fit(blobs[0])._n_init == 1


@pytest.mark.needs("crates")
def test_linfas_new_centre_is_the_mean_of_the_rows_and_of_the_old_centre(rust):
    from sklearn.cluster import KMeans

    x, start = np.array([[0.0], [2.0], [10.0], [14.0]]), np.array([[1.5], [11.0]])
    theirs = KMeans(2, init=start, n_init=1, max_iter=1).fit(x).cluster_centers_

    assert theirs.ravel() == pytest.approx([1.0, 12.0])
    one_round = rust["centres"](x, start, 1e9)  # any shift is small enough to stop
    assert one_round == pytest.approx([(0 + 2 + 1.5) / 3, (10 + 14 + 11) / 3])


@pytest.mark.needs("crates")
@pytest.mark.parametrize("unit", [1.0, 10.0])
def test_linfa_stops_at_a_shift_and_scikit_learn_at_a_squared_one_relative_to_the_variance(rust, unit):
    from sklearn.cluster import KMeans

    x, start = unit * np.array([[0.0], [2.0], [10.0], [14.0]]), unit * np.array([[1.5], [11.0]])

    def theirs(tol):
        return KMeans(2, init=start, n_init=1, tol=tol).fit(x).n_iter_

    def ours(tolerance):
        return rust["centres"](x, start, tolerance)

    squared = 0.5**2 + 1.0**2  # of scikit-learn's first shift: from 1.5 to 1 and from 11 to 12
    shift = unit * np.hypot(1 / 3, 2 / 3)  # linfa's: from 1.5 to 3.5/3 and from 11 to 35/3
    relative = squared / np.var(x / unit)
    one_round = pytest.approx(unit * np.array([3.5, 35]) / 3)

    assert (theirs(1.001 * relative), theirs(0.999 * relative)) == (1, 2)
    assert ours(1.001 * shift) == one_round
    assert ours(0.999 * shift) != one_round


@pytest.mark.needs("crates")
def test_linfas_explained_variance_ratios_are_shares_among_the_kept_components(rust):
    from sklearn.decomposition import PCA

    x = np.random.default_rng(6).normal(size=(200, 4)) * np.array([4.0, 3.0, 2.0, 1.0])
    theirs = PCA(2).fit(x).explained_variance_ratio_

    assert theirs.sum() < 0.95
    assert rust["explained"](x, 2) == pytest.approx(theirs / theirs.sum(), rel=1e-4)


@pytest.mark.needs("crates")
@pytest.mark.parametrize("alpha", [0.1, 1.0, 10.0])
def test_alpha_is_one_over_c(rust, blobs, alpha):
    from sklearn.linear_model import LogisticRegression

    x, y = blobs
    theirs = LogisticRegression(C=1 / alpha, tol=1e-10, max_iter=1000).fit(x, y).coef_[0]

    assert rust["logistic"](x, y, alpha) == pytest.approx(theirs, rel=1e-3)


@pytest.mark.needs("crates")
def test_gamma_is_one_over_eps(rust, blobs):
    from sklearn.svm import SVC

    x, y = blobs
    at = np.array([0.3, -0.2])
    theirs = SVC(C=1.0, gamma=1 / 2.0, tol=1e-9).fit(x, y).decision_function([at])[0]

    assert rust["gaussian_decision"](x, y, 2.0, at) == pytest.approx(theirs, abs=1e-3)


@pytest.mark.needs("crates")
def test_rustlearn_has_no_intercept_and_one_fit_is_one_pass_where_scikit_learn_has_one_and_converges(rust, blobs):
    from sklearn.linear_model import SGDClassifier

    x, y = blobs
    theirs = SGDClassifier(loss="log_loss", random_state=0).fit(x, y)
    assert theirs.predict_proba(np.zeros((1, 2)))[0, 1] != 0.5
    assert theirs.n_iter_ > 1  # passes over the rows in one call of fit
    at_zero, first, second = rust["rustlearn"](x, y)

    assert at_zero == 0.5  # the middle of a logistic curve through the origin, whatever the classes' sizes
    assert first != second
    assert first == np.float32(first)
    assert theirs.coef_.dtype == np.float64


@pytest.mark.needs("crates")
def test_ndarray_asks_for_ddof_where_numpy_has_a_default(rust):
    x = np.array([1.0, 2.0, 4.0])

    assert rust["deviation"](x, 0.0) == pytest.approx(x.std())
    assert rust["deviation"](x, 1.0) == pytest.approx(x.std(ddof=1))


def test_every_difference_is_in_the_manual():
    text = (SCHEMAS.parent / "claims.md").read_text("utf-8")

    assert [one.id for one in DIFFERENCES if one.rust not in text or one.sklearn not in text] == []


# Whole experiments that take no time


@pytest.mark.parametrize("id", ["growth", "smaller-community", "fewer-libraries"])
def test_an_experiment_of_counts_gives_a_verdict_with_its_findings(id):
    record = ledger.measured(id)

    assert record["failed"] == ""
    assert record["verdict"] != "not measured"
    assert record["counts"][FOR] > 0
    assert json.loads(json.dumps(record)) == record


def test_every_part_of_scikit_learn_is_in_one_stage():
    from course.claims.experiments.linfa_comprehensive import STAGES

    names = [name for stage in STAGES.values() for name in stage]

    assert sorted(names) == sorted(part.name for part in coverage.estimators())


CARGO = """#!{python}
import pathlib, sys, tomllib
manifest = tomllib.loads(pathlib.Path("Cargo.toml").read_text())
if sys.argv[1] == "generate-lockfile":
    names = list(manifest["dependencies"])
    lines = []
    for name in [*names, "ndarray"]:
        lines += ["[[package]]", f'name = "{{name}}"', 'version = "9.9.9"', 'dependencies = ["ndarray"]']
    pathlib.Path("Cargo.lock").write_text("\\n".join(lines))
elif set(manifest["dependencies"].values()) != {{"=9.9.9"}}:
    sys.exit("not the versions that were chosen")
elif sys.argv[1] == "fetch":
    sys.exit({fetch!r} or 0)
else:
    bug = manifest["package"]["name"]
    if bug == {mended!r}:
        print("mended: 2.0 where 2.0 is right")
    elif bug == {changed!r}:
        sys.exit("warning: w\\nerror[E0432]: unresolved import")
    elif bug == {panics!r}:
        sys.exit("thread 'main' panicked at src/main.rs:1:1:\\nout of range")
    else:
        print("there: 3.0 where 2.0 is right")
"""


@pytest.fixture
def standin(tmp_path, monkeypatch):
    """A cargo that knows of one release of everything, 9.9.9; `fetch`: what it says when it cannot download."""
    import sys
    from types import SimpleNamespace

    def make(mended="", changed="", panics="", fetch=""):
        cargo = tmp_path / "cargo"
        script = CARGO.format(python=sys.executable, mended=mended, changed=changed, panics=panics, fetch=fetch)
        cargo.write_text(script, "utf-8")
        cargo.chmod(0o755)
        monkeypatch.setattr(bugs.toolchain, "find", lambda: SimpleNamespace(cargo=cargo))
        monkeypatch.setattr(bugs.crates, "ready", lambda: False)

    return make


def test_the_newest_releases_are_said_to_have_a_bug_to_have_mended_it_or_not_to_compile(standin):
    mended, changed, panics, *rest = [bug.id for bug in bugs.BUGS]
    standin(mended, changed, panics)
    found = bugs.newest()
    said = {one["id"]: (one["state"], one["said"]) for one in found["bugs"]}

    jsonschema.validate(found, schema("claims-upstream"))
    assert said.pop(mended) == ("mended", "2.0 where 2.0 is right")
    assert said.pop(changed) == ("does not compile", "error[E0432]: unresolved import")
    assert said.pop(panics) == ("there", "panic: out of range")
    assert said == dict.fromkeys(rest, ("there", "3.0 where 2.0 is right"))
    assert {one["version"] for one in found["bugs"]} == {"9.9.9"}


def test_a_release_that_cannot_be_downloaded_is_not_said_to_not_compile(standin):
    standin(fetch="    Updating crates.io index\nerror: failed to download from the registry\n  timeout")

    with pytest.raises(CourseError, match="cannot bring the newest releases: error: failed to download"):
        bugs.newest()


def test_what_became_of_each_bug_is_printed_with_the_release_it_was_tried_at():
    from course.cli.claims import upstream_text

    common = {"title": "Wrong sums", "said": "3 where 2 is right"}
    there = {"id": "a", "crate": "linfa", "version": "0.8.1", "pinned": "0.8.1", "state": "there", **common}
    mended = {"id": "b", "crate": "rustlearn", "version": "0.6.0", "pinned": "0.5.0", "state": "mended", **common}
    both = upstream_text({"date": "2026-11-28", "bugs": [there, mended]}).plain
    one = upstream_text({"date": "2026-11-28", "bugs": [there]}).plain

    assert "✗ still there  linfa 0.8.1: Wrong sums\n  3 where 2 is right" in both
    assert "✓ mended  rustlearn 0.6.0 (cells use 0.5.0): Wrong sums" in both
    assert both.endswith("On 2026-11-28, 1 of 2 are there at the newest releases.")
    assert one.endswith("1 of 1 are there at the newest releases, which are those that cells use.")
