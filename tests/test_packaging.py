"""What imports what, what may print, and what a wheel holds."""

import ast
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from c_reference.cases import HERE, load_cases, load_results

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


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Folder with a source archive of this tree, and a wheel made from that, by the tools of this environment."""
    pytest.importorskip("build")
    pytest.importorskip("build_manpages")
    folder = tmp_path_factory.mktemp("wheel")
    tracked = ["pyproject.toml", "setup.py", "README.md", "LICENSE", "nbport", "kernels"]
    copy = folder / "copy"
    copy.mkdir()
    for name in tracked:
        source = ROOT / name
        files = [source] if source.is_file() else [path for path in source.rglob("*.*") if path.suffix != ".pyc"]
        for path in files:
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, copy]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


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
    assert (tmp_path / "clean" / "share" / "man" / "man1" / "nanoBragg.1").is_file()


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


def test_wheel_holds_the_packages_the_man_page_and_the_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for folder, package in (("nbport", "nbport"), ("kernels", "nbport/kernels")):
        for path in (ROOT / folder).rglob("*.py"):
            assert str(Path(package, path.relative_to(ROOT / folder))) in names
    assert [name for name in names if name.endswith("data/share/man/man1/nanoBragg.1")]
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
