"""Which sources kernels are made of, found by looking at every compiled function, and the key of their cache."""

import ast
import re
import shutil
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

from nbport.compilation import loading
from nbport.compilation.loading import compiled_modules

ROOT = loading.PACKAGE.parent
NEEDS_CUDA = {"cuda_kernel.py", "operations.py"}


def in_the_key():
    """Files that the key depends on."""
    named = {path for name in loading.COMPILED for path in loading.PACKAGE.glob(name)}
    return named | set((ROOT / "kernels").glob("*.py"))


def module_name(path):
    """As it is imported: kernels/ is a part of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("nbport", *parts) if parts[0] == "kernels" else parts)


@cache
def statements(path):
    """Of a module: where imported names come from, and the names that its own values are made from."""
    imported, made_from = {}, {}
    package = module_name(path).split(".")[:-1]
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
            for alias in node.names:
                imported[alias.asname or alias.name] = base, alias.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            used = {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for part in (part for target in targets for part in ast.walk(target)):
                if isinstance(part, ast.Name):
                    made_from[part.id] = used
    return imported, made_from


def files_of_value(path, name, seen):
    """Files that a global name of a module takes its value from, beside the module itself."""
    if (path, name) in seen:
        return set()
    seen.add((path, name))
    imported, made_from = statements(path)
    if name in imported:
        base, original = imported[name]
        module = import_module(base)
        inner = getattr(module, original, None)
        source = Path((inner if isinstance(inner, ModuleType) else module).__file__).resolve()
        return {source} | files_of_value(source, original, seen)
    return {file for other in made_from.get(name, ()) for file in files_of_value(path, other, seen)}


def names_in(code):
    """Names that a function uses, with those of functions in it."""
    return set(code.co_names).union(*(names_in(part) for part in code.co_consts if hasattr(part, "co_names")))


def files_of_function(function, seen):
    """Files that a function is compiled from, beside its own."""
    path = Path(function.__code__.co_filename).resolve()
    if ROOT not in path.parents or function in seen:
        return set()
    seen.add(function)
    used = [(name, function.__globals__[name]) for name in names_in(function.__code__) if name in function.__globals__]
    values = [value for _, value in used]
    values += [cell.cell_contents for cell in function.__closure__ or ()]
    found = {file for name, _ in used for file in files_of_value(path, name, set())}
    for value in values:
        inner = getattr(value, "py_func", value)
        if isinstance(inner, FunctionType):
            file = Path(inner.__code__.co_filename).resolve()
            found |= {file} - {path} | files_of_function(inner, seen)
    return {file for file in found if ROOT in file.parents and ".venv" not in file.parts}


def compiled_functions():
    """Every function that Numba compiles, in every module that can be imported without a GPU."""
    sources = [*loading.PACKAGE.rglob("*.py"), *(ROOT / "kernels").glob("*.py")]
    with compiled_modules():
        modules = [import_module(module_name(path)) for path in sources if compiles(path)]
    values = [value for module in modules for value in vars(module).values()]
    # those of nan_signs.careful are in the closure of what it returns
    values += [c.cell_contents for v in values if isinstance(v, FunctionType) for c in v.__closure__ or ()]
    return {value.py_func for value in values if hasattr(value, "py_func")}


def compiles(path):
    """Whether a module compiles functions, itself or by a decorator from another one."""
    words = {node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)}
    return path.name not in NEEDS_CUDA and bool(words & {"njit", "jitted", "cached", "inlined", "scalar"})


def test_key_covers_every_module_that_calls_the_compiler():
    calling = {path for path in loading.PACKAGE.rglob("*.py") if re.search(r"\bnjit\b", path.read_text())}
    assert calling
    assert calling - in_the_key() == set()


def test_key_covers_every_module_with_functions_or_constants_of_compiled_functions():
    functions = compiled_functions()
    files = {Path(function.__code__.co_filename).name for function in functions}
    assert {"reference.py", "certified.py", "statistics.py", "scan.py", "hkl.py", "integers.py"} <= files
    seen = set()
    needed = {file for function in functions for file in files_of_function(function, seen)}
    found = {str(path.relative_to(ROOT)) for path in needed}
    assert {"kernels/scalar.py", "nbport/crules/random.py", "nbport/crules/text.py"} <= found
    assert found - {str(path.relative_to(ROOT)) for path in in_the_key()} == set()


@pytest.mark.parametrize(
    ("name", "part"), [("cli/help.py", False), ("options/table.py", False), ("gpu/tiles.py", True)]
)
def test_key_changes_with_the_sources_of_kernels_alone(tmp_path, monkeypatch, name, part):
    root = loading.PACKAGE.parent
    for folder in ("nbport", "kernels"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(loading, "PACKAGE", tmp_path / "nbport")
    before = loading._fingerprint()
    with open(tmp_path / "nbport" / name, "a") as source:
        source.write("# changed\n")
    assert (loading._fingerprint() != before) == part
