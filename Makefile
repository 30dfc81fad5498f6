# make demo     render an image of a protein crystal and make a picture of it
# make test     style, and the test suite
# make docs     build the documentation into build/site
# make nightly  the same with its slow tests: large images, thousands of random scenes, other processors
# make oldest   the tests with the oldest versions of what nbport needs; with PYTHON=python3.10 the oldest Python too
# make mutants  the tests on hundreds of deliberate faults, hours; goes on where it was stopped
# make clean    remove what was made, except for the virtual environment
#
# Needs Python 3.10 or newer with venv; PYTHON=python3.12 chooses another than python3.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test docs nightly oldest mutants clean

demo: $(VENV)/.has-demo
	$(BIN)/python demo/render.py

# with CUDA's compiler, half a gigabyte, for the tests of the GPU kernel, which need no GPU
test: $(VENV)/.has-test,cuda
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest

# without Material's announcement of its successor
docs: $(VENV)/.has-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

nightly: $(VENV)/.has-test,cuda
	$(BIN)/python -m pytest --slow

# without examples of the documentation: their last digits are those of a newer NumPy's sums
oldest:
	$(PYTHON) -m venv $(VENV)-oldest
	mkdir -p build
	grep -oE '"[a-z0-9-]+>=[0-9.]+' pyproject.toml | sed 's/"\(.*\)>=\(.*\)/\1==\2/' | sort -u > build/oldest.txt
	$(VENV)-oldest/bin/python -m pip install --quiet --disable-pip-version-check -c build/oldest.txt -e '.[test]'
	$(VENV)-oldest/bin/python -m pytest --deselect tests/test_docs_examples.py

mutants: $(VENV)/.has-test,cuda
	$(BIN)/python -m tests.mutants run
	$(BIN)/python -m tests.mutants report

$(VENV)/.has-%: pyproject.toml setup.py | $(BIN)/pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	touch $@

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf build dist *.egg-info demo/output .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
