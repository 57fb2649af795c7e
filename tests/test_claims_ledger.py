"""What is kept of a claim and how it is shown: `claims.json`, the page, the notebook, and machines side by side."""

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from course.claims import compare, ledger, machine
from course.claims.drawing import DARK, LIGHT, PAPER
from course.claims.experiment import Evidence, Experiment, Missing, Rule, Run, Series, above
from course.claims.figures import findings_figure, series_alt, series_figure
from course.claims.page import page
from course.claims.protocol import Times
from course.claims.shown import ShownClaim, claim, plain
from course.claims.threads import thread_limit
from course.cli import cli
from course.errors import LanesDisagree, NotALedger, UnknownName, UsageMistake

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))


def experiment(measure, **changed):
    about = {
        "id": "planted",
        "claim": "A <planted> claim.",
        "where": "nowhere",
        "lanes": ("numpy", "rust"),
        "sizes": ("small", "large"),
        "agreement": "to the last bit",
        "rule": Rule("more than once as fast", {"speed": above(1.0)}),
        "holds": "It holds.",
        "depends": "It depends.",
        "fails": "It fails.",
        "would_change": "Another machine.",
        "measure": measure,
    }
    return Experiment(**{**about, **changed})


def evidence(fast=2.0, slow=0.5):
    rng = np.random.default_rng(1)
    found = Evidence(missing=[Missing("tch", "the extra `torch` is not installed", "uv sync --extra torch")])
    for size, factor in ((1000, fast), (1_000_000, slow)):
        noise = rng.normal(1, 0.01, size=(2, 15))
        times = Times({"numpy": size * 1e-9 * noise[0], "rust": size * 1e-9 / factor * noise[1]})
        found.times("sort", size, times)
        found.ratio("speed", times, "rust", "numpy", task="sort", size=f"{size} numbers")
    found.table("Counted", ("what", "how many"), [("things", 3)], "A note.")
    found.series.append(Series("Bars", "x", "y", {"Rust": [("one", 1.0)], "Python": [("two", 2.0)]}, kind="bars"))
    found.series.append(Series("Years", "year", "stars", {"linfa": [(2021.9, 1e3), (2024.9, 4e3)]}, kind="years"))
    return found


@pytest.fixture(scope="module")
def record():
    return ledger.judged_record(experiment(lambda _run: evidence()), evidence(), 1.0)


@pytest.fixture(scope="module")
def whole(record):
    here = machine.describe() | {"load": {"before": 0.1, "after": None}}
    other = {"id": "other", "claim": "Another claim."}
    missing = ledger.judged_record(experiment(evidence), Evidence(missing=[Missing("rust", "no Rust")]), 0.0)
    return {
        "schema": 1,
        "mode": "quick",
        "machine": here,
        "claims": [record, missing | other],
    }


def test_every_claim_of_the_overview_has_an_experiment_and_an_id():
    assert len(ledger.IDS) == len(set(ledger.IDS)) == 16
    for id in ledger.IDS:
        found = ledger.experiment(id)
        assert found.id == id
        assert found.rule.words
        assert found.rule.bounds


def test_every_text_of_an_experiment_is_a_sentence():
    for id in ledger.IDS:
        found = ledger.experiment(id)
        for text in (found.claim, found.rule.words, found.holds, found.depends, found.fails):
            assert text[0].isupper() or text.split()[0] in {"linfa", "rustlearn", "ndarray", "tch"}, (id, text)
            assert text.endswith("."), (id, text)


def test_a_wrong_id_names_the_nearest():
    with pytest.raises(UnknownName) as caught:
        ledger.experiment("grwth")
    assert caught.value.help == "did you mean growth?"


def test_a_ledger_is_as_its_schema_says(whole):
    jsonschema.validate(whole, schema("claims"))


def test_the_schema_refuses_a_verdict_that_is_none(whole):
    wrong = copy.deepcopy(whole)
    wrong["claims"][0]["verdict"] = "fast"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema("claims"))


def test_the_machine_is_described_without_its_name_or_its_owner():
    import getpass
    import platform

    text = json.dumps(machine.describe())

    assert platform.node() not in text or len(platform.node()) < 4
    assert str(Path.home()) not in text
    assert f"/{getpass.getuser()}" not in text


def test_lanes_that_disagree_make_a_claim_not_measured_with_the_reason(monkeypatch):
    def wrong(_run):
        raise LanesDisagree("rust", "numpy", "by up to 3")

    monkeypatch.setattr(ledger, "experiment", lambda _id: experiment(wrong))
    found = ledger.measured("planted")

    assert found["verdict"] == "not measured"
    assert found["failed"] == "rust and numpy disagree: by up to 3"
    jsonschema.validate(found, {"$defs": schema("claims")["$defs"], "$ref": "#/$defs/claim"})


def test_a_need_that_is_missing_is_named_and_nothing_is_measured(monkeypatch):
    monkeypatch.setenv("COURSE_NO_RUST", "1")
    monkeypatch.setattr(ledger, "experiment", lambda _id: experiment(lambda _run: 1 / 0, needs=("rust",)))
    found = ledger.measured("planted")

    assert found["verdict"] == "not measured"
    assert found["missing"] == [
        {
            "lane": "rust",
            "why": "no Rust compiler is used, because COURSE_NO_RUST is set",
            "help": "unset COURSE_NO_RUST",
        }
    ]


def test_a_lane_that_is_missing_is_named_once(monkeypatch):
    monkeypatch.setenv("COURSE_NO_RUST", "1")
    found, run = Evidence(), Run()

    assert run.missing(found, "rust", "rust")
    assert run.missing(found, "rust", "rust")
    assert not run.missing(found, "numpy")
    assert [one.lane for one in found.missing] == ["rust"]


def test_the_page_holds_every_claim_and_loads_nothing(whole):
    html = page(whole)

    assert "A &lt;planted&gt; claim." in html
    assert html.count('class="chip') == 2 * len(whole["claims"])
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)
    assert "<script" not in html
    assert html.count("<h1>") == 1


def test_every_verdict_has_the_same_size_and_weight():
    from course.claims.page import STYLE

    rules = re.findall(r"\.chip\.(\w+) \{ (.*?) \}", STYLE.read_text("utf-8"))

    assert {kind for kind, _ in rules} == {"holds", "fails", "depends", "absent"}
    assert all(re.fullmatch(r"color: var\(--\w+\);", rule) for _, rule in rules)


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_barrier_that_a_program_can_find(whole, tmp_path, chromium, scheme):
    from axe_playwright_python.sync_playwright import Axe

    file = tmp_path / "claims.html"
    file.write_text(page(whole), "utf-8")
    shown = chromium.new_page(color_scheme=scheme, viewport={"width": 390, "height": 900})
    shown.goto(file.as_uri())
    found = Axe().run(shown).response["violations"]
    width = shown.evaluate("document.documentElement.scrollWidth")
    shown.close()

    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert width <= 390


def test_a_figure_is_drawn_with_its_words_in_both_themes(record):
    for palette in (LIGHT, DARK, PAPER):
        svg = findings_figure(record, palette)
        assert svg.startswith("<svg")
        assert 'role="img"' in svg
        assert "1 for the claim, 1 against the claim" in svg
    for series in record["series"]:
        assert series["title"] in series_figure(series, PAPER)


def test_every_finding_is_drawn_however_many_there_are_and_the_exact_ones_too(record):
    timed = record["findings"][0]
    exact = {"measure": "speed", "what": "counted once", "of": {}, "value": 3.0, "low": 3.0, "high": 3.0,
             "unit": "of them", "turns": 0, "outcome": "for"}  # fmt: skip
    many = [timed | {"of": {"task": f"task {number}"}} for number in range(103)]
    svg = findings_figure(record | {"findings": [*many, exact]}, PAPER)

    assert all(f"task {number}<" in svg for number in range(103))
    assert "counted once" in svg
    assert "3 of them" in svg


def test_no_lane_is_drawn_with_a_thicker_line(record):
    growth = next(one for one in record["series"] if one["title"] == "sort")
    paths = re.findall(r"<(?:polyline|path)[^>]*?stroke-width:([\d.]+)", series_figure(growth, PAPER))

    assert len(paths) >= 2
    assert len(set(paths)) == 1


def test_no_two_lanes_of_a_figure_share_a_marker():
    from course.claims.figures import LOOKS, _looks
    from course.claims.ledger import REFERENCE, read

    drawn = [s for c in read(REFERENCE)["claims"] for s in c["series"] if s["kind"] != "bars"]
    for lanes in (LOOKS, *(one["points"] for one in drawn)):
        shapes = [shape for _, shape in _looks(lanes).values()]
        assert len(shapes) == len(set(shapes)), list(lanes)
    alone, beside = _looks(["numpy", "rust"]), _looks(["rust, prepared", "rust", "torch", "tch"])

    assert alone["rust"] == LOOKS["rust"]
    assert {lane: beside[lane] for lane in ("torch", "tch")} == {lane: LOOKS[lane] for lane in ("torch", "tch")}


def test_growth_says_each_lane_at_its_first_and_last_size(record):
    growth = next(one for one in record["series"] if one["title"] == "sort")

    assert re.search(r"rust \S+ ns at 1k, \S+ ms at 1M", series_alt(growth))


def _bars(points, y_label):
    series = {"title": "Done", "x_label": "x", "y_label": y_label, "points": points, "log": False, "kind": "bars"}
    return re.findall(r"<text [^>]*>([^<]*)</text>", series_figure(series, LIGHT))


def test_bars_of_one_lane_do_not_repeat_its_name():
    assert _bars({"linfa": [("svm", 1.0), ("tree", 0.5)]}, "share") == ["Done", "svm", "1", "tree", "0.5", "share"]
    assert _bars({"Rust": [("edits", 2.0)], "Python": [("edits", 1.0)]}, "edits")[1] == "edits, Rust"


def test_the_axis_below_bars_of_time_names_no_unit_for_each_bar_has_its_own():
    assert _bars({"": [("rust", 0.00025)]}, "time of a call (s)") == ["Done", "rust", "250 µs", "time of a call"]


def test_what_would_change_a_claim_shows_a_command_as_code(record):
    shown = ShownClaim(record | {"would_change": "`course <x>` tries it."})._repr_mimebundle_()["text/html"]

    assert "<code>course &lt;x&gt;</code> tries it." in shown


@given(
    st.dictionaries(
        st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12),
        st.lists(
            st.tuples(st.floats(min_value=1, max_value=1e9), st.floats(min_value=1e-9, max_value=1e4)),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=7,
    ),
    st.sampled_from(["line", "bars", "years"]),
    st.booleans(),
)
def test_any_series_can_be_drawn_and_parsed(points, kind, log):
    from xml.etree import ElementTree

    if kind == "years":
        points = {lane: [(2000 + x % 30, y) for x, y in ps] for lane, ps in points.items()}
    series = {"title": "t & u", "x_label": "x", "y_label": "time (s)", "points": points, "log": log, "kind": kind}
    svg = series_figure(series, LIGHT)

    ElementTree.fromstring(svg)
    assert not re.search(r'="-?(nan|inf)', svg)


def test_a_shown_claim_has_html_and_plain_text(record):
    shown = ShownClaim(record)
    bundle = shown._repr_mimebundle_()

    assert shown.verdict == "depends"
    assert "It depends." in bundle["text/plain"]
    assert bundle["text/html"].count("<img") == 2 * (1 + len(record["series"]))
    assert all(alt.strip() for alt in re.findall(r'alt="([^"]*)"', bundle["text/html"]))


def test_what_was_recorded_elsewhere_is_labelled(whole, record):
    missing = whole["claims"][1]
    bundle = ShownClaim(missing, (whole["machine"], record))._repr_mimebundle_()

    assert "Recorded on another machine, not measured here" in bundle["text/html"]
    assert "Recorded on another machine" in bundle["text/plain"]
    assert whole["machine"]["processor"] in bundle["text/plain"]


def test_without_rust_the_reference_is_shown(monkeypatch, whole, record, tmp_path):
    file = tmp_path / "reference.json"
    file.write_text(json.dumps(whole | {"claims": [record | {"id": "linfa-comprehensive"}]}), "utf-8")
    monkeypatch.setattr(ledger, "REFERENCE", file)
    planted = experiment(lambda _run: 1 / 0, id="linfa-comprehensive", needs=("rust",))
    monkeypatch.setattr(ledger, "experiment", lambda _id: planted)
    monkeypatch.setenv("COURSE_NO_RUST", "1")
    shown = claim("linfa-comprehensive")

    assert shown.verdict == "not measured"
    assert "It depends." in repr(shown)


@pytest.fixture
def planted_reference(monkeypatch, whole, record, tmp_path):
    finding = record["findings"][0] | {"measure": "wrong", "what": "a planted bug", "of": {"bug": "planted"}}
    other = finding | {"measure": "coverage", "what": "another count"}
    bounds = {"wrong": {"value": 0.5, "above": False}, "coverage": {"value": 0.5, "above": True}}
    rule = record["rule"] | {"bounds": bounds}
    full = record | {"id": "linfa-comprehensive", "findings": [finding, other], "missing": [], "rule": rule}
    file = tmp_path / "reference.json"
    claims = [full, record | {"id": "ndarray-base", "missing": []}]
    file.write_text(json.dumps(whole | {"mode": "full", "claims": claims}), "utf-8")
    monkeypatch.setattr(ledger, "REFERENCE", file)


@pytest.mark.usefixtures("planted_reference")
def test_without_rust_a_run_shows_what_was_recorded_of_the_lanes_that_are_missing(monkeypatch, whole, tmp_path):
    monkeypatch.setenv("COURSE_NO_RUST", "1")
    told = CliRunner().invoke(cli, ["claims", "run", "linfa-comprehensive", "ndarray-base", "-o", str(tmp_path)])
    printed = " ".join(told.output.split())
    html = (tmp_path / "claims.html").read_text("utf-8")
    linfa, ndarray = json.loads((tmp_path / "claims.json").read_text("utf-8"))["claims"]

    assert told.exit_code == 0, told.output
    assert (linfa["verdict"], ndarray["verdict"]) == ("depends", "not measured")
    assert "a planted bug" in printed
    assert "another count" not in printed  # its measure has findings of this machine
    assert "not measured: linfa: no Rust compiler is used, because COURSE_NO_RUST is set" in printed
    assert "(unset COURSE_NO_RUST)" in printed
    assert printed.count("recorded on another machine") == 2
    assert html.count("Recorded on another machine, not measured here") == 2
    assert whole["machine"]["processor"] in html
    assert "<code>unset COURSE_NO_RUST</code>" in html


def test_a_missing_lane_is_shown_with_the_findings_that_were_recorded_of_it(monkeypatch, whole, record, tmp_path):
    file = tmp_path / "reference.json"
    file.write_text(json.dumps(whole | {"claims": [record | {"id": "planted"}]}), "utf-8")
    monkeypatch.setattr(ledger, "REFERENCE", file)
    gone = {"lane": "rust", "why": "gone", "help": "get it"}
    here = record | {"findings": [record["findings"][0]], "missing": [gone]}
    shown = ShownClaim(here, ledger.recorded(here))

    assert "Recorded on another machine" in repr(shown)
    assert "sort, 1000000 numbers" in repr(shown)
    assert "sort, 1000000 numbers" in shown._repr_mimebundle_()["text/html"]
    assert ledger.recorded(here | {"missing": []}) is None


def test_plain_text_has_every_finding(record):
    text = plain(record)

    for finding in record["findings"]:
        assert finding["what"] in text
    assert "not measured: tch (the extra `torch` is not installed); uv sync --extra torch" in text


def test_machines_are_compared_by_processor(whole):
    other = copy.deepcopy(whole)
    other["machine"]["processor"] = "another"
    other["claims"][0]["verdict"] = "holds"
    for finding in other["claims"][0]["findings"]:
        finding["value"] *= 4
    found = compare.spreads([whole, other])
    planted = [one for one in found if one.id == "planted"]

    assert [one.processor for one in planted] == ["all", *sorted({whole["machine"]["processor"], "another"})]
    assert planted[0].verdicts == {"holds": 1, "depends": 1}
    assert planted[0].high == pytest.approx(4 * planted[0].low)
    assert [round(one.high / one.low, 6) for one in planted[0].findings] == [4.0, 4.0]
    jsonschema.validate(compare.as_json([whole, other]), schema("claims-compare"))
    assert "another" in compare.page([whole, other])


def test_only_findings_that_all_machines_have_are_compared(whole):
    other = copy.deepcopy(whole)
    other["claims"][0]["findings"].pop()
    found = next(one for one in compare.spreads([whole, other]) if one.id == "planted")

    assert [one.what for one in found.findings] == ["rust: sort, 1000 numbers"]
    assert found.low == found.high


def test_a_machine_that_measured_nothing_is_counted_and_hides_nothing(whole):
    other = copy.deepcopy(whole)
    other["claims"][0] |= {"verdict": "not measured", "findings": []}
    found = next(one for one in compare.spreads([whole, other]) if one.id == "planted")

    assert found.verdicts == {"depends": 1, "not measured": 1}
    assert len(found.findings) == 2


@given(st.lists(ANY_JSON, max_size=3), ANY_JSON)
def test_records_from_anybody_are_compared_or_left_out(findings, other):
    finding = {"measure": "m", "what": other, "unit": "u", "outcome": "for", "turns": 9, "value": other}
    record = {"id": "x", "verdict": "holds", "findings": [*findings, finding]}
    one = {"machine": {"processor": "p"}, "claims": [record, {"id": "y", "verdict": "<b>", "findings": other}]}

    assert "<b>" not in compare.page([one, one]).replace("<b>x</b>", "").replace("<b>y</b>", "")
    json.dumps(compare.as_json([one, one]), allow_nan=False)


def test_compare_prints_a_table_json_and_a_page(whole, tmp_path):
    file, html = tmp_path / "a.json", tmp_path / "all.html"
    file.write_text(json.dumps(whole), "utf-8")
    told = CliRunner().invoke(cli, ["claims", "compare", str(file), str(file), "--html", str(html)])
    printed = CliRunner().invoke(cli, ["claims", "compare", str(file), "--json"])

    assert "2 depends" in told.output
    assert html.read_text("utf-8").startswith("<!doctype html>")
    jsonschema.validate(json.loads(printed.output), schema("claims-compare"))


def test_of_a_folder_each_learner_is_one_machine_and_a_file_that_is_no_ledger_is_named_and_left_out(whole, tmp_path):
    newer = copy.deepcopy(whole)
    newer["claims"][0]["verdict"] = "holds"
    handed_in = [("ada", "01_a", whole), ("ada", "02_b", newer), ("bob", "01_a", whole), ("eve", "01_a", [])]
    for number, (learner, chapter, content) in enumerate(handed_in):
        file = tmp_path / "submitted" / learner / chapter / "claims.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(content), "utf-8")
        os.utime(file, (number + 1, number + 1))
    told = CliRunner().invoke(cli, ["claims", "compare", str(tmp_path / "submitted"), "--json"])
    planted = next(one for one in json.loads(told.stdout)["claims"] if one["id"] == "planted")

    assert told.exit_code == 1
    assert f"eve{os.sep}01_a" in told.stderr
    assert planted["verdicts"] == {"holds": 1, "depends": 1}


def test_a_folder_without_a_ledger_says_what_to_name(tmp_path):
    told = CliRunner().invoke(cli, ["claims", "compare", str(tmp_path)])

    assert "no claims.json is there" in told.exception.message
    assert "submitted" in told.exception.help


def test_what_is_handed_in_is_the_newest_ledger_of_the_working_copy_and_of_the_folder_we_are_in(tmp_path, monkeypatch):
    from types import SimpleNamespace

    from course.submit import _claims

    folder, here = tmp_path / "learning", tmp_path / "clone"
    for number, place in enumerate((folder, here)):
        place.mkdir()
        (place / "claims.json").write_text("{}", "utf-8")
        os.utime(place / "claims.json", (number + 1, number + 1))
    monkeypatch.chdir(here)
    there = SimpleNamespace(folder=folder)

    assert _claims(there).resolve() == here / "claims.json"
    os.utime(folder / "claims.json", (9, 9))
    assert _claims(there) == folder / "claims.json"


@pytest.mark.parametrize(
    ("text", "why"),
    [("{", "not JSON"), ("[]", "schema: 1"), ('{"schema": 1}', "no machine"), (None, "No such file")],
)
def test_a_file_that_is_no_ledger_says_why(tmp_path, text, why):
    path = tmp_path / "claims.json"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(NotALedger, match=why) as caught:
        ledger.read(path)
    assert caught.value.place == str(path)
    assert "course claims run" in caught.value.help


@given(ANY_JSON)
def test_any_json_is_a_ledger_or_says_that_it_is_none(content):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "claims.json")
        path.write_text(json.dumps(content), "utf-8")
        with pytest.raises(NotALedger):
            ledger.read(path)


def test_run_writes_the_ledger_and_the_page(tmp_path):
    told = CliRunner().invoke(cli, ["claims", "run", "growth", "smaller-community", "-o", str(tmp_path / "out")])

    assert told.exit_code == 0, told.output
    written = json.loads((tmp_path / "out" / "claims.json").read_text("utf-8"))
    jsonschema.validate(written, schema("claims"))
    assert [one["id"] for one in written["claims"]] == ["growth", "smaller-community"]
    assert "growth" in told.output
    assert (tmp_path / "out" / "claims.html").is_file()


def test_what_was_measured_is_shown_again_as_text_markdown_and_a_page(whole, tmp_path):
    file, html = tmp_path / "claims.json", tmp_path / "again.html"
    file.write_text(json.dumps(whole), "utf-8")
    text = CliRunner().invoke(cli, ["claims", "show", str(file)]).output
    table = CliRunner().invoke(cli, ["claims", "show", str(file), "--markdown", "--html", str(html)]).output

    assert "planted" in text
    assert "| ◐ **depends**, on the size | A <planted> claim." in table
    assert table.rstrip().endswith(f"{whole['machine']['date']}.")
    assert html.read_text("utf-8") == page(whole)


def test_the_readmes_table_is_that_of_the_reference():
    from course.claims.page import markdown

    readme = (SCHEMAS.parents[1] / "README.md").read_text("utf-8")
    if not ledger.REFERENCE.is_file():
        pytest.skip("no reference has been recorded yet")
    assert markdown(ledger.read(ledger.REFERENCE)).strip() in readme


def test_run_as_json_writes_nothing_unless_told_where(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(cli, ["claims", "run", "growth", "--json"])

    jsonschema.validate(json.loads(told.output), schema("claims"))
    assert list(tmp_path.iterdir()) == []


def test_a_run_with_an_experiment_that_failed_ends_with_one_and_still_writes(tmp_path, monkeypatch):
    def wrong(_run):
        raise LanesDisagree("rust", "numpy", "by up to 3")

    monkeypatch.setattr(ledger, "experiment", lambda name: experiment(wrong, id=name))
    told = CliRunner().invoke(cli, ["claims", "run", "growth", "-o", str(tmp_path)])

    assert told.exit_code == 1
    assert "rust and numpy disagree: by up to 3" in told.output
    assert json.loads((tmp_path / "claims.json").read_text("utf-8"))["claims"][0]["verdict"] == "not measured"


def test_compare_without_a_file_says_how_to_call_it():
    told = CliRunner().invoke(cli, ["claims", "compare"])

    assert isinstance(told.exception, UsageMistake)
    assert told.exception.exit_code == 2


def test_list_names_every_claim_and_its_rule():
    told = CliRunner().invoke(cli, ["claims", "list", "--json"])
    printed = json.loads(told.output)

    jsonschema.validate(printed, schema("claims-list"))
    assert [one["id"] for one in printed["claims"]] == list(ledger.IDS)


def test_the_reference_is_a_ledger_that_names_its_machine_by_processor_only():
    if not ledger.REFERENCE.is_file():
        pytest.skip("no reference has been recorded yet")
    found = ledger.read(ledger.REFERENCE)

    jsonschema.validate(found, schema("claims"))
    assert found["mode"] == "full"
    assert [one["id"] for one in found["claims"]] == list(ledger.IDS)
    assert not any("failed" in one and one["failed"] for one in found["claims"])


def test_threads_are_limited_and_given_back():
    import numba
    from threadpoolctl import threadpool_info

    before = (os.environ.get("RAYON_NUM_THREADS"), numba.get_num_threads())
    with thread_limit(1):
        assert os.environ["RAYON_NUM_THREADS"] == "1"
        assert numba.get_num_threads() == 1
        assert all(pool["num_threads"] == 1 for pool in threadpool_info())

    assert (os.environ.get("RAYON_NUM_THREADS"), numba.get_num_threads()) == before


def test_claim_is_among_the_names_a_notebook_imports():
    code = "import course, sys; course.claim; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
