"""Faults that stand for mistakes of people: wrong units, signs and orders, a check or a lock that is missing."""

from .fault import Fault

BY_HAND = (
    # -- units and places in the headers of images
    Fault("output.nexus", "_detector", "max(run.plan.thick", "1e3 * max(run.plan.thick", "thickness in mm"),
    Fault("output.nexus", "_detector", '"y_pixel_size", p.pixel_size, "m"', '"y_pixel_size", p.pixel_size, "mm"', "mm"),
    Fault("output.nexus", "_detector", '"count_time", p.exposure, "s"', '"count_time", p.exposure, "ms"', "time in ms"),
    Fault(
        "output.nexus",
        "_detector",
        '"frame_time", p.exposure, "s"',
        '"frame_time", 1e3 * p.exposure, "s"',
        "time in ms",
    ),
    Fault("output.nexus", "_detector", "flat.beam_distance", "flat.near_distance", "distance of the near point"),
    Fault(
        "output.nexus", "_detector", "fast, slow = flat.beam_centre", "slow, fast = flat.beam_centre", "axes swapped"
    ),
    Fault("output.nexus", "_detector", "0, MASKED)", "MASKED, 0)", "mask inverted"),
    Fault("output.nexus", "_detector", "turn @ np.array(flat.origin)", "turn.T @ np.array(flat.origin)", "turned back"),
    Fault("output.nexus", "_beam", 'p.fluence, "1/m^2"', 'p.fluence, "1/cm^2"', "unit of the fluence"),
    Fault(
        "output.nexus", "_beam", "[1.0, p.polarization, 0.0, 0.0]", "[1.0, -p.polarization, 0.0, 0.0]", "Stokes' sign"
    ),
    Fault("output.nexus", "_beam", 'p.flux, "Hz"', 'p.fluence, "Hz"', "fluence for flux"),
    Fault(
        "output.nexus", "_beam", "1e10 * FlatDetector.of(run).wavelength", "FlatDetector.of(run).wavelength", "metres"
    ),
    Fault("output.nexus", "_sample", "phi + run.plan.phi.range", "phi - run.plan.phi.range", "spindle turns back"),
    Fault("output.nexus", "_sample", '"rotation", "deg"', '"rotation", "rad"', "unit of the spindle"),
    Fault("output.nexus", "to_mcstas", "np.cross(z, x)", "np.cross(x, z)", "left-handed frame"),
    Fault(
        "formats.nexus_geometry",
        "_translation",
        'METRES[_text(axis.attrs["units"])] * axis',
        "axis",
        "unit of a length ignored",
    ),
    Fault(
        "output.exports", "mini_cbf_header", "(1.0 + p.polarization) / 2.0", "p.polarization", "Kahn's for the fraction"
    ),
    Fault(
        "output.exports", "mini_cbf_header", "flat.beam_distance", "flat.near_distance", "distance of the near point"
    ),
    Fault("output.exports", "mini_cbf_header", "1e10 * flat.wavelength", "flat.wavelength", "metres for Angstrom"),
    Fault("output.exports", "mini_cbf_header", "Start_angle {p.phi0 * RTD!r}", "Start_angle {p.phi0!r}", "radians"),
    Fault(
        "output.exports", "mini_cbf_header", "*flat.beam_centre", "*flat.beam_centre[::-1]", "beam centre slow, fast"
    ),
    Fault(
        "output.exports",
        "geometry_items",
        '"SampleDistance": repr(flat.beam',
        '"SampleDistance": repr(flat.near',
        "near",
    ),
    Fault(
        "output.exports", "geometry_items", '"PSize_2": repr(p.pixel_size)', '"PSize_2": repr(1e3 * p.pixel_size)', "mm"
    ),
    Fault("output.exports", "geometry_items", '"Center_1": repr(fast)', '"Center_1": repr(slow)', "axes swapped"),
    Fault("output.exports", "_vectors", '"sdet_vector": d.sdet_vector', '"sdet_vector": d.fdet_vector', "another axis"),
    Fault("output.exports", "whole_photons", "nan=NOT_A_NUMBER", "nan=0.0", "NaN for no photons"),
    Fault("formats.mini_cbf", "read_mini_cbf", "wavelength * 1e-10", "wavelength * 1e-9", "nm for Angstrom"),
    Fault("flat_detector", "FlatDetector.cone", "2.0 * np.arcsin", "np.arcsin", "theta for two theta"),
    Fault("view.geometry", "_from_smv", "near[0] - 0.5", "near[0]", "centre of the first pixel at 0"),
    Fault("view.geometry", "_from_smv", 'pair("DENZO_Y_BEAM", "DENZO_X', 'pair("DENZO_X_BEAM", "DENZO_Y', "swapped"),
    Fault("view.geometry", "_from_smv", 'number("CLOSE_DISTANCE") or ', "", "distance along the beam"),
    Fault("view.geometry", "_from_smv", "1e-3 * distance", "1e-2 * distance", "cm for mm"),
    Fault(
        "output.reference_files",
        "_write_smv",
        "d.distance, d.close_distance",
        "d.close_distance, d.distance",
        "swapped",
    ),
    Fault("output.reference_files", "_write_smv", "p.phi0 * RTD", "p.phi0", "radians"),
    # -- files: whole or absent, locks, order
    Fault(
        "system.files",
        "remove_stale",
        "fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
        "no lock is asked for",
    ),
    Fault("system.files", "_new_temporary", "fcntl.flock(handle, fcntl.LOCK_EX)", "pass", "temporaries are not locked"),
    Fault("system.files", "_renamed", "os.chmod(temporary, _mode(target))", "pass", "permissions of temporaries stay"),
    Fault("system.files", "_renamed", "os.unlink(temporary)", "pass", "temporary files stay after errors"),
    Fault("system.files", "write_file", "os.path.realpath(path)", "os.path.abspath(path)", "links are replaced"),
    Fault("system.files", "remove_temporaries", "os.unlink(path)", "pass", "temporary files stay at the end"),
    Fault("system.files", "read_bytes", "limit + 1", "limit", "what is too long is cut"),
    Fault("system.hdf5", "new_hdf5", "medium.check()", "pass", "a full disk is not noticed at the end"),
    Fault(
        "system.hdf5",
        "Medium.write",
        "self._unwritten.append((start, bytes(left)))",
        "pass",
        "what failed is forgotten",
    ),
    Fault("system.trusted_folder", "_must_be_ours", "status.st_uid not in (ROOT, os.geteuid())", "False", "any owner"),
    Fault("system.trusted_folder", "_must_be_private", "status.st_uid != os.geteuid() or ", "", "anybody's own folder"),
    Fault("system.trusted_folder", "_must_be_private", " or mode & 0o077", "", "a folder that others can write"),
    Fault("system.trusted_folder", "_is_shared", "if mode & stat.S_ISVTX", "if True", "others can remove folders"),
    Fault("system.trusted_folder", "_link_target", "if shared", "if False", "a link in a shared folder is followed"),
    Fault("system.trusted_folder", "", " | os.O_NOFOLLOW", "", "links put in after a look are followed"),
    Fault("system.trusted_folder", "_is_private_group", "user.pw_uid != ROOT and ", "", "root's group"),
    Fault("system.stopping", "Stop.call", "self._byte.value = 1", "pass", "Ctrl-C waits for the end"),
    Fault("system.files", "flush_file", "os.fsync", "id", "data are not on the disk"),
    Fault(
        "compilation.loading", "_fingerprint", "digest.update(path.read_bytes())", "pass", "old kernels for new sources"
    ),
    Fault(
        "compilation.loading",
        "_fingerprint",
        "hashlib.sha256(sys.version.encode())",
        "hashlib.sha256()",
        "other Pythons'",
    ),
    # -- series: nothing lost, nothing mixed up
    Fault("series.journal", "Journal._is_finished", ' or record["inputs"] != self._inputs(row)', "", "changed inputs"),
    Fault(
        "series.journal",
        "Journal.__init__",
        "fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
        "two runs in a folder",
    ),
    Fault("series.journal", "Journal._read", "self._file.truncate(self._end)", "pass", "half a line stays"),
    Fault("series.journal", "Journal.add", "self._file.flush()", "pass", "lines are lost by a kill"),
    Fault("series.executing", "in_processes", "waiting.appendleft(worker.row)", "pass", "row of a dead process lost"),
    Fault("series.executing", "in_processes", "lost.add(worker.row.number)", "pass", "a deadly row is tried for ever"),
    Fault(
        "series.stack",
        "write_stack",
        "        _write_table(stack, table)\n",
        "        _write_table(stack, table)\n        for file in contents.files:\n            file.unlink()\n",
        "removed before the rename",
    ),
    Fault("series.stack", "write_stack", "    check(path)\n", "", "a stack is not read back"),
    Fault("series.stack", "write_stack", "in contents.files", "in files", "files of which nothing was taken removed"),
    Fault("series.stack", "_write_images", "row.number in old", "False", "old images lost"),
    Fault("series.stack", "_pixels_of_file", '!= record["files"][path.name]["sha256"]', "is None", "damaged images"),
    Fault(
        "series.journal", "Journal._is_finished", '_digest(self.folder / name) == described["sha256"]', "True", "damage"
    ),
    Fault("verify.places", "_is_inside", "os.path.isabs(name) or ", "", "absolute names of files"),
    Fault("verify.places", "_written", "option in OWN_FILES or ", "", "options of ours write anywhere"),
    Fault("series.rendering", "Renderer._place_files", "p.write_dump = False", "pass", "dumps are written"),
    Fault(
        "series.rendering",
        "KeptFactors.load",
        "(replace(options, mask_pixels=None), _state(p.dump if p.hkl is None else p.hkl))",
        "(replace(options, mask_pixels=None),)",
        "a changed file of structure factors unnoticed",
    ),
    Fault("series.rendering", "true_parameters", "1e3 * d.distance", "d.distance", "metres for mm"),
    Fault("series.rows", "make_row", '["-seed", str(number)]', '["-seed", "1"]', "the same noise in all images"),
    Fault("series.varying", "_uniform", "{seed}/{keyword}/{i}", "{seed}/{i}", "quantities vary together"),
    Fault("series.varying", "_orientation", "math.asin(2.0 * y - 1.0)", "math.pi * (y - 0.5)", "crowded at the poles"),
    # -- verify
    Fault("verify.judge", "judge", "max(verdicts, key", "min(verdicts, key", "the best step counts"),
    Fault("verify.judge", "judge", "_clear(folder, {*inputs, DUMP})", "pass", "images of the step before stay"),
    Fault("verify.judge", "_level", ".all()", ".any()", "one pixel is enough"),
    Fault(
        "verify.judge",
        "Verdict.reaches",
        ' and not (gate == "bytes" and "differs" in self.files.values())',
        "",
        "other files do not count",
    ),
    Fault("verify.candidate", "Candidate.run", "_last_line(err) or _last_line(out)", "_last_line(out)", "errors"),
    Fault("verify.state", "State._key", "case.name, case.steps, inputs]", "case.name, case.steps]", "changed inputs"),
    # -- certificates: what is proved must be asked for
    Fault("kernels.certificate", "certify", "additions * (1 + factors)", "additions", "no weighing factors"),
    Fault(
        "kernels.certificate",
        "certify",
        "if scene.beam.polarization != 0.0:\n        relative += 40 * HALF_ULP",
        "pass",
        "no polarization",
    ),
    Fault("kernels.certificate", "", "12 * SIN_ERROR", "6 * SIN_ERROR", "sines not squared"),
    Fault("kernels.certificate", "", "2 * EXP_ERROR", "EXP_ERROR", "exponential not squared"),
    Fault(
        "kernels.certificate",
        "certify",
        "additions *= crystal.turned.size * crystal.mosaic_umats.shape[0]",
        "pass",
        "phi and mosaic steps not counted",
    ),
    Fault(
        "rendering.statistics", "omega_sum_bounds", "2.0**-53 * 2.1", "2.0**-53 * 0.21", "solid angles' bound a tenth"
    ),
    Fault("kernels.geometry", "fast_captures", "(EXP_ERROR + 1e-15) / capture", "EXP_ERROR", "difference as its terms"),
    Fault("kernels.geometry", "polarizations", "math.fabs(kahn) * 2e-15 + 1e-15", "0.0", "no bound of polarization"),
    Fault("kernels.terms", "certify_lanes", "value * (1.0 - bound)", "value * (1.0 + bound)", "one side only"),
    Fault("kernels.device_terms", "lattice", "volume * 3.0 * SINC3_ERROR", "volume * SINC3_ERROR", "a third of it"),
    # -- the pixel loop
    Fault("kernels.reference", "render_pixel", "elif sampling.fix_phi0", "elif True", "no stale spindle vectors"),
    Fault("kernels.reference", "structure_factor", "state[INTERPOLATE] = 0.0", "pass", "interpolation goes on"),
    Fault("kernels.certified", "settled", "elif not fix_phi0", "elif fix_phi0", "stale spindle vectors forgotten"),
    Fault("kernels.certified", "_render_rows", "uncertain > 0 or masked", "uncertain > 0", "masked pixels stay"),
    Fault(
        "kernels.geometry",
        "captures",
        "math.exp(before / parallax) - math.exp(after / parallax)",
        "math.exp(after / parallax) - math.exp(before / parallax)",
        "layers absorb less than nothing",
    ),
    Fault("kernels.replay", "with_one_sweep_step", "int(turned[-1])", "int(turned[0])", "the first rotation stays"),
    Fault("output.integers", "int_image", "np.float32(test + 0.5)", "(test + 0.5)", "not rounded to float32 first"),
    Fault("output.integers", "noise_image", "test += adc_offset", "pass", "no pedestal"),
    Fault("crules.random", "new_statics", "-1, 0, 0]", "0, 0, 0]", "a mean of zero is taken as known"),
    Fault(
        "setup.mosaic",
        "mosaic_umats",
        "umats[:1] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)",
        "pass",
        "no domain is unturned",
    ),
    Fault(
        "setup.detector",
        "_beam_centre",
        "return p.Xbeam, p.detsize_s - p.Ybeam",
        "return p.Xbeam, p.Ybeam",
        "ADXV's slow axis the other way",
    ),
    Fault("setup.detector", "place_detector", "if not pivot_on_sample", "if pivot_on_sample", "the other pivot"),
    Fault("setup.crystal", "orient_crystal", "np.float32(90.0)", "np.float32(1.5707963)", "90 degrees, not radians"),
    Fault(
        "setup.sources",
        "_generate",
        "p.polar_vector, vdiv, vert_vector, hdiv",
        "p.polar_vector, hdiv, vert_vector, vdiv",
        "divergences swapped",
    ),
    Fault("setup.sizes", "fill_blanks", "p.sample_z = p.beamsize", "pass", "the sample is not clipped"),
    Fault("setup.headers", "read_headers", "p.detsize_s - ybeam / 1000.0", "ybeam / 1000.0", "a mask as an image"),
)
