"""Comparisons: a planted divergence is named, figures have known answers, unusable input is one line."""

import json
import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbport
from nbport.oracle.comparison import Distances, Gate, ulps
from nbport.oracle.cstyle import c_lines
from nbport.oracle.formats import text_lines, to_npz
from tests.support.oracle_runs import PHI, A, compared


@pytest.fixture(scope="module")
def trace():
    return nbport.trace([*PHI, "-mosaic", "1", "-mosaic_domains", "2"], (3, 4))[0]


# -- distances


@given(st.floats(-1e30, 1e30), st.integers(0, 50), st.sampled_from([np.float32, np.float64]))
def test_ulps_are_steps_to_the_next_number(x, steps, kind):
    start = end = np.array([x], kind)
    for _ in range(steps):
        end = np.nextafter(end, np.array([np.inf], kind))
    # from -0 that goes straight to the first positive number
    crossed = int(np.signbit(start[0]) and not np.signbit(end[0]))
    assert ulps(start, end)[0] == ulps(end, start)[0] == steps + crossed


@pytest.mark.parametrize(
    ("a", "b", "steps"),
    [
        (0.0, -0.0, 1),
        (5e-324, -5e-324, 3),
        (1.0, 1.0, 0),
        (1.0, 2.0, 2**52),
        (math.nan, math.nan, 0),
        (math.nan, 1.0, math.inf),
        (math.inf, sys.float_info.max, 1),
        (-sys.float_info.max, sys.float_info.max, 2.0 * 0x7FEFFFFFFFFFFFFF),
    ],
)
def test_ulps_between(a, b, steps):
    assert ulps(np.array([a]), np.array([b]))[0] == steps


def test_distances_of_whole_numbers_are_differences():
    d = Distances.between(np.array([1, 5], np.uint16), np.array([4, 5], np.uint8))
    assert (d.ulp.tolist(), d.abs.tolist(), d.rel.tolist()) == ([3, 0], [3, 0], [0.75, 0])


@pytest.mark.parametrize(
    ("gate", "passes"),
    [
        (Gate(), [True, False, False, False]),
        (Gate(ulp=1), [True, True, False, False]),
        (Gate(rel=1e-3), [True, True, True, False]),
        (Gate(abs=1e-3), [True, True, True, True]),
        (Gate(rel=1e-20), [True, False, False, False]),
    ],
)
def test_number_passes_if_it_is_within_any_gate(gate, passes):
    a = np.array([1.0, 1.0, 1.0, 1e-9])
    b = np.array([1.0, np.nextafter(1.0, 2.0), 1.0005, 2e-9])
    assert gate.passes(Distances.between(a, b)).tolist() == passes


def test_nothing_passes_for_a_nan():
    d = Distances.between(np.array([math.nan, math.nan]), np.array([1.0, math.nan]))
    assert Gate(rel=10, abs=1e300, ulp=1e300).passes(d).tolist() == [False, True]


def test_whole_numbers_of_64_bits_differ_by_what_they_differ():
    a = np.array([2**53, 2**62, -(2**63), 5], np.int64)
    b = np.array([2**53 + 1, 2**62 - 3, 2**63 - 1, 5], np.int64)
    distances = Distances.between(a, b)
    assert distances.ulp.tolist() == [1.0, 3.0, 2.0**64, 0.0]
    assert Distances.between(np.uint64([2**64 - 1]), np.uint64([2**64 - 2])).abs.tolist() == [1.0]
    assert Distances.between(np.array([-1]), np.uint64([2**64 - 1])).abs.tolist() == [2.0**64]


# -- traces


def changed(trace, name, step, change):
    """A trace with other numbers at one place."""
    places = [i for i, v in enumerate(trace.values) if v.name == name and dict(v.step).items() >= step.items()]
    values = list(trace.values)
    values[places[0]] = values[places[0]]._replace(numbers=change(values[places[0]].numbers))
    return replace(trace, values=values)


def test_equal_traces_are_equal(trace):
    found = nbport.compare(trace, trace)
    assert found.equal and found.first is None
    assert found.metrics["compared"] == found.metrics["equal"] == sum(len(v.numbers) for v in trace.values)


@pytest.mark.parametrize("component", [0, 1, 2])
@pytest.mark.parametrize("phi_tic", [0, 3])
def test_planted_divergence_of_one_ulp_is_named(trace, phi_tic, component, tmp_path, capsys):
    def nudge(numbers):
        moved = list(numbers)
        moved[component] = float(np.nextafter(moved[component], 1.0))
        return tuple(moved)

    (tmp_path / "a.txt").write_text("\n".join(text_lines([trace])))
    other = changed(trace, "bp", {"phi_tic": (phi_tic,)}, nudge)
    other = changed(other, "I_before_scaling", {}, lambda numbers: (numbers[0] * 1.5,))
    (tmp_path / "b.npz").write_bytes(to_npz([other]))
    status, out, err = compared(capsys, tmp_path / "a.txt", tmp_path / "b.npz")
    assert (status, err) == (1, "")
    lines = out.splitlines()
    at = lines.index(next(line for line in lines if line.startswith("first divergence")))
    assert lines[at + 1] == f"  at pixel 3 4, layer 0, subpixel 0 0, source 0, phi_tic {phi_tic}"
    assert lines[at + 2].startswith(f"  bp[{component}]: A ") and "(1 ulp," in lines[at + 2]
    before = [v for v in trace.values if v.name == "bp" and v.step[-1] == ("phi_tic", (phi_tic,))][0]
    count = sum(len(v.numbers) for v in trace.values[: trace.values.index(before)]) + component
    assert lines[at] == f"first divergence, after {count} equal numbers:"
    found = nbport.compare(tmp_path / "a.txt", tmp_path / "b.npz")
    assert [term.name for term in found.worst] == [f"bp[{component}]", "I_before_scaling"]
    assert found.metrics["outside_gate"] == 2


def test_gate_lets_small_divergences_pass(trace):
    other = changed(trace, "F_latt", {"phi_tic": (2,)}, lambda numbers: (numbers[0] * (1 + 1e-9),))
    assert not nbport.compare(trace, other, rel=1e-10).equal
    assert nbport.compare(trace, other, rel=1e-8).equal
    assert nbport.compare(trace, other, ulp=1e8).equal


def test_term_that_one_side_skips_is_a_divergence(trace):
    step = next(v.step for v in trace.values if v.name == "F_cell" and ("phi_tic", (1,)) in v.step)
    skipped = replace(trace, values=[v for v in trace.values if not (v.step == step and v.name in ("F_cell", "term"))])
    for a, b, side in ((trace, skipped, "A"), (skipped, trace, "B")):
        found = nbport.compare(a, b, rel=1.0)
        assert (found.first.name, found.first.place.step) == ("F_cell", step)
        assert str(found.first) == f"F_cell, which only {side} has"
        assert found.metrics["outside_gate"] == 2


def test_names_that_only_one_side_has_are_not_compared(trace):
    few = replace(trace, values=[v for v in trace.values if v.name in ("F_latt", "hkl")])
    found = nbport.compare(trace, few)
    assert found.equal
    assert found.metrics["only_in_b"] == [] and "F_cell" in found.metrics["only_in_a"]
    assert found.metrics["compared"] == 4 * 5 * 2


def test_trace_of_the_c_programs_style_is_compared_with_any_other(tmp_path, capsys):
    [trace] = nbport.trace(PHI, (3, 4))
    text = "".join(f"{line}\n" for line in c_lines(trace))
    (tmp_path / "own.txt").write_text("\n".join(text_lines([trace])))
    (tmp_path / "c.txt").write_text("some other line\n" + text)
    (tmp_path / "py.txt").write_text(text.replace("TRACE_C", "TRACE_PY").replace("F_latt_b=", "F_latt_b=1"))
    for a, b in (("own.txt", "c.txt"), ("c.txt", "own.txt"), ("c.txt", "c.txt")):
        assert compared(capsys, tmp_path / a, tmp_path / b)[0] == 0
    status, out, _ = compared(capsys, tmp_path / "own.txt", tmp_path / "py.txt")
    assert status == 1
    assert "  F_latt_b: A " in out and "phi_tic 0" in out


def test_traces_without_anything_in_common_cannot_be_compared(trace):
    with pytest.raises(nbport.InputError, match="nothing in common"):
        nbport.compare(trace, replace(trace, fpixel=5))


# -- reports


def test_report_of_traces(trace, tmp_path, capsys):
    (tmp_path / "a.txt").write_text("\n".join(text_lines([trace])))
    assert compared(capsys, tmp_path / "a.txt", tmp_path / "a.txt", "--report", tmp_path / "r")[0] == 0
    assert json.loads((tmp_path / "r" / "metrics.json").read_text())["first"] is None
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == ["manifest.json", "metrics.json", "summary.txt"]


# -- what cannot be compared


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.bin", "a.npy"], "none.bin: cannot read a trace or an image: No such file"),
        (["odd.bin", "a.npy"], "odd.bin: found 5 bytes, expected 4-byte floats"),
        (["raw.bin", "a.npy"], "raw.bin: 8 floats of unknown shape: found no SMV image of that size beside it"),
        (["raw.bin", "a.npy", "--shape", "3", "3"], "raw.bin: found 8 floats, expected 3 x 3"),
        (["raw.bin", "a.npy", "--shape", "-4", "-2"], "raw.bin: found 8 floats, expected -4 x -2"),
        (["raw.bin", "a.npy", "--shape", "9" * 30, "2"], "raw.bin: found 8 floats, expected 9999"),
        (["raw.bin", "a.npy", "--shape", "4", "2"], "a.npy: found 2 x 4 pixels, expected 4 x 2 as raw.bin has"),
        (["a.npy", "cube.npy"], "cube.npy: found float64 of shape (2, 2, 2), expected numbers [slow, fast]"),
        (["a.npy", "text.npy"], "text.npy: found <U1 of shape (1, 1)"),
        (["a.npy", "bad.npy"], "bad.npy: cannot read a NumPy array"),
        (["a.npy", "bad.pgm"], "bad.pgm: found b'P5 3 x', expected P5, width, height and largest value"),
        (["a.npy", "endless.pgm"], "endless.pgm: found b'P5 9999"),
        (["a.npy", "short.pgm"], "short.pgm: found 5 bytes of pixels, expected 12"),
        (["a.npy", "empty.img"], "empty.img: no image that fabio reads"),
        (["a.npy", "noise.tif"], "noise.tif: no image that fabio reads"),
        (["a.npy", "words.txt"], "words.txt:1: found 'these are words', expected `pixel S F` first"),
        (["words.txt", "words.txt"], "words.txt:1: found 'these are words'"),
        (["trace.txt", "a.npy"], "found a trace and an image, expected two traces or two images"),
        (["trace.txt", "bad.json"], "bad.json: no trace in JSON"),
        (["trace.txt", "bad.npz"], "bad.npz: no trace in a NumPy archive"),
        (["trace.txt", "image.npz"], "image.npz: no trace in a NumPy archive"),
        (["trace.txt", "trace.txt", "--roi", "0", "1", "0", "1"], "--shape, --roi: they are for images"),
        (["a.npy", "a.npy", "--roi", "0", "4", "0", "1"], "--roi: found 0 4 0 1, expected within 0 3 0 1 (fast, slow)"),
        (["a.npy", "a.npy", "--rel", "-1"], "--rel: found -1.0, expected 0 or more"),
        (["a.npy", "a.npy", "--ulp", "nan"], "--ulp: found nan, expected 0 or more"),
        (["a.npy", "a.npy", "--report", "raw.bin"], "raw.bin: cannot make this folder: File exists"),
        (["c.txt", "c2.txt"], "c2.txt:1: found 'TRACE_C: F_latt three', expected a label and numbers"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_unusable_input_is_one_line_and_exit_2(arguments, says, trace, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", A)
    np.save("cube.npy", np.zeros((2, 2, 2)))
    np.save("text.npy", np.array([["x"]]))
    np.savez("image.npz", a=A)
    contents = {
        "odd.bin": b"12345", "raw.bin": A.tobytes(), "bad.npy": b"\x93NUMPY?", "bad.pgm": b"P5 3 x",
        "endless.pgm": b"P5 " + b"9" * 5000 + b" 4 255 12345",
        "short.pgm": b"P5 3 4 255 12345", "empty.img": b"", "noise.tif": bytes(range(256)),
        "words.txt": b"these are words\n", "bad.json": b'{"format": 5}', "bad.npz": b"PK\x03\x04....",
        "trace.txt": "\n".join(text_lines([trace])).encode(),
        "c.txt": b"TRACE_C: F_latt 3\n", "c2.txt": b"TRACE_C: F_latt three\n",
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    status, out, err = compared(capsys, *arguments)
    assert (status, len(err.splitlines())) == (2, 1), err
    assert err.startswith("nbport compare: error: ") and says in err
    assert out == "" or "--report" in arguments
