# make demo     render an image of a protein crystal and make a picture of it
# make test     style, types, and the test suite on all processors
# make lint     style alone
# make types    the types alone: mypy, strict where setup.cfg does not list a room
# make coverage the test suite with the branches that it takes outside of compiled code
# make docs     build the documentation into build/site
# make nightly  the same with its slow tests: large images, thousands of random scenes, other processors
# make oldest   the tests with the oldest versions of what nbport needs; with PYTHON=python3.10 the oldest Python too
# make newest   the tests with the newest versions, in an environment of their own
# make dist     build the source archive and the wheel into dist, and check them
# make mutants  the tests on hundreds of deliberate faults, hours; goes on where it was stopped
# make clean    remove what was made, except for the virtual environment
#
# Needs Python 3.10 or newer with venv; PYTHON=python3.12 chooses another than python3.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# contiguous parts of the suite, so that modules stay together; who is done takes from the others
PARALLEL = -n auto --dist worksteal

.PHONY: demo test lint types coverage docs nightly oldest newest dist mutants clean

demo: $(VENV)/.has-demo
	$(BIN)/python demo/render.py

# with CUDA's compiler, half a gigabyte, for the tests of the GPU kernel, which need no GPU
test: $(VENV)/.has-test,cuda lint types
	$(BIN)/python -m pytest $(PARALLEL)

lint: $(VENV)/.has-test,cuda
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.has-test,cuda
	$(BIN)/mypy

coverage: $(VENV)/.has-test,cuda
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=term-missing

# without Material's announcement of its successor
docs: $(VENV)/.has-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

nightly: $(VENV)/.has-test,cuda
	$(BIN)/python -m pytest $(PARALLEL) --slow

# without examples of the documentation: their last digits are those of a newer NumPy's sums
oldest:
	$(PYTHON) -m venv $(VENV)-oldest
	mkdir -p build
	grep -oE '"[a-z0-9-]+>=[0-9.]+' pyproject.toml | sed 's/"\(.*\)>=\(.*\)/\1==\2/' | sort -u > build/oldest.txt
	$(VENV)-oldest/bin/python -m pip install --quiet --disable-pip-version-check -c build/oldest.txt -e '.[test]'
	$(VENV)-oldest/bin/python -m pytest --deselect tests/docs/test_examples.py

# without CUDA's compiler, which holds NumPy back
newest:
	$(PYTHON) -m venv $(VENV)-newest
	$(VENV)-newest/bin/python -m pip install --quiet --disable-pip-version-check \
		--upgrade --upgrade-strategy eager -e '.[test]'
	$(VENV)-newest/bin/python -m pytest

dist: $(VENV)/.has-test,cuda
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

mutants: $(VENV)/.has-test,cuda
	$(BIN)/python -m tests.mutants run
	$(BIN)/python -m tests.mutants report

$(VENV)/.has-%: pyproject.toml setup.py | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf build dist .coverage .mypy_cache *.egg-info demo/output .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
