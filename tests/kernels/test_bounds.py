"""Bounds have one home each: the documentation has its numbers from there, and they cover what they are made of."""

import re
import sys

import mpmath
import pytest

from c_reference.cases import HERE
from nbport.compilation.loading import compiled
from nbport.kernels import bounds, elementary

ROOT = HERE.parent
mixed = compiled("gpu.mixed")
NUMBER = r"-?[\d.]+(?:e-?\d+)?"
SCIENTIFIC = re.compile(r"(?<![\w.])\d[\d.]*e-?\d+\b")
IN_TABLE = re.compile(rf"^\| `([A-Z]\w+)` \| (2\^-?\d+|{NUMBER}) \|", re.MULTILINE)
KERNELS = (ROOT / "docs" / "kernels.md").read_text(encoding="utf-8")
GPU = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8").split("\n## Mixed precision\n")[1].split("\n## ")[0]
U = bounds.HALF_ULP


def named(module):
    """Names and values of a module's own numbers."""
    return {name: value for name, value in vars(module).items() if name.isupper() and type(value) in (int, float)}


def tabulated(text):
    """Name and value, as text, of every bound in a table."""
    rows = IN_TABLE.findall(text)
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def number(text):
    return 2.0 ** int(text[2:]) if text.startswith("2^") else float(text)


def test_page_of_the_kernels_has_every_bound_with_the_value_of_the_code():
    assert {name: number(text) for name, text in tabulated(KERNELS).items()} == named(bounds)


def test_page_of_the_gpu_has_every_bound_with_the_value_of_the_code():
    table, source = tabulated(GPU), (ROOT / "nbport" / "gpu" / "mixed.py").read_text(encoding="utf-8")
    assigned = ", ".join(re.findall(r"^([A-Z][A-Z0-9_, ]*) = ", source, re.MULTILINE)).split(", ")
    own = {name: value for name, value in named(mixed).items() if name in assigned}
    assert set(table) == own.keys()
    for name, text in table.items():
        digits = len(re.sub(r"e.*|\.", "", text)) if not text.startswith("2^") else 17
        assert float(f"{own[name]:.{digits - 1}e}") == number(text), name


@pytest.mark.parametrize("text, where", [(KERNELS, bounds), (GPU, mixed)], ids=["kernels.md", "gpu.md"])
def test_numbers_outside_of_the_tables_are_named_instead(text, where):
    prose = re.sub(r"\d\S* \(`[A-Z]\w+`\)", "", IN_TABLE.sub("", text))
    assert SCIENTIFIC.findall(prose) == []
    mentioned = set(re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*)`", text))
    assert mentioned - named(where).keys() - named(bounds).keys() == set()


def test_number_beside_a_name_in_the_prose_is_the_code_s():
    beside = re.findall(rf"({NUMBER}) \(`([A-Z]\w+)`\)", GPU)
    assert beside
    assert all(float(text) == getattr(mixed, name) for text, name in beside)


def test_kernels_have_no_bounds_without_a_name():
    """Physical constants and decompositions apart, small and large numbers of the kernels are in bounds.py."""
    for path in sorted((ROOT / "kernels").glob("*.py")):
        code = re.sub(r'""".*?"""|#[^\n]*|"[^"\n]*"', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        if path.name == "elementary.py":
            code = code[: code.index("INV_PI = ")] + code[code.index("def _has_fma") :]
        if path.name != "bounds.py":
            assert SCIENTIFIC.findall(code) == [], path.name
            assert re.findall(r"2(?:\.0)?\*\*-\d+", code) == [], path.name


def test_messages_of_obstacles_show_the_limits_of_the_code():
    text = (ROOT / "kernels" / "certificate.py").read_text(encoding="utf-8")
    shown = {float(x) for x in re.findall(r"\d+e-?\d+", " ".join(re.findall(r'return "(.*)"', text)))}
    assert shown
    assert shown <= set(named(bounds).values())


def test_quotients_of_coordinates_do_not_underflow():
    least = 2.0**-60 * bounds.DIRECTION_LEAST**2 / (2.0**33 * bounds.LENGTH_LIMIT)
    # of a quotient, its remainder has 106 bits
    assert least * 2.0**-106 > sys.float_info.min


def test_reduction_is_within_its_bound():
    with mpmath.workprec(300):
        missing = mpmath.pi - mpmath.mpf(elementary.PI_A) - elementary.PI_B
        assert abs(missing) < mpmath.mpf(2) ** -108
        assert bounds.SIN_LIMIT_FMA / mpmath.pi < 2**29
        assert 2**29 * abs(missing) / bounds.TINY + U <= bounds.REDUCTION_ERROR
        missing = mpmath.pi - mpmath.mpf(elementary.PI_1) - elementary.PI_2 - elementary.PI_3
        missing = bounds.SIN_LIMIT_PLAIN * (abs(missing) + elementary.PI_3 * U)
        assert missing / bounds.TINY + 2 * U <= bounds.REDUCTION_ERROR


def test_bounds_of_functions_cover_polynomial_reduction_and_evaluation():
    assert bounds.SIN_SHORT_ERROR + bounds.REDUCTION_ERROR + 10 * U <= bounds.SIN_ERROR
    assert bounds.EXP_SHORT_ERROR + 20 * U <= bounds.EXP_ERROR
    assert bounds.SIN_LONG_ERROR + bounds.COS_LONG_ERROR + 20 * U <= bounds.SINC3_ERROR
    assert 2 * 2.0**-51 + 2.0**-52 + 2.0**-51 <= bounds.COS2PSI_ERROR
