"""Traces as text, JSON and NumPy archives: written, and read again whatever they are."""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from .. import __version__
from ..crules.text import printf
from ..errors import InputError
from ..output.quantities import UNITS
from ..system.files import read_bytes
from .cstyle import is_c_style, read_c_style
from .trace import COUNTERS, Step, Trace, Value, within

FORMAT = "nbport trace 1"
_NOT_STEPPED = -1  # in archives: a counter that does not count here


def text_lines(traces: Sequence[Trace]) -> Iterator[str]:
    """Lines of `name value` with all 17 digits; lines of counters say which step follows."""
    yield f"# {FORMAT}, by nbport {__version__}"
    yield "# " + shlex.join(["nanoBragg", *traces[0].options])
    yield f"# {', '.join(COUNTERS)}: the step that the following lines belong to, until `finish`"
    for unit, names in UNITS.items():
        yield f"# {unit}: {names}"
    for trace in traces:
        yield f"pixel {trace.spixel} {trace.fpixel}"
        before: Step = ()
        for value in trace.values:
            yield from _counters(before, value.step)
            before = value.step
            yield "  " * len(value.step) + value.name + "".join(printf(" %.17g", x) for x in value.numbers)


def _counters(before: Step, step: Step) -> Iterator[str]:
    if before and not step:
        yield "finish"
    same = 0
    while same < min(len(before), len(step)) and before[same] == step[same]:
        same += 1
    for depth in range(same, len(step)):
        counter, numbers = step[depth]
        yield "  " * depth + " ".join([counter, *map(str, numbers)])


def read_text(text: str, path: str) -> list[Trace]:
    """Read what `text_lines` gives. Steps and values may be missing, and unknown names are kept.

    Raises
    ------
    InputError
        If a line is neither a counter nor a name with numbers.
    """
    traces: list[Trace] = []
    options: tuple[str, ...] = ()
    step: Step = ()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        try:
            if line.startswith("# nanoBragg "):
                options = tuple(shlex.split(line)[2:])
            if not words or line.startswith("#"):
                continue
            name, numbers = words[0], words[1:]
            if name == "pixel":
                spixel, fpixel = map(int, numbers)
                traces.append(Trace(spixel, fpixel, [], options))
            if name in ("pixel", "finish"):
                step = ()
            elif name in COUNTERS:
                if len(numbers) != COUNTERS[name]:
                    raise ValueError
                step = within(step, name, tuple(map(int, numbers)))
            else:
                traces[-1].values.append(Value(step, name, tuple(map(float, numbers))))
        except (ValueError, IndexError):
            expected = "`pixel S F` first, then lines of a name and numbers"
            raise InputError(f"{path}:{number}: found {line.strip()!r}, expected {expected}") from None
    if not traces:
        raise InputError(f"{path}: no trace found, expected lines of `pixel S F` and then of a name and numbers")
    return traces


def to_json(traces: Sequence[Trace]) -> str:
    """All traces as one JSON object; numbers that JSON has not are texts."""
    units = {name: unit for unit, names in UNITS.items() for name in names.split()}
    pixels = [
        {"spixel": trace.spixel, "fpixel": trace.fpixel, "values": [_document(value) for value in trace.values]}
        for trace in traces
    ]
    document = {"format": FORMAT, "options": traces[0].options, "units": units, "pixels": pixels}
    return json.dumps(document, allow_nan=False) + "\n"


def _document(value: Value) -> dict[str, object]:
    step = {name: _plain(numbers) for name, numbers in value.step}
    return {"step": step, "name": value.name, "value": _plain(value.numbers)}


def _plain(numbers: Sequence[float]) -> object:
    listed = [x if np.isfinite(x) else printf("%g", x) for x in numbers]
    return listed[0] if len(listed) == 1 else listed


def read_json(text: str, path: str) -> list[Trace]:
    """Read what `to_json` gives.

    Raises
    ------
    InputError
        If it is something else.
    """
    try:
        document = json.loads(text)
        options = tuple(document["options"])
        return [
            Trace(pixel["spixel"], pixel["fpixel"], [_value(value) for value in pixel["values"]], options)
            for pixel in document["pixels"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: no trace in JSON: {type(error).__name__} {error}") from None


def _value(document: dict) -> Value:
    step = tuple((name, tuple(_listed(numbers))) for name, numbers in document["step"].items())
    return Value(step, document["name"], tuple(map(float, _listed(document["value"]))))


def _listed(numbers: object) -> list:
    return numbers if isinstance(numbers, list) else [numbers]


def to_npz(traces: Sequence[Trace]) -> bytes:
    """All traces as a NumPy archive.

    For each pixel and name: `S_F/NAME`, float64 [values, numbers]; `S_F/NAME.step`, int64 [values, counters],
    -1 where a counter does not count; `S_F/NAME.order`, int64 [values], places in the order of computation.
    """
    arrays = {"options": np.array(traces[0].options, dtype=np.str_)}
    for trace in traces:
        for name in trace.names():
            places = [i for i, value in enumerate(trace.values) if value.name == name]
            key = f"{trace.spixel}_{trace.fpixel}/{name}"
            arrays[key] = np.array([trace.values[i].numbers for i in places])
            arrays[key + ".step"] = np.array([_flat(trace.values[i].step) for i in places], np.int64)
            arrays[key + ".order"] = np.array(places)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def _flat(step: Step) -> list[int]:
    counted = dict(step)
    return [n for name, size in COUNTERS.items() for n in counted.get(name, (_NOT_STEPPED,) * size)]


def _unflat(numbers: list[int]) -> Step:
    step, at = [], 0
    for name, size in COUNTERS.items():
        if numbers[at] != _NOT_STEPPED:
            step.append((name, tuple(numbers[at : at + size])))
        at += size
    return tuple(step)


def read_npz(data: bytes, path: str) -> list[Trace]:
    """Read what `to_npz` gives.

    Raises
    ------
    InputError
        If it is something else.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        options = tuple(arrays.pop("options").tolist())
        found: dict[tuple[int, int], dict[int, Value]] = {}
        for key in [key for key in arrays if key + ".order" in arrays]:
            pixel, _, name = key.partition("/")
            spixel, fpixel = map(int, pixel.split("_"))
            values = found.setdefault((spixel, fpixel), {})
            steps = map(_unflat, arrays[key + ".step"].tolist())
            for place, step, numbers in zip(arrays[key + ".order"].tolist(), steps, arrays[key].tolist(), strict=True):
                values[place] = Value(step, name, tuple(numbers))
        return [Trace(s, f, [values[i] for i in sorted(values)], options) for (s, f), values in found.items()]
    except (ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no trace in a NumPy archive: {type(error).__name__} {error}") from None


def read_traces(path: str | Path) -> list[Trace]:
    """Read traces in any of these formats, or of the C program's labels.

    Raises
    ------
    InputError
        If the file cannot be read or is no trace.
    """
    data = read_bytes(path, "a trace")
    if data.startswith(b"PK"):
        return read_npz(data, str(path))
    text = data.decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        return read_json(text, str(path))
    if is_c_style(text):
        return [read_c_style(text, str(path))]
    return read_text(text, str(path))
