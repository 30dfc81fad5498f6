"""MTZ and mmCIF reflection files: columns, pairs, intensities."""

import gzip

import gemmi
import numpy as np
import pytest

from nbport.errors import InputError, OptionError
from nbport.reflections.convert import Settings, convert
from nbport.reflections.data import choose
from tests.crystals import DMIN, as_dict, cif_of, mtz_of, structure_of, unique_F

NAN = np.float32(np.nan)


@pytest.fixture
def data():
    """Unique reflections and some columns of a trigonal crystal, with gaps of each kind."""
    hkl, F = unique_F("trigonal")
    plus, minus = F * np.float32(1.05), F * np.float32(0.9)
    plus[::7], minus[::5] = NAN, NAN
    with_gaps = F.copy()
    with_gaps[3::11] = NAN
    return hkl, {"FP": with_gaps, "F(+)": plus, "F(-)": minus, "I": F * F, "FC": F * np.float32(2.0)}


TYPES = {"FP": "F", "F(+)": "G", "F(-)": "G", "I": "J", "FC": "F", "FreeR_flag": "I"}


def converted(folder, hkl, columns, settings=None, name="trigonal"):
    """Index -> amplitude of the file that an MTZ with some columns becomes, and what was said."""
    path = folder / "x.mtz"
    mtz_of(name, hkl, {label: (TYPES[label], numbers) for label, numbers in columns.items()}).write_to_file(str(path))
    result = convert(path, settings or Settings())
    return as_dict(result.hkl, result.F), result.notes


def asymmetric(index, operations):
    """Index in the asymmetric unit by gemmi, and whether no Friedel mate is on the way."""
    found, number = gemmi.ReciprocalAsu(gemmi.SpaceGroup("P 31 2 1")).to_asu(list(index), operations)
    return tuple(found), number % 2 == 1


def test_amplitudes_come_first_and_are_expanded(tmp_path, data):
    hkl, columns = data
    got, notes = converted(tmp_path, hkl, columns)
    assert "columns: FP (amplitudes)" in notes
    assert "other columns: F(+),F(-) (anomalous pairs of amplitudes); I (intensities); FC (amplitudes)" in notes
    source = as_dict(hkl, columns["FP"])
    operations = structure_of("trigonal").find_spacegroup().operations()
    checked = 0
    for index, F in got.items():
        if operations.is_systematically_absent(list(index)):
            assert F == 0.0
            continue
        assert F == source[asymmetric(index, operations)[0]]
        checked += 1
    present = sum(np.isfinite(list(source.values())))
    assert checked > 2 * present
    assert f"gaps: {len(hkl) - present}, not filled (nanoBragg takes -default_F there)" in notes


def test_anomalous_pairs_stay_apart_and_a_missing_one_is_replaced_by_the_other(tmp_path, data):
    hkl, columns = data
    got, notes = converted(tmp_path, hkl, columns, Settings(columns="F(+),F(-)"))
    assert "columns: F(+),F(-) (anomalous pairs of amplitudes)" in notes
    plus, minus = as_dict(hkl, columns["F(+)"]), as_dict(hkl, columns["F(-)"])
    operations = structure_of("trigonal").find_spacegroup().operations()
    apart = 0
    for index, F in got.items():
        if operations.is_systematically_absent(list(index)):
            continue
        unique, same_hand = asymmetric(index, operations)
        one, other = (plus, minus) if same_hand else (minus, plus)
        if operations.is_reflection_centric(list(index)):
            # both are on the same reflection: the first there is
            one, other = plus, minus
        assert F == (other[unique] if np.isnan(one[unique]) else one[unique])
        apart += not operations.is_reflection_centric(list(index)) and F == minus[unique]
    assert apart > 100


def test_pairs_are_taken_where_there_is_nothing_else(tmp_path, data):
    hkl, columns = data
    pairs = {label: columns[label] for label in ("F(+)", "F(-)", "I", "FC")}
    assert "columns: F(+),F(-) (anomalous pairs of amplitudes)" in converted(tmp_path, hkl, pairs)[1]


def test_intensities_become_their_square_roots_and_negative_ones_zero(tmp_path, data):
    hkl, columns = data
    intensity = columns["I"].copy()
    intensity[10] = -4.0
    got, notes = converted(tmp_path, hkl, {"I": intensity, "FC": columns["FC"]})
    assert "columns: I (intensities)" in notes
    assert "amplitudes: square roots of the intensities; 1 negative ones became 0" in notes
    source = as_dict(hkl, np.sqrt(np.maximum(intensity.astype(float), 0.0)))
    assert {index: got[index] for index in source} == source
    assert got[tuple(hkl[10].tolist())] == 0.0


def test_calculated_amplitudes_are_the_last_resort(tmp_path, data):
    hkl, columns = data
    assert "columns: FC (amplitudes)" in converted(tmp_path, hkl, {"FC": columns["FC"]})[1]


@pytest.mark.parametrize("label", "FC F-calc FWT 2FOFCWT FOFCWT DELFWT F-model FC_ALL F-obs-filled".split())
def test_labels_of_calculated_amplitudes_are_known(label, data):
    columns = {label: ("F", data[1]["FC"]), "F-obs": ("F", data[1]["FP"])}
    assert choose(mtz_of("trigonal", data[0], columns), None, "x.mtz").labels == ("F-obs",)


def test_gaps_F000_and_scale(tmp_path, data):
    hkl, columns = data
    plain, _ = converted(tmp_path, hkl, {"FP": columns["FP"]})
    settings = Settings(fill=3.0, F000=2500.0, scale=2.0)
    got, notes = converted(tmp_path, hkl, {"FP": columns["FP"]}, settings)
    assert got.pop((0, 0, 0)) == 2500.0
    assert "F(000): 2500.0 electrons" in notes
    assert (0, 0, 0) not in plain
    assert {index: F for index, F in got.items() if index in plain} == {i: 2.0 * F for i, F in plain.items()}
    assert {F for index, F in got.items() if index not in plain} == {3.0}


def test_rows_are_sorted_even_with_the_origin(tmp_path, data):
    hkl, columns = data
    path = tmp_path / "x.mtz"
    mtz_of("trigonal", hkl, {"FP": ("F", columns["FP"])}).write_to_file(str(path))
    rows = convert(path, Settings(F000=1.0)).hkl.tolist()
    assert rows == sorted(rows) and [0, 0, 0] in rows


def test_resolution_is_that_of_the_reflections_with_a_number(tmp_path, data):
    hkl, columns = data
    d = structure_of("trigonal").cell.calculate_d_array(hkl)
    F = np.where(d > 6.0, columns["I"], NAN)
    _, notes = converted(tmp_path, hkl, {"FP": F})
    assert f"resolution: {d.max():.2f} - {d[d > 6.0].min():.2f} A" in notes
    assert f"unique reflections: {(d > 6.0).sum()} of {(d > 6.0).sum()} (100.0 %)" in notes


def test_mmcif_gives_what_mtz_gives(tmp_path, data):
    hkl, columns = data
    path = tmp_path / "x.cif"
    path.write_text(cif_of("trigonal", hkl, {"F_meas_au": columns["FP"], "intensity_meas": columns["I"]}))
    one = convert(path)
    assert "columns: FP (amplitudes)" in one.notes
    assert as_dict(one.hkl, one.F) == converted(tmp_path, hkl, {"FP": columns["FP"], "I": columns["I"]})[0]


def test_mmcif_pairs(tmp_path, data):
    hkl, columns = data
    path = tmp_path / "x.cif"
    path.write_text(cif_of("trigonal", hkl, {"pdbx_F_plus": columns["F(+)"], "pdbx_F_minus": columns["F(-)"]}))
    one = convert(path)
    pair = {label: columns[label] for label in ("F(+)", "F(-)")}
    assert as_dict(one.hkl, one.F) == converted(tmp_path, hkl, pair)[0]


def test_friedel_mates_on_rows_of_their_own_stay_apart(tmp_path):
    hkl, F = unique_F("trigonal")
    path = tmp_path / "x.cif"
    acentric = ~structure_of("trigonal").find_spacegroup().operations().centric_flag_array(hkl)
    both = np.concatenate([hkl, -hkl[acentric]])
    path.write_text(cif_of("trigonal", both, {"F_meas_au": np.concatenate([F, F[acentric] * np.float32(0.5)])}))
    found = convert(path)
    got = as_dict(found.hkl, found.F)
    for index, value in as_dict(hkl[acentric], F[acentric]).items():
        assert (got[index], got[tuple(-i for i in index)]) == (value, value / 2)
    assert not [note for note in found.notes if "different values" in note]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(columns="FX"), r"found no columns 'FX' .* expected some of: FP \(amplitudes\); F\(\+\)"),
        (Settings(columns="FP,I"), "found no columns 'FP,I'"),
        (Settings(columns="FreeR_flag"), "found no columns 'FreeR_flag'"),
    ],
)
def test_columns_that_are_not_there_or_mean_something_else_are_refused(tmp_path, data, settings, says):
    hkl, columns = data
    with pytest.raises(InputError, match=says) as error:
        converted(tmp_path, hkl, columns | {"FreeR_flag": columns["I"]}, settings)
    assert "\n" not in str(error.value)


def test_file_without_amplitudes_is_refused(tmp_path, data):
    with pytest.raises(InputError, match="found no column of amplitudes or intensities"):
        converted(tmp_path, data[0], {"FreeR_flag": data[1]["I"]})


def test_file_without_a_number_is_refused(tmp_path, data):
    with pytest.raises(InputError, match="found no reflection with a number in FP"):
        converted(tmp_path, data[0], {"FP": np.full(len(data[0]), NAN)})


def test_compressed_mtz_is_read_whatever_its_name(tmp_path, data):
    plain, _ = converted(tmp_path, data[0], {"FP": data[1]["FP"]})
    for name in ("y.mtz.gz", "y.mtz"):
        (tmp_path / name).write_bytes(gzip.compress((tmp_path / "x.mtz").read_bytes()))
        found = convert(tmp_path / name)
        assert as_dict(found.hkl, found.F) == plain


def test_unmerged_mtz_is_refused(tmp_path, data):
    mtz = mtz_of("trigonal", data[0], {"FP": ("F", data[1]["FP"])})
    mtz.batches.append(gemmi.Mtz.Batch())
    mtz.write_to_file(str(tmp_path / "x.mtz"))
    with pytest.raises(InputError, match="x.mtz: found unmerged reflections, expected merged ones"):
        convert(tmp_path / "x.mtz")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.mtz", b"MTZ " + bytes(100), "cannot read MTZ"),
        ("x.cif", b"data_x\n_refln.index_h 1\nloop_\n", "cannot read mmCIF"),
        ("x.cif", b"data_x\n_refln.index_h 1\n", "no merged reflections"),
        ("x.hkl", b"1 2 3 4\n", "expected MTZ, mmCIF reflections, or a model as mmCIF or PDB"),
        ("none", None, "No such file"),
    ],
)
def test_file_that_is_damaged_or_of_another_kind_is_refused(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says) as error:
        convert(tmp_path / name)
    assert "\n" not in str(error.value)


def test_settings_of_models_are_refused_for_data(tmp_path, data):
    with pytest.raises(OptionError, match="--wavelength is not for MTZ"):
        converted(tmp_path, data[0], {"FP": data[1]["FP"]}, Settings(wavelength=1.0))


def test_dmin_cuts(tmp_path, data):
    assert DMIN < 6.0
    got, notes = converted(tmp_path, data[0], {"FP": data[1]["FP"]}, Settings(dmin=6.0))
    cell = structure_of("trigonal").cell
    assert min(cell.calculate_d(list(index)) for index in got) >= 6.0 - 1e-5
    assert any(note.endswith("- 6.00 A") for note in notes)
