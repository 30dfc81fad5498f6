"""Deliberate faults: does a test notice when the program is wrong? `make mutants`, or `python -m tests.mutants run`.

A fault is a small change of one function: an operator, a comparison, a constant, a statement left out, two arguments
swapped. Most are chosen by digest from all that `generator.py` can make of the modules in `modules.py`; others, which
stand for mistakes that people make (millimetres for metres, a lock that is missing), are written down in `by_hand.py`.
For each, the tests of its module run in a copy of the tree until the first of them fails.

    python -m tests.mutants list                     the faults, none of them run
    python -m tests.mutants run                      run those without a verdict; goes on after a kill
    python -m tests.mutants run --shard 1/2          every second one, for a second process
    python -m tests.mutants run --modules nexus      those of some modules
    python -m tests.mutants run --again survived     once more those that were not noticed
    python -m tests.mutants show survived            their differences
    python -m tests.mutants report                   the score

Verdicts are lines of JSON in `build/mutants/`. A fault is known by its module, function and text, so moving a file or
adding a line elsewhere leaves its verdict alone, and a change of its function asks for a new one if the text went.

- killed: a test failed, or the process died;
- timed out: no end within several times what the tests take without a fault; it counts as killed;
- unseen: survived, and `unseen.py` says why no test can see it;
- survived: a gap in the tests.

Numba's compiled functions are no obstacle, since the faults are in the source: each runs with a kernel cache of its
own, which begins with what the fault does not reach (`workplace.py`). mutmut passes over decorated functions, which
are all that is compiled, and cosmic-ray has one command of tests for all modules and changes files in place.
"""
