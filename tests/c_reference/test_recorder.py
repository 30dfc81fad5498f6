"""The recorder runs cases in clean folders and keeps exactly what the runs left."""

import stat
import sys
import time

import pytest

from c_reference import recorder
from c_reference.cases import DUMP_FILE, Case, StepResult, load_results, run_case, save_results
from c_reference.runners import InProcess, Program

#: Stands in for the reference: lists its folder, writes and may end badly, as its arguments say.
FAKE = f"""#!{sys.executable}
import os, signal, sys, time
print("files", *sorted(os.listdir(".")), "argv", *sys.argv[1:])
for word in sys.argv[1:]:
    if word.startswith("write="):
        open(word[6:], "wb").write(b"new")
    if word == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == "hang":
        time.sleep(60)
    if word == "env":
        print(os.environ["SPECIAL"])
    if word == "fail":
        sys.exit("failed")
"""


@pytest.fixture
def fake(tmp_path):
    path = tmp_path / "fake"
    path.write_text(FAKE)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def inputs(tmp_path):
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "in.hkl").write_bytes(b"1 0 0 5\n")
    return folder


def case(*steps, inputs=("in.hkl",)):
    return Case("one", "fake", inputs, tuple(tuple(argv) for argv in steps))


def test_step_starts_with_its_inputs_only_and_inputs_are_not_recorded(fake, inputs):
    [result] = run_case(case(["write=out.bin", "write=in.hkl"]), Program(fake), inputs)
    assert result == StepResult(0, b"files in.hkl argv write=out.bin write=in.hkl\n", {"out.bin": b"new"})
    assert (inputs / "in.hkl").read_bytes() == b"1 0 0 5\n"


def test_only_inputs_and_dump_outlive_a_step(fake, inputs):
    first, second = run_case(case(["write=out.bin", f"write={DUMP_FILE}"], []), Program(fake), inputs)
    assert set(first.files) == {"out.bin", DUMP_FILE}
    assert second == StepResult(0, b"files Fdump.bin in.hkl argv\n", {DUMP_FILE: b"new"})


def test_death_by_signal_is_a_negative_status(fake, inputs):
    assert run_case(case(["die"]), Program(fake), inputs)[0].exit == -11


def test_failure_keeps_status_and_stderr(fake, inputs):
    [result] = run_case(case(["fail"]), Program(fake), inputs)
    assert (result.exit, result.stderr) == (1, b"failed\n")


def test_run_that_takes_too_long_is_stopped_and_has_no_status(fake, inputs):
    start = time.monotonic()
    [result] = run_case(case(["hang"]), Program(fake, timeout=1), inputs)
    assert result.exit is None
    assert time.monotonic() - start < 30


def test_environment_reaches_the_program(fake, inputs):
    [result] = run_case(case(["env"]), Program(fake, environment={"SPECIAL": "yes"}), inputs)
    assert result.stdout.endswith(b"\nyes\n")


def test_in_process_run_sees_folder_arguments_and_any_bytes(inputs):
    def main(argv):
        print(open("in.hkl").read(), *argv, sep="|", end="")
        print("\udcff", file=sys.stderr)
        open("out.bin", "wb").write(b"x")
        return 9

    [result] = run_case(case(["\udcfe"]), InProcess(main, prefix=["--fix", "all"]), inputs)
    assert result == StepResult(9, b"1 0 0 5\n|--fix|all|\xfe", {"out.bin": b"x"})
    assert result.stderr == b"\xff\n"


def test_in_process_exception_is_status_1_with_traceback(inputs):
    def main(argv):
        raise ZeroDivisionError("bad luck")

    [result] = run_case(case([]), InProcess(main), inputs)
    assert result.exit == 1
    assert b"ZeroDivisionError: bad luck" in result.stderr


def test_saved_results_are_read_back_unchanged(tmp_path):
    results = {
        "one": [StepResult(0, b"a\n", {"empty.bin": b"", "a b,[0].img": bytes(range(256))}), StepResult(-11, b"", {})],
        "two": [StepResult(9, b"", {})],
    }
    save_results(tmp_path / "results", results)
    assert load_results(tmp_path / "results") == results


@pytest.fixture
def run_recorder(fake, inputs, tmp_path):
    cases = [Case(name, "fake", ("in.hkl",), ((f"write={name}.bin",),)) for name in ("a", "b", "c")]
    (tmp_path / "cases.jsonl").write_text("".join(case.to_json() + "\n" for case in cases))
    files = ["--cases", tmp_path / "cases.jsonl", "--inputs", inputs, "--out", tmp_path / "out.npz"]

    def run(*more):
        return recorder.main(list(map(str, ["--program", fake, *files, *more])))

    run.out = tmp_path / "out.npz"
    return run


def test_recorder_records_every_case(run_recorder):
    assert run_recorder() == 0
    recorded = load_results(run_recorder.out)
    assert {name: set(steps[0].files) for name, steps in recorded.items()} == {n: {f"{n}.bin"} for n in "abc"}


def test_recorder_with_only_and_merge_replaces_these_and_keeps_the_others(run_recorder):
    old = {"a": [StepResult(5, b"old", {})], "z": [StepResult(6, b"kept", {})]}
    save_results(run_recorder.out, old)
    assert run_recorder("--only", "a", "--merge") == 0
    recorded = load_results(run_recorder.out)
    assert set(recorded) == {"a", "z"}
    assert recorded["z"] == old["z"]
    assert recorded["a"][0].exit == 0


def test_recorder_without_merge_starts_anew(run_recorder):
    save_results(run_recorder.out, {"z": [StepResult(0, b"", {})]})
    assert run_recorder("--only", "b") == 0
    assert set(load_results(run_recorder.out)) == {"b"}


def test_recorder_refuses_unknown_case(run_recorder, capsys):
    assert run_recorder("--only", "a", "nonsense") == 2
    assert "nonsense" in capsys.readouterr().err
    assert not run_recorder.out.exists()


def test_recorder_keeps_nothing_of_a_run_that_timed_out(run_recorder, tmp_path, capsys):
    (tmp_path / "cases.jsonl").write_text(case(["hang"]).to_json() + "\n")
    assert run_recorder("--timeout", "1") == 1
    assert "one step 0" in capsys.readouterr().err
    assert not run_recorder.out.exists()
