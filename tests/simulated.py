"""Runs recorded cases on the simulated GPU and compares: NUMBA_ENABLE_CUDASIM=1 python -m tests.simulated CASE ...

After --parts each sub-pixel is a launch of its own.

The last line is a JSON object: for each case the kernel that the report names, and the differences.
"""

import json
import sys

from c_reference.cases import HERE, load_cases, load_results, run_case
from c_reference.compare import compare_case
from c_reference.runners import InProcess
from nbport.compilation.loading import compiled


def main(names):
    """Print what became of each case."""
    from nbport.cli.nanobragg_command import main as command

    if names[0] == "--parts":
        compiled("gpu.tiles").TERMS_A_PART = 1
    results = {}
    for group in ("quirk", "random"):
        recorded = load_results(HERE / f"{group}.npz")
        for case in load_cases(HERE / f"{group}.jsonl"):
            if case.id not in names:
                continue
            got = run_case(case, InProcess(command, prefix=("--device", "cuda", "--kernel-report")))
            differences = compare_case(recorded[case.id], got, case.steps, case.id)
            reports = [line for step in got for line in step.stderr.decode().splitlines() if "kernel: " in line]
            results[case.id] = {"reports": reports, "differences": [str(d)[:500] for d in differences]}
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1:])
