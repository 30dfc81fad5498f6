"""How ranges, steps and counts follow from those that are given."""

import math

import pytest

from nbport.parameters import RTD
from nbport.run import Axis
from nbport.setup.sampling import plan_mosaic, plan_phi, plan_spread, plan_thickness

NO = -1.0


@pytest.mark.parametrize(
    "given, expected",
    [
        (Axis(NO, NO, -1), Axis(0.0, 0.0, 1)),
        (Axis(3.0, NO, -1), Axis(3.0, 1.5, 2)),
        (Axis(NO, 0.5, -1), Axis(0.5, 0.5, 2)),
        (Axis(1.0, 0.3, -1), Axis(1.0, 0.3, 4)),
        (Axis(NO, NO, 4), Axis(1.0 / RTD, 1.0 / RTD / 4, 4)),
        (Axis(NO, 0.2, 5), Axis(0.2, 0.2, 2)),
        (Axis(3.0, NO, 4), Axis(3.0, 0.75, 4)),
        (Axis(0.0, 1.0, -1), Axis(0.0, 1.0, 0)),
        (Axis(0.0, NO, 3), Axis(0.0, 0.0, 3)),
        (Axis(NO, NO, 0), Axis(1.0 / RTD, 1.0 / RTD, 1)),
    ],
)
def test_spindle_is_planned_by_its_rules(given, expected):
    assert plan_phi(given) == expected


@pytest.mark.parametrize(
    "given, expected",
    [
        (Axis(NO, NO, -1), Axis(0.0, 0.0, 1)),
        (Axis(2.0, NO, -1), Axis(2.0, 2.0, 2)),
        (Axis(NO, NO, 3), Axis(1.0, 1.0 / 3, 3)),
        (Axis(2.0, NO, 5), Axis(2.0, 0.5, 5)),
        (Axis(2.0, NO, 1), Axis(2.0, 2.0, 2)),
        (Axis(NO, 0.5, 7), Axis(0.5, 0.5, 2)),
        (Axis(2.0, 0.7, -1), Axis(2.0, 0.7, 3)),
    ],
)
def test_divergence_is_planned_by_its_rules(given, expected):
    assert plan_spread(given) == expected


@pytest.mark.parametrize(
    "given, expected",
    [
        (Axis(3e-4, NO, -1), Axis(3e-4, 1.5e-4, 2)),
        (Axis(3e-4, NO, 1), Axis(3e-4, 3e-4, 2)),
        (Axis(3e-4, NO, 4), Axis(3e-4, 1e-4, 4)),
        (Axis(-5e-6, NO, 3), Axis(0.5e-6, 0.5e-6 / 3, 3)),
        (Axis(-5e-6, NO, -1), Axis(0.0, 0.0, 1)),
    ],
)
def test_sensor_is_planned_by_its_rules(given, expected):
    plan = plan_thickness(given)
    assert (plan.range, plan.steps) == (expected.range, expected.steps)
    assert math.isclose(plan.step, expected.step, rel_tol=1e-15)


@pytest.mark.parametrize(
    "spread, domains, expected, warned",
    [
        (-1.0, -1, (0.0, 1), False),
        (0.1, -1, (0.1, 10), True),
        (0.0, -1, (0.0, 1), False),
        (-1.0, 5, (0.0, 1), True),
        (0.0, 5, (0.0, 1), True),
        (0.1, 5, (0.1, 5), False),
    ],
)
def test_mosaic_is_planned_by_its_rules(spread, domains, expected, warned):
    said = []
    assert plan_mosaic(spread, domains, lambda template, *values: said.append(template)) == expected
    assert bool(said) == warned
