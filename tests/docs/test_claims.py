"""The tree has what its documents name, and its files for other programs are right."""

import re
import sys

import pytest

from c_reference.cases import HERE
from nbport import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = HERE.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), HERE / "README.md"]
MADE = {"docs/gallery.md", "docs/options.md"}  # by `make docs`
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
PYTHONS = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)]


def of_yaml(name):
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def missing_links(document, text):
    """Relative links that lead to no file."""
    targets = {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target}
    places = {(document.parent / target).resolve() for target in targets if target}
    return {str(path) for path in places if not path.exists()} - {str(ROOT / name) for name in MADE}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_document_names_is_there(document):
    text = document.read_text(encoding="utf-8")
    assert missing_links(document, text) == set()
    assert set(re.findall(r"`make ([a-z]+)", text)) - TARGETS == set()
    extras = {name for names in re.findall(r"nbport\[([a-z0-9,]+)\]", text) for name in names.split(",")}
    assert extras - set(PROJECT["optional-dependencies"]) == set()


def test_what_is_missing_is_found():
    assert missing_links(ROOT / "README.md", "[a](docs/no_such.md#x) [b](docs/index.md)") == {
        str(ROOT / "docs" / "no_such.md")
    }


def test_documents_name_files_targets_and_extras():
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    assert "`make test" in text and "nbport[view]" in text and "`nbport/" in text


def test_makefile_describes_every_target_and_has_those_it_describes():
    described = re.findall(r"^# make ([a-z]+) ", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(described) == TARGETS


def test_oldest_versions_cover_every_lower_bound_of_what_is_tested():
    """`make oldest` finds lower bounds by their look; extras that name other extras must not hide one."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = set(re.findall(r'"([a-z0-9-]+)>=[0-9.]+', text))
    wanted, extras = set(PROJECT["dependencies"]), ["test"]
    for extra in extras:
        for requirement in PROJECT["optional-dependencies"][extra]:
            own = re.fullmatch(r"nbport\[([a-z0-9,]+)\]", requirement)
            extras += [name for name in own[1].split(",") if name not in extras] if own else []
            wanted |= set() if own else {requirement}
    assert {"completion", "hkl", "nexus", "progress", "series", "view"} <= set(extras)
    assert {re.match(r"[\w-]+", requirement)[0] for requirement in wanted} <= found


def test_workflow_runs_targets_of_the_makefile_with_every_python():
    flow = of_yaml(".github/workflows/tests.yml")
    assert set(flow[True]) >= {"push", "pull_request"}  # YAML 1.1 reads "on" as true
    assert flow["permissions"] == {"contents": "read"}
    runs = {}
    for name, job in flow["jobs"].items():
        assert re.fullmatch(r"ubuntu-\d+\.04", job["runs-on"]) and job["timeout-minutes"] > 0
        for step in job["steps"]:
            assert len({"uses", "run"} & set(step)) == 1
            if "uses" in step:
                assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
            else:
                target = re.fullmatch(r"make ([a-z]+) PYTHON=python", step["run"])[1]
                assert target in TARGETS
                runs.setdefault(name, []).append(target)
    assert runs == {"lint": ["lint"], "tests": ["test"], "oldest": ["oldest"], "newest": ["newest"], "dist": ["dist"]}
    assert flow["jobs"]["tests"]["strategy"]["matrix"]["python"] == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    [oldest] = [step["with"] for step in flow["jobs"]["oldest"]["steps"] if "python-version" in step.get("with", {})]
    assert oldest["python-version"] == PYTHONS[0]


def test_hooks_before_a_commit_are_local_and_are_those_of_make_lint():
    config = of_yaml(".pre-commit-config.yaml")
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert [hook["language"] for hook in hooks] == ["system"] * len(hooks)
    entries = [hook["entry"].split()[:2] for hook in hooks]
    assert entries == [[".venv/bin/ruff", "check"], [".venv/bin/ruff", "format"]]
    rules = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    assert all(f"$(BIN)/ruff {entry[1]} " in rules for entry in entries)


def test_citation_is_of_this_version_and_names_the_reference_program():
    citation = of_yaml("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert (citation["title"], citation["version"], citation["license"]) == ("nbport", __version__, PROJECT["license"])
    [reference] = citation["references"]
    assert [author["family-names"] for author in reference["authors"]] == ["Holton", "Frankel"]
    assert reference["repository-code"] == PROJECT["urls"]["Reference program"]
    assert f"commit `{reference['commit']}`" in (ROOT / "README.md").read_text(encoding="utf-8")
