"""The table of options: one row per option, in the order in which the reference tests them.

The scan (`scan.py`), `--help` and the man page are all made from this table. The meaning of an option is described
nowhere else; `cli/help.py` only names the section that it is listed in.

Matching is the reference's: a token that begins with `-` matches a row if it *contains*
one of the row's patterns, or equals it where the pattern begins with `=`. A token is tried
against every row, unless a matching row stops it (quirk: substring-matching).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..crules.text import atof, atoi, divide, wrap_int
from ..errors import OptionError
from ..parameters import RTD, Convention, Parameters, Pivot, Shape
from .output_formats import OUTPUT_FORMATS

DEGREES = "deg"
FIXES = frozenset({"phi0", "oversample", "curved_det"})  # what --fix can switch off


@dataclass(frozen=True)
class Flag:
    """One option of the reference."""

    option: str  # as documented
    lines: str  # C lines of its test
    values: str  # metavars of the tokens that must follow, blank-separated
    help: str
    patterns: tuple[str, ...] = ()  # default: the option itself
    unit: str = ""
    default: str = ""
    stops: bool = False  # later rows are not tried for this token (quirk: scan-falls-through)
    swallows: bool = False  # its value is not looked at as an option
    no_effect: str = ""  # why the option changes nothing
    sets: tuple[str, ...] = ()
    convert: Callable[[str], object] = str
    also: dict[str, object] = field(default_factory=dict)
    # apply(parameters, tokens that follow) -> True if the scan of this token ends here
    apply: Callable[[Parameters, list[str]], bool | None] | None = None
    needs: int | None = None  # tokens that must follow, where that differs from the metavars

    @property
    def arity(self) -> int:
        """How many tokens must follow for the option to count."""
        return len(self.values.split()) if self.needs is None else self.needs

    def matches(self, token: str) -> bool:
        """Does this row act on a token? A pattern with `=` is the whole token (quirk: exact-length-options)."""
        return any(token == p[1:] if p[0] == "=" else p in token for p in self.patterns or (self.option,))

    def taken(self, token: str, following: list[str]) -> int:
        """How many of the tokens behind a token, enough for this row to act, are its values."""
        wanted = min(len(self.values.split()), len(following))
        if self.option == "-cell":
            return next((i for i, value in enumerate(following[:wanted]) if value.startswith("-")), wanted)
        if self.option == "-misset":
            # one word, or three angles; the two after the number of -misset_seed were not meant as angles
            return 1 if "rand" in following[0] or token != self.option else wanted if wanted == 3 else 0
        return wanted

    def set(self, parameters: Parameters, following: list[str]) -> bool:
        """Act on the parameters; True if no later row may see this token."""
        if self.apply is not None:
            return bool(self.apply(parameters, following)) or self.stops
        if len(self.values.split()) == 3:
            setattr(parameters, self.sets[0], tuple(self.convert(v) for v in following[:3]))
        else:
            for name in self.sets:
                setattr(parameters, name, self.convert(following[0]))
        for name, value in self.also.items():
            setattr(parameters, name, value)
        return self.stops


# -- texts to numbers in SI units (quirk: mixed-units); each a rounding of its own, so none may be simplified


def mm(text: str) -> float:
    """Metres of a text in millimetres."""
    return atof(text) / 1000.0


def micro(text: str) -> float:
    """Metres of a text in micrometres."""
    return atof(text) * 1e-6


def degrees(text: str) -> float:
    """Radians of a text in degrees."""
    return atof(text) / RTD


def negated(text: str) -> int:
    """A seed as the generators want it: one below zero becomes positive, and sets nothing up (quirk: negative-seed)."""
    return wrap_int(-atoi(text))


def count(text: str) -> float:
    """A whole number that the C program keeps as a double."""
    return float(atoi(text))


# -- options that are more than an assignment


def set_cell(p: Parameters, following: list[str]) -> bool:
    """Up to six numbers, ended by a token that begins with `-`; then later rows are not tried
    (quirk: cell-stops-early)."""
    p.user_cell = True
    cell = list(p.cell)
    for i in range(6):
        if len(following) <= i or following[i].startswith("-"):
            p.cell = tuple(cell)
            return True
        cell[i] = atof(following[i]) if i < 3 else degrees(following[i])
    p.cell = tuple(cell)
    return False


def set_misset(p: Parameters, following: list[str]) -> bool:
    """`random`, or three angles; two tokens or fewer change nothing."""
    if "rand" in following[0]:
        p.misset_random, p.misset = True, None
        return True
    if len(following) >= 3:
        p.misset_random, p.misset = False, tuple(degrees(v) for v in following[:3])
    return False


def set_detector_abs(p: Parameters, following: list[str]) -> None:
    """Attenuation depth; `inf` or 0 also takes the thickness away, as it is so far (quirk: detector-abs-inf)."""
    if not following:
        raise OptionError("-detector_abs is the last argument, but needs a depth in micrometre or inf")
    if "inf" in following[0] or atof(following[0]) == 0.0:
        p.detector_thick = p.detector_mu = 0.0
    else:
        p.detector_mu = divide(1.0, atof(following[0]) * 1e-6)


def last_token_is_an_error(
    option: str, name: str, convert: Callable[[str], object]
) -> Callable[[Parameters, list[str]], None]:
    """These read the token that follows without looking whether there is one
    (quirk: last-token-crash)."""

    def apply(p: Parameters, following: list[str]) -> None:
        if not following:
            raise OptionError(f"{option} is the last argument, but needs a number")
        setattr(p, name, convert(following[0]))

    return apply


def set_pivot(p: Parameters, following: list[str]) -> None:
    """What the detector rotates about; any other word changes nothing."""
    if "sample" in following[0]:
        p.pivot = Pivot.SAMPLE
    if "beam" in following[0]:
        p.pivot = Pivot.BEAM


def set_roi(p: Parameters, following: list[str]) -> None:
    """Bounds of the rendered region, pixels, both inside."""
    p.roi = tuple(atoi(v) for v in following[:4])


def set_printout_pixel(p: Parameters, following: list[str]) -> None:
    """The pixel to print, fast index first."""
    p.printout_fpixel, p.printout_spixel = atoi(following[0]), atoi(following[1])


def set_energy(p: Parameters, following: list[str]) -> None:
    """Wavelength of a photon energy in eV."""
    p.lambda0 = divide(12398.42, atof(following[0])) / 1.0e10


def set_curved(p: Parameters, following: list[str]) -> None:
    """Counts only if a token follows (quirk: curved-det-last; fix: curved_det)."""
    if following or "curved_det" in p.fixes:
        p.curved_detector = True


def vector(option: str, name: str, lines: str, help: str, default: str) -> Flag:
    """A vector makes the convention custom, and the last convention counts (quirk: last-convention-wins)."""
    custom = {"convention": Convention.CUSTOM}
    return Flag(option, lines, "X Y Z", help, sets=(name,), convert=atof, also=custom, default=default)


def convention(value: Convention, pivot: Pivot, lines: str, help: str) -> Flag:
    """The switch of a built-in convention, which brings its pivot."""
    return Flag("-" + value.value, lines, "", help, also={"convention": value, "pivot": pivot})


BEAM, SAMPLE = {"pivot": Pivot.BEAM}, {"pivot": Pivot.SAMPLE}

# fmt: off
FLAGS: tuple[Flag, ...] = (
    Flag("-Na", "511-515", "N", "unit cells along a", sets=("Na",), convert=count, stops=True, default="1"),
    Flag("-Nb", "516-520", "N", "unit cells along b", sets=("Nb",), convert=count, stops=True, default="1"),
    Flag("-Nc", "521-525", "N", "unit cells along c", sets=("Nc",), convert=count, stops=True, default="1"),
    Flag("-N", "526-530", "N", "unit cells along every axis", ("=-N",), sets=("Na", "Nb", "Nc"), convert=count,
         stops=True, default="1"),
    Flag("-cell", "531-552", "a b c alpha beta gamma", "unit cell; if left out, b and c equal a, and angles are 90",
         unit="Angstrom, deg", apply=set_cell, needs=1),
    Flag("-misset", "553-567", "X Y Z", "missetting angles: rotate the crystal about x, then y, then z; or"
         " `-misset random`",
         unit=DEGREES, apply=set_misset, needs=1),
    Flag("-samplesize", "568-573", "SIZE", "crystal size along every axis, instead of -N",
         ("-samplesize", "-sample_size"), "mm", sets=("sample_x", "sample_y", "sample_z"), convert=mm),
    Flag("-sample_x", "574-577", "SIZE", "crystal size along a", ("-sample_thick", "-sample_x"), "mm",
         sets=("sample_x",), convert=mm),
    Flag("-sample_y", "578-581", "SIZE", "crystal size along b", ("-sample_width", "-sample_y", "-width"), "mm",
         sets=("sample_y",), convert=mm),
    Flag("-sample_z", "582-585", "SIZE", "crystal size along c", ("-sample_heigh", "-sample_z", "-heigh"), "mm",
         sets=("sample_z",), convert=mm),
    Flag("-xtalsize", "586-591", "SIZE", "the same as -samplesize", ("-xtalsize", "-xtal_size"), "mm",
         sets=("sample_x", "sample_y", "sample_z"), convert=mm),
    Flag("-xtal_x", "592-595", "SIZE", "the same as -sample_x", ("-xtal_thick", "-xtal_x"), "mm",
         sets=("sample_x",), convert=mm),
    Flag("-xtal_y", "596-599", "SIZE", "the same as -sample_y", ("-xtal_width", "-xtal_y", "-width"), "mm",
         sets=("sample_y",), convert=mm),
    Flag("-xtal_z", "600-603", "SIZE", "the same as -sample_z", ("-xtal_heigh", "-xtal_z", "-heigh"), "mm",
         sets=("sample_z",), convert=mm),
    Flag("-density", "604-607", "D", "density", ("-density", "-sample_den"), "g/cm^3",
         no_effect="the density is not used"),
    Flag("-MW", "608-611", "MW", "molecular weight", ("=-MW", "-molec"), "g/mol",
         no_effect="the molecular weight is not used"),
    Flag("-Xbeam", "612-616", "X", "direct beam, along the X of the convention", unit="mm", sets=("Xbeam",), convert=mm,
         also=BEAM, default="centre of the detector"),
    Flag("-Ybeam", "617-621", "Y", "direct beam, along the Y of the convention", unit="mm", sets=("Ybeam",), convert=mm,
         also=BEAM, default="centre of the detector"),
    Flag("-Xclose", "622-626", "X", "detector point nearest to the sample", unit="mm", sets=("Xclose",), convert=mm,
         also=SAMPLE),
    Flag("-Yclose", "627-631", "Y", "detector point nearest to the sample", unit="mm", sets=("Yclose",), convert=mm,
         also=SAMPLE),
    Flag("-ORGX", "632-636", "X", "XDS beam centre, fast axis", unit="pixels", sets=("ORGX",), convert=atof,
         also=SAMPLE),
    Flag("-ORGY", "637-641", "Y", "XDS beam centre, slow axis", unit="pixels", sets=("ORGY",), convert=atof,
         also=SAMPLE),
    Flag("-pivot", "642-646", "sample|beam", "what stays in place when the detector is rotated (custom convention"
         " only)",
         apply=set_pivot),
    convention(Convention.MOSFLM, Pivot.BEAM, "647-651", "MOSFLM axes and beam centre (the default)"),
    convention(Convention.XDS, Pivot.SAMPLE, "652-656", "XDS axes and beam centre"),
    convention(Convention.ADXV, Pivot.BEAM, "657-661", "ADXV axes and beam centre"),
    convention(Convention.DENZO, Pivot.BEAM, "662-666", "DENZO axes and beam centre"),
    convention(Convention.DIALS, Pivot.BEAM, "667-671", "DIALS axes and beam centre"),
    vector("-fdet_vector", "fdet_vector", "672-678", "fast axis of the detector", "0 0 1"),
    vector("-sdet_vector", "sdet_vector", "679-685", "slow axis of the detector", "0 -1 0"),
    vector("-odet_vector", "odet_vector", "686-692", "normal of the detector, away from the sample", "1 0 0"),
    vector("-beam_vector", "beam_vector", "693-699", "direction of the beam", "1 0 0"),
    vector("-polar_vector", "polar_vector", "700-706", "direction of the E vector", "0 0 1"),
    vector("-spindle_axis", "spindle_vector", "707-713", "axis of the phi rotation", "0 0 1"),
    vector("-twotheta_axis", "twotheta_axis", "714-720", "axis of the detector's two-theta arm, used at the length"
           " given; X is also read as the angle of -twotheta", "0 1 0"),
    # (quirk: pix0-ignored)
    Flag("-pix0_vector", "721-728", "X Y Z", "makes the convention custom; its numbers are not used",
         also={"convention": Convention.CUSTOM}, apply=lambda p, v: setattr(p, "convention", Convention.CUSTOM)),
    Flag("-distance", "729-733", "D", "sample to detector along the beam", unit="mm", sets=("distance",), convert=mm,
         also=BEAM, default="100"),
    Flag("-close_distance", "734-738", "D", "sample to detector along its normal; beats -distance", unit="mm",
         sets=("close_distance",), convert=mm, also=SAMPLE),
    Flag("-detector_abs", "743-751", "DEPTH", "attenuation depth of the sensor; inf or 0: no thickness", unit="um",
         apply=set_detector_abs, needs=0, default="the thickness"),
    Flag("-detector_thick", "752-755", "T", "thickness of the sensor", ("=-detector_thick",), "um", needs=0,
         apply=last_token_is_an_error("-detector_thick", "detector_thick", micro), default="0"),
    Flag("-detector_thicksteps", "756-759", "N", "layers of the sensor", needs=0, default="2 if it has a thickness",
         apply=last_token_is_an_error("-detector_thicksteps", "detector_thicksteps", atoi)),
    Flag("-thicksteps", "760-763", "N", "the same as -detector_thicksteps", needs=0,
         apply=last_token_is_an_error("-thicksteps", "detector_thicksteps", atoi)),
    Flag("-twotheta", "764-768", "ANGLE", "swing of the detector about the two-theta axis", unit=DEGREES,
         sets=("detector_twotheta",), convert=degrees, also=SAMPLE, default="0"),
    Flag("-detector_rotx", "769-772", "ANGLE", "rotate the detector about x", unit=DEGREES, sets=("detector_rotx",),
         convert=degrees, default="0"),
    Flag("-detector_roty", "773-776", "ANGLE", "rotate the detector about y", unit=DEGREES, sets=("detector_roty",),
         convert=degrees, default="0"),
    Flag("-detector_rotz", "777-780", "ANGLE", "rotate the detector about z", unit=DEGREES, sets=("detector_rotz",),
         convert=degrees, default="0"),
    Flag("-detsize", "781-785", "SIZE", "detector size along both axes", ("=-detsize",), "mm",
         sets=("detsize_f", "detsize_s"), convert=mm, default="102.4"),
    Flag("-detsize_f", "786-789", "SIZE", "detector size along the fast axis", unit="mm", sets=("detsize_f",),
         convert=mm),
    Flag("-detsize_s", "790-793", "SIZE", "detector size along the slow axis", unit="mm", sets=("detsize_s",),
         convert=mm),
    Flag("-detpixels", "794-797", "N", "pixels along both axes", ("=-detpixels",), sets=("fpixels", "spixels"),
         convert=atoi, default="1024: size over pixel size"),
    Flag("-detpixels_x", "798-801", "N", "pixels along the fast axis", ("-detpixels_f", "-detpixels_x"),
         sets=("fpixels",), convert=atoi),
    Flag("-detpixels_y", "802-805", "N", "pixels along the slow axis", ("-detpixels_s", "-detpixels_y"),
         sets=("spixels",), convert=atoi),
    Flag("-curved_det", "806-809", "", "every pixel at the same distance; ignored as the last argument (--fix"
         " curved_det)", apply=set_curved),
    Flag("-pixel", "810-813", "SIZE", "pixel size", unit="mm", sets=("pixel_size",), convert=mm, default="0.1"),
    Flag("-point_pixel", "814-817", "", "no obliquity: solid angle 1/r^2", also={"point_pixel": True}),
    Flag("-polar", "818-822", "K", "Kahn factor of the polarization, from -1 to 1", ("=-polar",),
         sets=("polarization",), convert=atof, also={"nopolar": False}, default="0"),
    Flag("-nopolar", "823-826", "", "no polarization correction", also={"nopolar": True}),
    Flag("-oversample_thick", "827-831", "", "sensor absorption for every sub-pixel", stops=True,
         also={"oversample_thick": True}),
    Flag("-oversample_polar", "832-836", "", "polarization for every sub-pixel", stops=True,
         also={"oversample_polar": True}),
    Flag("-oversample_omega", "837-841", "", "solid angle for every sub-pixel", stops=True,
         also={"oversample_omega": True}),
    Flag("-oversample", "842-845", "N", "sub-pixels along each axis of a pixel", sets=("oversample",), convert=atoi,
         default="by crystal size"),
    Flag("-roi", "846-852", "XMIN XMAX YMIN YMAX", "leave pixels outside this rectangle at zero; bounds are inclusive",
         apply=set_roi, unit="pixels", default="the whole detector"),
    Flag("-lambda", "853-856", "WAVELENGTH", "wavelength", ("-lambda", "-wave"), "Angstrom", sets=("lambda0",),
         convert=lambda text: atof(text) / 1.0e10, default="1"),
    Flag("-energy", "857-860", "E", "photon energy, instead of -lambda", unit="eV", apply=set_energy),
    Flag("-fluence", "861-864", "F", "photons per unit area", unit="photons/m^2", sets=("fluence",),
         convert=atof, default="1.25932e+29"),
    Flag("-flux", "865-868", "F", "photons per second; with -exposure and -beamsize instead of -fluence",
         unit="photons/s", sets=("flux",), convert=atof),
    Flag("-exposure", "869-872", "T", "exposure time", unit="s", sets=("exposure",), convert=atof, default="1"),
    Flag("-beamsize", "873-876", "SIZE", "side of the square beam; also clips the crystal", unit="mm",
         sets=("beamsize",), convert=mm, default="0.1"),
    Flag("-mosaic", "877-880", "SPREAD", "mosaic spread: largest tilt of a domain, the same in all directions",
         ("=-mosaic", "-mosaici", "-mosaic_spr"), DEGREES, sets=("mosaic_spread",), convert=degrees, default="0"),
    Flag("-mosaic_domains", "881-884", "N", "mosaic domains, the first of them not tilted", ("-mosaic_dom",),
         sets=("mosaic_domains",), convert=atoi, default="10 if there is a spread"),
    Flag("-dispersion", "885-888", "D", "full spread of the wavelength", unit="percent", sets=("dispersion",),
         convert=lambda text: atof(text) / 100.0, default="0"),
    Flag("-dispsteps", "889-892", "N", "wavelengths over the dispersion", sets=("dispsteps",), convert=atoi,
         default="2 if there is a dispersion"),
    Flag("-divergence", "893-896", "RANGE", "full divergence, horizontal and vertical", unit="mrad",
         sets=("hdivrange", "vdivrange"), convert=mm),
    Flag("-hdivrange", "897-900", "RANGE", "full horizontal divergence", unit="mrad", sets=("hdivrange",), convert=mm),
    Flag("-vdivrange", "901-904", "RANGE", "full vertical divergence", unit="mrad", sets=("vdivrange",), convert=mm),
    Flag("-hdivstep", "905-908", "STEP", "step of the horizontal divergence", ("=-hdivstep",), "mrad",
         sets=("hdivstep",), convert=mm),
    Flag("-hdivsteps", "909-912", "N", "steps of the horizontal divergence", sets=("hdivsteps",), convert=atoi),
    Flag("-vdivstep", "913-916", "STEP", "step of the vertical divergence", ("=-vdivstep",), "mrad",
         sets=("vdivstep",), convert=mm),
    Flag("-vdivsteps", "917-920", "N", "steps of the vertical divergence", sets=("vdivsteps",), convert=atoi),
    Flag("-divsteps", "921-924", "N", "steps of the divergence, horizontal and vertical",
         sets=("hdivsteps", "vdivsteps"), convert=atoi),
    Flag("-round_div", "925-929", "", "divergence within an ellipse (the default)", also={"round_div": True}),
    Flag("-square_div", "930-934", "", "divergence over the full rectangle", also={"round_div": False}),
    Flag("-adc", "935-938", "OFFSET", "added to each pixel of the integer images", sets=("adc_offset",), convert=atof,
         default="40"),
    Flag("-phi", "939-942", "ANGLE", "spindle angle at the start", ("=-phi",), DEGREES, sets=("phi0",),
         convert=degrees, default="0"),
    Flag("-osc", "943-946", "RANGE", "oscillation range", unit=DEGREES, sets=("osc",), convert=degrees, default="0"),
    Flag("-phistep", "947-950", "STEP", "step of the spindle", ("=-phistep",), DEGREES, sets=("phistep",),
         convert=degrees),
    Flag("-phisteps", "951-954", "N", "steps of the spindle over the oscillation", sets=("phisteps",), convert=atoi,
         default="2 with -osc, else 1"),
    Flag("-dmin", "955-958", "D", "skip everything at a finer resolution than this", unit="Angstrom",
         sets=("dmin",), convert=lambda text: atof(text) * 1e-10, default="0: all"),
    Flag("-mat", "959-962", "FILE", "MOSFLM orientation matrix: nine numbers; -cell then decides the lengths",
         sets=("matrix",)),
    Flag("-hkl", "963-966", "FILE", "structure factors: lines of h k l F, all of them, without symmetry; or an MTZ,"
         " mmCIF or PDB file, with nbport[hkl]",
         sets=("hkl",)),
    Flag("-default_F", "967-970", "F", "structure factor of every reflection that is not given", sets=("default_F",),
         convert=atof, default="0", unit="electrons"),
    Flag("-dump", "971-974", "FILE", "binary structure factors: written with -hkl, read without it", sets=("dump",),
         default="Fdump.bin"),
    Flag("-img", "975-978", "FILE", "take the geometry from the header of an image", sets=("img",)),
    Flag("-mask", "409-412", "FILE", "image whose zero pixels are skipped; its header sets the geometry",
         sets=("mask",)),
    Flag("-stolout", "979-982", "FILE", "name of a file that is never written",
         no_effect="no such file is written"),
    Flag("-stol", "983-987", "FILE", "table of amorphous scattering against sin(theta)/lambda; it must be readable",
         ("=-stol",), sets=("stol",), no_effect="the table is read, but not used in the image"),
    Flag("-4stol", "988-992", "FILE", "the same against 4 sin(theta)/lambda", ("=-4stol",), sets=("stol",),
         no_effect="the table is read, but not used in the image"),
    Flag("-Q", "993-997", "FILE", "the same against Q", ("=-Q",), sets=("stol",),
         no_effect="the table is read, but not used in the image"),
    Flag("-sourcefile", "998-1001", "FILE", "sources, one per line: x y z weight wavelength (m)",
         sets=("sourcefile",)),
    Flag("-floatfile", "1002-1005", "FILE", "float image", ("-floatfile", "-floatimage"), sets=("floatfile",),
         default="floatimage.bin"),
    Flag("-intfile", "1006-1009", "FILE", "integer image without noise", ("-intfile", "-intimage"), sets=("intfile",),
         default="intimage.img"),
    Flag("-pgmfile", "1010-1014", "FILE", "8-bit preview", ("-pgmfile", "-pgmimage"), sets=("pgmfile",),
         also={"write_pgm": True}, default="image.pgm"),
    Flag("-noisefile", "1015-1019", "FILE", "integer image with Poisson noise", ("-noisefile", "-noiseimage"),
         sets=("noisefile",), also={"calculate_noise": True}, default="noiseimage.img"),
    # (quirk: late-outputs)
    Flag("-nonoise", "1020-1024", "", "no noise image", also={"calculate_noise": False}),
    Flag("-nopgm", "1025-1028", "", "no preview", also={"write_pgm": False}),
    Flag("-scale", "1029-1033", "S", "scale from photons to the integer image", sets=("intfile_scale",), convert=atof,
         default="the brightest pixel at 55000"),
    Flag("-pgmscale", "1034-1039", "S", "scale from photons to the preview", sets=("pgm_scale",), convert=atof,
         also={"write_pgm": True}, default="from the deviation of the image"),
    Flag("-coherent", "1040-1044", "", "add amplitudes", no_effect="coherent addition does not exist"),
    Flag("-printout", "1045-1049", "", "print how each pixel is calculated, instead of progress",
         also={"printout": True}),
    Flag("-noprogress", "1050-1054", "", "no progress lines", also={"progress_meter": False}),
    Flag("-progress", "1055-1059", "", "progress lines (the default)", also={"progress_meter": True}),
    Flag("-interpolate", "1060-1064", "", "tricubic interpolation of structure factors", also={"interpolate": 1}),
    Flag("-nointerpolate", "1065-1069", "", "nearest structure factor only", also={"interpolate": 0}),
    Flag("-round_xtal", "1070-1074", "", "ellipsoidal crystal; spots have its transform",
         also={"xtal_shape": Shape.ROUND}),
    Flag("-square_xtal", "1075-1079", "", "parallelepiped crystal (the default): sin(pi N h)/sin(pi h) per axis",
         also={"xtal_shape": Shape.SQUARE}),
    Flag("-gauss_xtal", "1080-1084", "", "Gaussian spots", also={"xtal_shape": Shape.GAUSS}),
    Flag("-tophat_spots", "1085-1089", "", "flat spots with a sharp edge", ("-binary_spots", "-tophat_spots"),
         also={"xtal_shape": Shape.TOPHAT}),
    Flag("-fudge", "1090-1093", "F", "multiplies the squared distance from a spot: above 1, spots shrink; not for the"
         " parallelepiped", sets=("fudge",), convert=atof, default="1"),
    Flag("-printout_pixel", "1094-1098", "F S", "the same for one pixel only", apply=set_printout_pixel),
    Flag("-seed", "1099-1102", "N", "seed of the noise", sets=("seed",), convert=negated, default="the clock"),
    Flag("-mosaic_seed", "1103-1106", "N", "seed of the mosaic domains", sets=("mosaic_seed",), convert=negated,
         default="12345678"),
    Flag("-misset_seed", "1107-1110", "N", "seed of -misset random", sets=("misset_seed",), convert=negated,
         default="the clock"),
    Flag("-water", "1111-1114", "SIZE", "edge of a cube of water around the crystal, as background", unit="um",
         sets=("water_size",), convert=lambda text: atof(text) / 1e6, default="0"),
)
# fmt: on


@dataclass(frozen=True)
class OwnFlag:
    """One option of nbport's own. They all begin with two dashes; as values of other options they are not ours."""

    option: str
    metavar: str
    help: str


OWN_FLAGS: tuple[OwnFlag, ...] = (
    OwnFlag("--help", "", "show this text and exit"),
    OwnFlag("--version", "", "show the version and exit"),
    OwnFlag("--threads", "N", "threads to render with (default: all processors); the bytes do not depend on it"),
    OwnFlag("--kernel", "NAME", "kernel to render with: certified (the default) or reference; the bytes are the same"),
    OwnFlag("--kernel-report", "", "say on standard error which kernel ran and how many pixels it rendered twice"),
    OwnFlag(
        "--device",
        "NAME",
        "where to render: cpu (the default), cuda or cuda:NUMBER (an NVIDIA GPU), or auto; the bytes are the same",
    ),
    OwnFlag(
        "--precision",
        "NAME",
        "on a GPU: double (the default) or mixed, which is faster on many and changes pixels by up to 1e-5 of each",
    ),
    OwnFlag(
        "--fix",
        "NAMES",
        "switch off bugs of the reference by name, separated by commas: phi0, oversample, curved_det, or upstream"
        " for all three",
    ),
    OwnFlag("--explain", "", "say on standard error, in plain words, what was chosen and why"),
    OwnFlag("--json", "FILE", "write parameters, derived quantities, statistics and files of the run as JSON"),
    OwnFlag("--completion", "SHELL", "print a script for tab completion, for bash or zsh, and exit"),
    OwnFlag("--timing", "FILE", "write the time of each part of the run (s) as JSON"),
    *(OwnFlag(f"--{row.name}", "FILE", row.help) for row in OUTPUT_FORMATS),
)
