"""Random numbers: against the published generators, and against the recorded noise of the reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from c_reference.cases import HERE, load_cases, load_results
from nbport.crules.random import gammln, gaussdev, mosaic_rotation_umat, new_statics, new_table, poidev, ran1
from nbport.setup.mosaic import mosaic_umats
from nbport.system.stopping import Stop

MODULUS = 2**31 - 1
ADC_OFFSET = 40


class BaysDurham:
    """Park and Miller's generator (16807 times, modulo 2**31-1) with a shuffle table of 32, in whole numbers.

    As the reference has it: a stream begins anew, with a new table, when its number is zero or less.
    """

    def __init__(self):
        self.table, self.last = [0] * 32, 0

    def draw(self, number):
        if number <= 0 or not self.last:
            number = max(-number, 1)
            sequence = []
            for _ in range(40):
                number = 16807 * number % MODULUS
                sequence.append(number)
            # the first eight are thrown away, the rest fills the table from its end
            self.table = sequence[:7:-1]
            self.last = self.table[0]
        number = 16807 * number % MODULUS
        place = self.last // 2**26
        self.last, self.table[place] = self.table[place], number
        return number, np.float32(min(np.float32(self.last * (1 / MODULUS)), 1 - 1.2e-7))


def drawn(seed, count, table=None):
    idum = np.array([seed])
    table = new_table() if table is None else table
    return np.array([ran1(idum, table) for _ in range(count)], np.float32)


def test_generator_passes_park_and_miller_s_check():
    # they give the 10000th number after 1; here it is the stream's own number, from which the table is filled
    idum, table = np.array([-1]), new_table()
    for _ in range(10000 - 40):
        ran1(idum, table)
    assert idum[0] == 1043618065


@given(st.lists(st.tuples(st.integers(-(2**31), 2**31), st.integers(1, 60)), min_size=1, max_size=5))
def test_streams_that_share_a_table_follow_the_model(streams):
    table, model = new_table(), BaysDurham()
    for seed, count in streams:
        expected, number = [], seed
        for _ in range(count):
            number, value = model.draw(number)
            expected.append(value)
        assert drawn(seed, count, table).tobytes() == np.array(expected, np.float32).tobytes()


def test_seeds_zero_and_one_begin_the_same_stream():
    assert np.array_equal(drawn(0, 50), drawn(-1, 50))


def test_stream_that_reaches_zero_begins_anew():
    table = new_table()
    drawn(-1, 1, table)
    # 2**31 - 1 times anything is 0 modulo itself
    assert np.array_equal(drawn(MODULUS, 50, table)[1:], drawn(0, 49))


def test_uniform_deviates_are_uniform():
    values = drawn(-7, 50000)
    assert 0.0 < values.min() and values.max() < 1.0
    counts, _ = np.histogram(values, bins=50, range=(0, 1))
    # chi squared of 49 degrees of freedom: mean 49, standard deviation 10
    assert ((counts - 1000) ** 2 / 1000).sum() < 100


def test_gaussian_deviates_have_mean_zero_and_variance_one():
    idum, table, statics = np.array([-3]), new_table(), new_statics()
    values = np.array([gaussdev(idum, table, statics) for _ in range(20000)])
    assert abs(values.mean()) < 0.03
    assert abs(values.var() - 1) < 0.04
    assert abs((values**4).mean() - 3) < 0.3


@pytest.mark.parametrize("mean", [0.0, 0.3, 5.0, 11.9, 12.0, 100.0, 40000.0, 2e6])
def test_poisson_deviates_have_the_mean_and_the_variance_of_poisson(mean):
    idum, table, statics = np.array([-5]), new_table(), new_statics()
    values = np.array([poidev(np.float32(mean), idum, table, statics) for _ in range(4000)])
    assert mean > 1e6 or np.array_equal(values, np.round(values))
    assert abs(values.mean() - mean) <= 4 * (mean / 4000) ** 0.5
    assert abs(values.var() - mean) <= 0.12 * mean


@pytest.mark.parametrize("n", [1, 2, 5, 10, 20])
def test_gamma_function_of_whole_numbers_is_the_factorial(n):
    expected = np.log(np.arange(1, n, dtype=float)).sum()
    assert gammln(np.float32(n)) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(st.floats(0, 3), st.integers(-(2**31), -1))
def test_mosaic_rotations_are_rotations_within_the_spread(spread, seed):
    umat = np.empty(9)
    mosaic_rotation_umat(np.float32(spread), np.array([seed]), new_table(), umat)
    matrix = umat.reshape(3, 3)
    assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(matrix) == pytest.approx(1, abs=1e-6)
    angle = np.arccos(np.clip((np.trace(matrix) - 1) / 2, -1, 1))
    assert angle <= spread * (1 + 1e-6) + 1e-3


def test_first_domain_is_not_turned_but_takes_its_random_numbers():
    one, two = new_table(), new_table()
    umats = mosaic_umats(0.1, 2, -12345678, one, Stop())
    assert np.array_equal(umats[0], np.eye(3).ravel())
    idum = np.array([-12345678])
    for _ in range(3):
        ran1(idum, two)
    umat = np.empty(9)
    mosaic_rotation_umat(np.float32(0.1), idum, two, umat)
    assert np.array_equal(umats[1], umat)
    assert np.array_equal(one, two)


def recorded_noise():
    """Cases with noise of one known seed, one mosaic domain, no mask and the default offset."""
    others = ("mosaic", "misset", "adc", "mask", "img", "roi", "file")
    results = load_results(HERE / "quirk.npz")
    for case in load_cases(HERE / "quirk.jsonl"):
        argv = case.steps[0]
        files = results[case.id][0].files
        plain = argv.count("-seed") == 1 and not any(word in token for token in argv for word in others)
        finite = np.isfinite(np.frombuffer(files.get("floatimage.bin", b""), np.float32)).all()
        if plain and finite and "noiseimage.img" in files:
            yield pytest.param(int(argv[argv.index("-seed") + 1]), files, id=case.id)


@pytest.mark.parametrize(("seed", "files"), list(recorded_noise())[:40])
def test_noise_of_a_recorded_image_is_the_recorded_noise(seed, files):
    photons = np.frombuffer(files["floatimage.bin"], np.float32)
    expected = np.frombuffer(files["noiseimage.img"], np.uint16)[-photons.size :]
    table, statics, idum = new_table(), new_statics(), np.array([-seed])
    mosaic_umats(0.0, 1, -12345678, table, Stop())
    noise = [float(poidev(mean, idum, table, statics)) + ADC_OFFSET for mean in photons]
    assert np.array_equal(np.minimum(noise, 65535).astype(np.uint16), expected)
