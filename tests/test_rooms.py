"""The order in which rooms may import each other, as docs/architecture.md has it."""

import ast
import re

from c_reference.cases import HERE

ROOT = HERE.parent
# each room uses only those above it, and modules of its own
ROOMS = re.findall(r"^\| `(\w+)(?:/|\.py)` \|", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), re.M)
NAMED = re.compile(r"^(compiled|import_module)$")


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = ("nbport", *parts) if parts[0] == "kernels" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for folder in ("nbport", "kernels") for path in sorted((ROOT / folder).rglob("*.py"))}


def imported(name):
    """Modules of the project that a module imports, at its top or later, for types or by `compiled("NAME")`."""
    path = MODULES[name]
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, node.module] if node.module else base)
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base
        elif isinstance(node, ast.Call) and NAMED.match(ast.unparse(node.func)) and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and f"nbport.{argument.value}" in MODULES:
                yield f"nbport.{argument.value}"


ARROWS = {
    (name, other)
    for name in MODULES
    for other in imported(name)
    if other in MODULES and other not in (name, "nbport") and name != "nbport"
}


def room(name):
    return name.split(".")[1]


def test_every_room_has_its_place():
    assert ROOMS
    assert {room(name) for name in MODULES if name != "nbport"} == set(ROOMS)
    assert len(set(ROOMS)) == len(ROOMS)


def test_rooms_use_only_rooms_above_them():
    assert ARROWS
    climbing = {(a, b) for a, b in sorted(ARROWS) if ROOMS.index(room(a)) < ROOMS.index(room(b))}
    assert climbing == set()


def test_no_module_imports_itself_by_way_of_others():
    left = set(MODULES)
    while True:
        free = {name for name in left if not any(a == name and b in left for a, b in ARROWS)}
        if not free:
            break
        left -= free
    assert left == set()
