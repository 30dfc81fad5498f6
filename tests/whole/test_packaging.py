"""What imports what, what may print, and what a source archive and a wheel hold."""

import ast
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from c_reference.cases import HERE, load_cases, load_results
from nbport.cli.nbport_command import COMMANDS, build_parser
from nbport.options.table import FLAGS, OWN_FLAGS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = HERE.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
KERNELS_MAY_IMPORT = {"math", "typing", "platform", "numpy", "numba", "llvmlite"}  # the last comes with numba
# a process that a signal ends, and the process that does work for another one within a time limit
MAY_EXIT = {"__main__.py", "process.py", "time_limit.py"}
# loading.py says on stderr that it compiles, progress.py how far a series is; console.py is that of the other programs
MAY_PRINT = {"cli", "bench"}, {"compilation/loading.py", "programs/console.py", "series/progress.py"}


def modules(folder):
    """Path and syntax tree of every module in a folder."""
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(folder):
    """File name and absolute name of everything that the modules in a folder import."""
    for path, tree in modules(folder):
        package = path.relative_to(ROOT).parent.parts
        package = ("nbport", *package) if package[0] == "kernels" else package
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((path.name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else ()
                base = [*base, node.module] if node.module else base
                yield from ((path.name, ".".join([*base, alias.name])) for alias in node.names)


def test_kernels_import_only_numpy_numba_and_each_other():
    found = set(imports("kernels"))
    assert found
    own = {(where, name) for where, name in found if name.startswith("nbport.kernels.")}
    assert {(where, name) for where, name in found - own if name.split(".")[0] not in KERNELS_MAY_IMPORT} == set()


def test_formats_import_no_kernel():
    found = set(imports("nbport/formats"))
    assert found
    assert {(where, name) for where, name in found if name.startswith(("nbport.kernels", "nbport.setup"))} == set()


def test_only_the_command_prints_or_exits():
    for folder in ("nbport", "kernels"):
        for path, tree in modules(folder):
            called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
            forbidden = {"exit", "quit", "sys.exit", "os._exit"} if path.name not in MAY_EXIT else set()
            inside = path.relative_to(ROOT / folder)
            if inside.parts[0] not in MAY_PRINT[0] and inside.as_posix() not in MAY_PRINT[1]:
                forbidden |= {"print", "sys.stdout.write", "sys.stderr.write"}
            assert called & forbidden == set(), path


def test_every_package_is_installed():
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "nbport").rglob("__init__.py")}
    packages = {".".join(folder.parts) for folder in folders} | {"nbport.kernels"}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages


def test_runtime_dependencies_are_these_three():
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in PROJECT["project"]["dependencies"]}
    assert names == {"numba", "numpy", "fabio"}


def own_files():
    """Every file of the project, by git, or where there is none, by the list in a source archive."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    else:
        listed = (ROOT / "nbport.egg-info" / "SOURCES.txt").read_text(encoding="utf-8").splitlines()
    made = ("nbport.egg-info/", "build/", "PKG-INFO")
    return {name for name in listed if name and not name.startswith(made) and (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Folder with a source archive of this tree, and a wheel made from that, by the tools of this environment."""
    pytest.importorskip("build")
    pytest.importorskip("build_manpages")
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    leftovers = ["build/man/nbport.1", "dist/old.whl", "demo/output/a.png", "tests/__pycache__/a.cpython-311.pyc"]
    for name in [*own_files(), *leftovers]:
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes() if name not in leftovers else b"left over")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, copy]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def unpacked(distributions):
    """The folder that is in the source archive."""
    [path] = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = archive.getnames()
        assert all(not name.startswith(("/", "..")) and "/../" not in name for name in names)
        archive.extractall(distributions / "unpacked")
    [folder] = (distributions / "unpacked").iterdir()
    return folder


def test_source_archive_holds_every_file_of_the_project_and_no_leftovers(unpacked):
    made = {"PKG-INFO"}
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert {name for name in names if not name.startswith("nbport.egg-info/")} == own_files() | made
    for name in own_files() - {"setup.cfg"}:  # to which setuptools adds a section
        assert (unpacked / name).read_bytes() == (ROOT / name).read_bytes(), name


def test_tests_run_in_the_unpacked_source_archive(unpacked):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/whole/test_recorded_cases.py"]
    listed = subprocess.run(
        [*command[:-1], "--collect-only", "-q"], cwd=unpacked, env=environment, capture_output=True, text=True
    )
    assert listed.returncode == 0, listed.stdout[-2000:] + listed.stderr
    done = subprocess.run([*command, "-k", "baseline"], cwd=unpacked, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def check_man_pages(folder):
    """Both pages are there, and name what the commands have."""
    options = (folder / "nanoBragg.1").read_text(encoding="utf-8").replace("\\-", "-")
    left_out = {flag.option for flag in (*FLAGS, *OWN_FLAGS) if rf"\fB{flag.option}" not in options}
    assert left_out == {"--help"}  # as argparse-manpage does it
    tools = (folder / "nbport.1").read_text(encoding="utf-8").replace("\\-", "-")
    [commands] = [action for action in build_parser()._actions if action.dest == "command"]
    assert set(commands.choices) == set(COMMANDS)
    for name, parser in commands.choices.items():
        part = tools.partition(rf".SS \fBnbport {name}\fR")[2].partition("\n.SS ")[0]
        names = [option for action in parser._actions for option in action.option_strings if action.dest != "help"]
        assert part, name
        assert [option for option in names if rf"\fB{option}" not in part] == [], name


@pytest.fixture(scope="module")
def wheel(distributions):
    [path] = distributions.glob("*.whl")
    return path


def test_distributions_pass_the_checks_of_a_registry(distributions):
    pytest.importorskip("twine")
    files = [*distributions.glob("*.whl"), *distributions.glob("*.tar.gz")]
    assert len(files) == 2
    done = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_wheel_is_installed_in_a_clean_environment_with_what_it_needs(wheel, tmp_path):
    bin = tmp_path / "clean" / "bin"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(sys.executable, "-m", "venv", tmp_path / "clean")
    run(bin / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    run(bin / "python", "-m", "pip", "check")
    assert run(bin / "nanoBragg", "--version").startswith("nanoBragg (nbport ")
    assert run(bin / "nbport", "--version").startswith("nbport ")
    where = run(bin / "python", "-c", "import nbport, nbport.kernels.scene; print(nbport.__file__)")
    assert where.startswith(str(tmp_path))
    check_man_pages(tmp_path / "clean" / "share" / "man" / "man1")


def test_editable_mode_installs_the_man_pages(unpacked, tmp_path):
    hook = "from setuptools import build_meta; import sys; build_meta.build_editable(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", hook, tmp_path], cwd=unpacked, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = tmp_path.glob("*.whl")
    zipfile.ZipFile(path).extractall(tmp_path / "editable")
    [folder] = (tmp_path / "editable").glob("*.data/data/share/man/man1")
    check_man_pages(folder)


def test_man_pages_are_made_with_what_a_build_requires():
    code = "import sys; from nbport.cli.nbport_command import build_parser; build_parser(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    outside = {
        "numba",
        "llvmlite",
        "fabio",
        "h5py",
        "gemmi",
        "PIL",
        "dask",
        "distributed",
        "tqdm",
        "cryptography",
        "shtab",
    }
    assert outside & set(done.stdout.split()) == set()
    assert "numpy" in {re.match(r"[\w-]+", requirement)[0] for requirement in PROJECT["build-system"]["requires"]}


def test_page_of_the_package_links_nowhere_that_only_a_clone_has(wheel):
    archive = zipfile.ZipFile(wheel)
    [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = message_from_bytes(archive.read(name))
    page = metadata.get_payload(decode=True).decode()
    assert page.startswith("# nbport\n")
    targets = re.findall(r"\]\(([^)]*)\)", page)
    assert targets
    assert [target for target in targets if not target.startswith("https://")] == []
    assert "<img" not in page and "href=" not in page
    assert metadata.get_all("Project-URL") == ["Reference program, https://github.com/bl831/nanoBragg"]


def test_nothing_that_is_read_can_be_executed():
    """No pickle, no evaluation, no network. Exceptions: numba's cache, and kernels that are made from other kernels."""
    forbidden = {"eval", "exec", "compile", "__import__", "pickle.load", "os.system", "os.popen"}
    modules_forbidden = {"pickle", "marshal", "shelve", "socket", "urllib", "http", "requests", "ftplib", "xmlrpc"}
    seen = set()
    for folder in ("nbport", "kernels"):
        for path, tree in modules(folder):
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
            seen |= {(path.name, name) for name in map(ast.unparse, (c.func for c in calls)) if name in forbidden}
            for call in calls:
                if ast.unparse(call.func) in ("np.load", "numpy.load"):
                    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
                    assert given.get("allow_pickle", "False") == "False", path
        seen |= {(where, name) for where, name in imports(folder) if name.split(".")[0] in modules_forbidden}
    assert seen == {("sound_files.py", "pickle"), ("spelling.py", "exec"), ("spelling.py", "compile")}


def test_wheel_holds_the_packages_their_types_the_man_pages_and_the_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for folder, package in (("nbport", "nbport"), ("kernels", "nbport/kernels")):
        for path in (ROOT / folder).rglob("*.py"):
            assert str(Path(package, path.relative_to(ROOT / folder))) in names
    for command in PROJECT["project"]["scripts"]:
        assert [name for name in names if name.endswith(f"data/share/man/man1/{command}.1")]
    assert "nbport/py.typed" in names
    assert [name for name in names if name.endswith("licenses/LICENSE")]


def test_unpacked_wheel_renders_a_recorded_case(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "run").mkdir()
    [case] = [case for case in load_cases(HERE / "quirk.jsonl") if case.id == "baseline"]
    code = (
        "import sys, nbport; from nbport.cli.nanobragg_command import main;"
        "print(nbport.__file__, file=sys.stderr); sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *case.steps[0]],
        capture_output=True,
        cwd=tmp_path / "run",
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
    )
    assert done.returncode == 0, done.stderr.decode()
    assert str(tmp_path / "site") in done.stderr.decode()
    [recorded] = load_results(HERE / "quirk.npz")[case.id]
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == recorded.files
