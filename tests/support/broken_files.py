"""Kinds of input files, ways to damage their content, and things that are no ordinary files."""

from __future__ import annotations

import functools
import io
import os
import random
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from c_reference.cases import INPUTS
from tests.support.crystals import cif_of, path_of

LARGE = 10 * 2**30  # bytes that a file without blocks claims to have

CELL = "-cell 50 51 52 90 90 90"
# a region of interest, so that lies about sizes do not take long
SCENE = "-N 3 -oversample 1 -lambda 1.2 -pixel 0.4 -distance 60 -seed 1 -roi 0 7 0 7"
PLAIN = f"{SCENE} -detpixels 16"


@dataclass(frozen=True)
class Kind:
    """A kind of input file.

    Parameters
    ----------
    label : str
    name : str
        Of the file in the folder of a run.
    program : str
        nanoBragg, or nbport.
    argv : tuple of str
        Arguments with which it reads the file.
    good : callable
        Gives a content that is not broken.
    others : mapping of str to bytes
        Files beside it.
    ours_alone : bool
        The C program does not read such files.
    """

    label: str
    name: str
    program: str
    argv: tuple[str, ...]
    good: Callable[[], bytes]
    others: dict[str, bytes] = field(default_factory=dict)
    ours_alone: bool = False

    @property
    def content(self) -> bytes:
        """A content that is not broken."""
        return self.good()


def _recorded(name: str) -> Callable[[], bytes]:
    return (INPUTS / name).read_bytes


def _nanobragg(label: str, name: str, options: str, good: Callable[[], bytes], **more: object) -> Kind:
    return Kind(label, name, "nanoBragg", tuple(options.split()), good, **more)


def _nbport(label: str, name: str, arguments: str, good: Callable[[], bytes], **more: object) -> Kind:
    return Kind(label, name, "nbport", tuple(arguments.split()), good, ours_alone=True, **more)


def _fdump() -> bytes:
    values = np.arange(4.0 * 4 * 4)
    return b"-1 1 -1 1 -1 1\n\f" + values.tobytes()


def _smv(shape: tuple[int, int] = (12, 16)) -> bytes:
    header = (
        "{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\n"
        f"SIZE1={shape[1]};\nSIZE2={shape[0]};\nPIXEL_SIZE=0.4;\nDISTANCE=60;\nWAVELENGTH=1.2;\n"
        "BEAM_CENTER_X=3.1;\nBEAM_CENTER_Y=2.9;\nPHI=1;\nOSC_RANGE=0.5;\n}\f"
    )
    pixels = np.arange(shape[0] * shape[1], dtype="<u2").reshape(shape) % 7
    return header.encode().ljust(512) + pixels.tobytes()


def _npy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.arange(24.0).reshape(4, 6))
    return out.getvalue()


@functools.cache
def _traced() -> list:
    import nbport

    return nbport.trace(f"{CELL} {PLAIN} -default_F 10".split(), (3, 4))


def _trace_text() -> bytes:
    from nbport.oracle.formats import text_lines

    return "".join(f"{line}\n" for line in text_lines(_traced())).encode()


def _trace_json() -> bytes:
    from nbport.oracle.formats import to_json

    return to_json(_traced()).encode()


def _trace_npz() -> bytes:
    from nbport.oracle.formats import to_npz

    return to_npz(_traced())


@functools.cache
def _reflections(kind: str) -> bytes:
    """A file of structure factors made by gemmi from a small model."""
    import gemmi

    structure = gemmi.read_structure(str(path_of("orthorhombic")))
    mtz = gemmi.Mtz(with_base=True)
    mtz.cell, mtz.spacegroup = structure.cell, gemmi.find_spacegroup_by_name(structure.spacegroup_hm)
    mtz.add_dataset("x")
    mtz.add_column("FP", "F")
    hkl = gemmi.make_miller_array(mtz.cell, mtz.spacegroup, 8.0)
    mtz.set_data(np.column_stack([hkl, np.arange(1.0, len(hkl) + 1)]).astype(np.float32))
    if kind == "mtz":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "x.mtz")
            mtz.write_to_file(str(path))
            return path.read_bytes()
    return cif_of("orthorhombic", hkl, {"F_meas_au": np.arange(1.0, len(hkl) + 1)}).encode()


@functools.cache
def _cbf() -> bytes:
    import fabio.cbfimage

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.cbf")
        fabio.cbfimage.CbfImage(data=np.arange(192, dtype=np.int32).reshape(12, 16)).write(str(path))
        return path.read_bytes()


SPEC = b"""images = 2
write = ["float"]
[options]
cell = [50, 60, 70]
default_F = 10
N = 3
detpixels = 8
pixel_mm = 0.2
wavelength_A = 1.0
oversample = 1
[vary]
phi_deg = {start = 0, step = 1}
"""
CASES = b'{"id": "a", "inputs": [], "steps": [["-cell", "1", "-default_F", "1", "-detpixels", "4"]]}\n'

KINDS = (
    _nanobragg("hkl text", "x.hkl", f"{CELL} {PLAIN} -hkl x.hkl -nonoise", _recorded("cube4.hkl")),
    _nanobragg("Fdump.bin", "Fdump.bin", f"{CELL} {PLAIN} -nonoise", _fdump),
    _nanobragg("matrix", "x.mat", f"{PLAIN} -default_F 10 -mat x.mat", _recorded("A.mat")),
    _nanobragg("matrix and cell", "x.mat", f"{CELL} {PLAIN} -default_F 10 -mat x.mat", _recorded("A.mat")),
    _nanobragg("source file", "x.txt", f"{CELL} {PLAIN} -default_F 10 -sourcefile x.txt", _recorded("src.txt")),
    _nanobragg("stol table", "x.stol", f"{CELL} {PLAIN} -default_F 10 -stol x.stol", _recorded("air.stol")),
    _nanobragg("SMV header", "x.img", f"{CELL} {SCENE} -default_F 10 -img x.img", _smv),
    _nanobragg("mask", "x.img", f"{CELL} {SCENE} -default_F 10 -mask x.img", _smv),
    _nanobragg("CBF header", "x.cbf", f"{CELL} {SCENE} -default_F 10 -img x.cbf", _cbf, ours_alone=True),
    _nanobragg("MTZ", "x.mtz", f"{PLAIN} -hkl x.mtz -nonoise", lambda: _reflections("mtz"), ours_alone=True),
    _nanobragg("mmCIF", "x.cif", f"{PLAIN} -hkl x.cif -nonoise", lambda: _reflections("cif"), ours_alone=True),
    _nanobragg("PDB", "x.pdb", f"{PLAIN} -hkl x.pdb -nonoise", path_of("trigonal").read_bytes, ours_alone=True),
    _nbport("trace, text", "x.trace", "compare x.trace x.trace", _trace_text),
    _nbport("trace, JSON", "x.json", "compare x.json x.json", _trace_json),
    _nbport("trace, NumPy", "x.npz", "compare x.npz x.npz", _trace_npz),
    _nbport("image, SMV", "x.img", "compare x.img x.img", _smv),
    _nbport("image, CBF", "x.cbf", "compare x.cbf x.cbf", _cbf),
    _nbport("image, floats", "x.bin", "compare x.bin x.bin", lambda: bytes(4 * 12 * 16), others={"beside.img": _smv()}),
    _nbport("image beside floats", "y.img", "compare x.bin x.bin", _smv, others={"x.bin": bytes(4 * 12 * 16)}),
    _nbport("image, NumPy", "x.npy", "compare x.npy x.npy", _npy),
    _nbport("image, PGM", "x.pgm", "compare x.pgm x.pgm", lambda: b"P5\n6 4\n# scale\n255\n" + bytes(24)),
    _nbport("series", "x.toml", "series x.toml --commands", lambda: SPEC),
    _nbport("cases", "x.jsonl", "verify --candidate true --cases x.jsonl", lambda: CASES),
)


# -- damage to a content

_NUMBER = re.compile(rb"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")
ODD_NUMBERS = (
    b"0", b"-1", b"3", b"nan", b"-nan", b"inf", b"1e400", b"1e-400", b"2147483648", b"-2147483649", b"99999999999",
    b"10000000000000000000000", b"0x1p3", b"1e", b"1,5", b".", b"-", b"65536", b"3.7", b"1e18",
)  # fmt: skip


def _slice(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.randint(1, 40))


def _other_number(data: bytes, rng: random.Random) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return data + rng.choice(ODD_NUMBERS)
    one = rng.choice(found)
    return data[: one.start()] + rng.choice(ODD_NUMBERS) + data[one.end() :]


def _flipped(data: bytes, rng: random.Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    return bytes(spoilt)


def _swapped(data: bytes, size: int) -> bytes:
    whole = len(data) // size * size
    return np.frombuffer(data[:whole], f"V{size}").view(np.uint8).reshape(-1, size)[:, ::-1].tobytes() + data[whole:]


def _without(data: bytes, rng: random.Random) -> bytes:
    start, end = _slice(data, rng)
    return data[:start] + data[end:]


def _doubled(data: bytes, rng: random.Random) -> bytes:
    start, end = _slice(data, rng)
    return data[:end] + data[start:]


def _inserted(what: Callable[[random.Random], bytes]) -> Callable[[bytes, random.Random], bytes]:
    def insert(data: bytes, rng: random.Random) -> bytes:
        at = rng.randrange(len(data) + 1)
        return data[:at] + what(rng) + data[at:]

    return insert


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncated": lambda data, rng: data[: rng.randrange(len(data))],
    "another number": _other_number,
    "bits flipped": _flipped,
    "bytes removed": _without,
    "bytes doubled": _doubled,
    "garbage inserted": _inserted(lambda rng: rng.randbytes(rng.randint(1, 30))),
    "NULs inserted": _inserted(lambda rng: bytes(rng.randint(1, 30))),
    "blanks inserted": _inserted(lambda rng: b" " * rng.randint(1, 20000)),
    "digits inserted": _inserted(lambda rng: b"7" * rng.randint(1, 20000)),
    "all garbage": lambda data, rng: rng.randbytes(len(data)),
    "empty": lambda data, rng: b"",
    "one byte": lambda data, rng: data[:1],
    "line ends CR LF": lambda data, rng: data.replace(b"\n", b"\r\n"),
    "line ends CR": lambda data, rng: data.replace(b"\n", b"\r"),
    "no line ends": lambda data, rng: data.replace(b"\n", b" "),
    "UTF-16": lambda data, rng: data.decode("latin-1").encode("utf-16"),
    "byte order mark": lambda data, rng: b"\xef\xbb\xbf" + data,
    "pairs of bytes swapped": lambda data, rng: _swapped(data, 2),
    "eight bytes swapped": lambda data, rng: _swapped(data, 8),
    "twice": lambda data, rng: data + data,
    "gzip": lambda data, rng: b"\x1f\x8b\x08" + data,
    "zip": lambda data, rng: b"PK\x03\x04" + data,
    "open brackets": lambda data, rng: data[:1] + b'{"a":[' * 100000,
}


# -- no ordinary file


def _sparse(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.truncate(LARGE)


def _device(name: str) -> Callable[[Path, bytes], None]:
    return lambda path, content: path.symlink_to(name)


PLACES: dict[str, Callable[[Path, bytes], None]] = {
    "missing": lambda path, content: None,
    "folder": lambda path, content: path.mkdir(),
    "named pipe without a writer": lambda path, content: os.mkfifo(path),
    "link to itself": lambda path, content: path.symlink_to(path.name),
    "link to nothing": lambda path, content: path.symlink_to("nothing"),
    "10 GiB, all but the beginning a hole": _sparse,
    "10 GiB hole": lambda path, content: _sparse(path, b""),
    "/dev/null": _device("/dev/null"),
    "/dev/zero": _device("/dev/zero"),
    "not to be read": lambda path, content: (path.write_bytes(content), path.chmod(0)) and None,
}
