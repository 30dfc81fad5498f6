"""How close another implementation came to nbport's own output in one case."""

from __future__ import annotations

import base64
import io
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from ..api import render
from ..errors import InputError, OptionError, OutputError
from ..formats.images import Frame
from ..oracle.comparison import Distances, Gate
from ..oracle.diff_images import compare_images
from ..oracle.report import picture
from ..parameters import Parameters
from .candidate import Candidate, Finished
from .cases import Case
from .features import parsed

# from best to worst; an image is at the first one that it reaches
LEVELS = ("bytes", "1 ulp", "N ulp", "1e-6", "correlation", "wrong", "refused", "crashed")
GATES = {"bytes": "bytes", "ulp": "N ulp", "1e-6": "1e-6", "correlation": "correlation"}
REL, ABS = 1e-6, 1e-7  # to the pixel, to the largest one
CORRELATION, SUM = 0.9999, 0.001
DUMP = "Fdump.bin"  # the one output that the next step may read
THUMBNAIL = 480  # pixels
_HERE = threading.Lock()  # the current folder is one for all threads


@dataclass
class Verdict:
    """What came out in one case; of several steps the worst.

    Attributes
    ----------
    case : str
    level : str
        One of LEVELS.
    note : str
        What went wrong, in words.
    features : list of str
    options : list of list of str
        The steps.
    figures : dict
        Of the float images, where both are there: max_ulp, max_rel, correlation, sum_ratio, differing, pixels.
    files : dict
        Other files that nbport writes: "equal", "differs", "missing" or, if the clock decides, "random".
    seconds : float
        The candidate's.
    picture : str
        A PNG in base64: nbport's image, the candidate's, their difference.
    """

    case: str
    level: str
    note: str = ""
    features: list[str] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    picture: str = ""

    def reaches(self, gate: str) -> bool:
        """Whether it is as good as one of GATES; with bytes, also every other file that the candidate wrote."""
        good = LEVELS.index(self.level) <= LEVELS.index(GATES[gate])
        return good and not (gate == "bytes" and "differs" in self.files.values())

    def to_json(self) -> dict[str, object]:
        """Everything, ready for JSON."""
        return asdict(self)


@dataclass
class Output:
    """What nbport makes of a step: its float image as bytes if there is one, its shape, and all other files."""

    image: bytes | None
    shape: tuple[int, int]
    files: dict[str, bytes]
    note: str


def judge(case: Case, candidate: Candidate, fix: Sequence[str], ulp: int) -> Verdict:
    """Run a case both ways.

    Parameters
    ----------
    case : Case
    candidate : Candidate
    fix : sequence of str
        Bugs of the reference to switch off in nbport.
    ulp : int
        What "N ulp" means.

    Raises
    ------
    InputError
        If the candidate cannot be started.
    """
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="verify-", ignore_cleanup_errors=True) as name:
        ours, theirs = Path(name, "nbport"), Path(name, "candidate")
        for folder in (ours, theirs):
            folder.mkdir()
            for file in case.inputs:
                shutil.copyfile(file, folder / file.name)
        inputs = {file.name for file in case.inputs}
        for step in case.steps:
            for folder in (ours, theirs):
                _clear(folder, {*inputs, DUMP})
            float_name = (parsed(step) or Parameters()).floatfile
            expected = _expected(step, fix, ours, inputs, float_name)
            finished = candidate.run(step, theirs, float_name)
            verdicts.append(_compare(expected, finished, theirs, float_name, step, ulp))
    worst = max(verdicts, key=lambda verdict: LEVELS.index(verdict.level))
    worst.case, worst.features, worst.options = case.name, list(case.features), [list(step) for step in case.steps]
    worst.seconds = sum(verdict.seconds for verdict in verdicts)
    return worst


def _clear(folder: Path, keep: set[str]) -> None:
    for path in folder.iterdir():
        if path.is_file() and path.name not in keep:
            path.unlink()


def _expected(step: Sequence[str], fix: Sequence[str], folder: Path, inputs: set[str], float_name: str) -> Output:
    """Run nbport in a folder."""
    shape, note = (0, 0), ""
    with _HERE, _working_in(folder):
        try:
            result = render([*fix, *step])
            shape = result.image.shape
            result.write()
        except (InputError, OptionError, OutputError, MemoryError) as error:
            note = f"nbport refuses as well: {error}"
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name not in inputs}
    return Output(files.pop(float_name, None), shape, files, note)


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _compare(
    expected: Output, finished: Finished, folder: Path, float_name: str, step: Sequence[str], ulp: int
) -> Verdict:
    path = folder / float_name
    image = path.read_bytes() if path.is_file() else None
    if finished.crash:
        verdict = Verdict("", "crashed", finished.crash)
    elif finished.status and image is None:
        # where nbport refuses too, that is what is expected
        level = "bytes" if expected.note and expected.image is None else "refused"
        verdict = Verdict("", level, expected.note if level == "bytes" else finished.message)
    elif finished.status and not expected.note:
        verdict = Verdict("", "wrong", f"an image, but exit status {finished.status}: {finished.message}")
    elif image is None or expected.image is None:
        verdict = Verdict("", "wrong", "no float image" if image is None else "an image, but nbport refuses")
    else:
        verdict = _compare_images(expected, image, ulp)
    verdict.seconds = finished.seconds
    if verdict.level not in ("crashed", "refused"):
        clock = _noise_by_clock(step)
        verdict.files = {name: _file(folder / name, data, name == clock) for name, data in expected.files.items()}
    return verdict


def _noise_by_clock(step: Sequence[str]) -> str | None:
    """Name of the noise image if nothing but the clock seeds it."""
    p = parsed(step)
    return p.noisefile if p is not None and p.seed is None else None


def _file(path: Path, expected: bytes, by_clock: bool) -> str:
    if not path.is_file():
        return "missing"
    if path.read_bytes() == expected:
        return "equal"
    return "random" if by_clock else "differs"


def _compare_images(expected: Output, image: bytes, ulp: int) -> Verdict:
    if image == expected.image:
        note = "" if any(image) else "all pixels are 0, which shows little"
        return Verdict("", "bytes", note, figures={"differing": 0, "pixels": len(image) // 4})
    if len(image) != len(expected.image) or len(image) != 4 * expected.shape[0] * expected.shape[1]:
        return Verdict("", "wrong", f"a float image of {len(image)} bytes, expected {len(expected.image)}")
    a, b = (np.frombuffer(data, "<f4").reshape(expected.shape) for data in (expected.image, image))
    metrics = compare_images(Frame(a, name="nbport"), Frame(b, name="candidate"), Gate()).metrics
    names = ("max_ulp", "max_rel", "correlation", "sum_ratio", "differing", "pixels")
    figures = {name: metrics[name] for name in names}
    return Verdict("", _level(a, b, figures, ulp), figures=figures, picture=_thumbnail(a, b))


def _level(a: np.ndarray, b: np.ndarray, figures: dict[str, object], ulp: int) -> str:
    """The best level of an image that is not equal."""
    distances = Distances.between(a, b)
    finite = np.isfinite(a)
    largest = float(np.abs(a[finite]).max(initial=0.0))
    gates = {"1 ulp": Gate(ulp=1), "N ulp": Gate(ulp=ulp), "1e-6": Gate(rel=REL, abs=ABS * largest)}
    for level, gate in gates.items():
        if gate.passes(distances).all():
            return level
    correlated = float(figures["correlation"]) >= CORRELATION and abs(float(figures["sum_ratio"]) - 1.0) <= SUM
    return "correlation" if correlated and np.array_equal(finite, np.isfinite(b)) else "wrong"


def _thumbnail(a: np.ndarray, b: np.ndarray) -> str:
    """Both images and their difference; nothing without Pillow."""
    try:
        from PIL import Image
    except ImportError:
        return ""
    shown = Image.open(io.BytesIO(picture(a, b)))
    shown.thumbnail((THUMBNAIL, THUMBNAIL))
    out = io.BytesIO()
    shown.save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
