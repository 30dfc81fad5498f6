"""Coverage-guided fuzzing of the readers of input files, by hand: it needs `pip install atheris`.

``python -m tests.fuzz_readers READER [CORPUS] -max_total_time=60``

READER is one of those in READERS, which are Python: compiled functions cannot be instrumented.
CORPUS is a folder that is filled and used again. A reader may give a result or
raise InputError with one line; anything else stops the search, and the input is kept in a file `crash-...`.
What is found becomes a test of the reader.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.broken_files import KINDS


def _read(name: str) -> Callable[[str], object]:
    """The reader of a name, imported when it is wanted."""
    from nbport.errors import OptionError
    from nbport.formats import fdump, images, matrix, smv, text_table
    from nbport.oracle import formats
    from nbport.series import spec
    from nbport.verify import cases

    readers = {
        "fdump": fdump.read_fdump,
        "image": images.read_image,
        "matrix": lambda path: matrix.read_matrix(Path(path).read_bytes(), [[0.0] * 3] * 3),
        "series": spec.read_spec,
        "smv": smv.read_smv,
        "table": lambda path: text_table.read_table_file(path, "a table", 5),
        "trace": formats.read_traces,
        "cases": lambda path: cases.from_file(Path(path)),
    }
    reader = readers[name]

    def read(path: str) -> object:
        try:
            return reader(path)
        except OptionError as error:
            from nbport.errors import InputError

            raise InputError(str(error)) from None

    return read


# name -> kinds of files that it begins with, and the ending of the file's name
READERS = {
    "fdump": (("Fdump.bin",), ".bin"),
    "image": (("image, SMV", "image, PGM", "image, NumPy", "image, CBF"), ".npy"),
    "matrix": (("matrix",), ".mat"),
    "series": (("series",), ".toml"),
    "smv": (("SMV header",), ".img"),
    "table": (("source file", "stol table"), ".txt"),
    "trace": (("trace, text", "trace, JSON", "trace, NumPy"), ".trace"),
    "cases": (("cases",), ".jsonl"),
}


def one_input(name: str, folder: str) -> Callable[[bytes], None]:
    """What the fuzzer calls with each input."""
    from nbport.errors import InputError

    read, path = _read(name), str(Path(folder, "input" + READERS[name][1]))

    def test(data: bytes) -> None:
        Path(path).write_bytes(data)
        try:
            read(path)
        except InputError as error:
            text = str(error)
            assert text.startswith(path), text
            assert len(text) < 2000, text

    return test


def main() -> None:
    """Fuzz one reader."""
    import atheris

    name, *options = sys.argv[1:]
    kinds, _ = READERS[name]
    with tempfile.TemporaryDirectory(prefix="corpus-") as corpus, tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for kind in KINDS:
            if kind.label in kinds:
                Path(corpus, kind.label.replace(" ", "_")).write_bytes(kind.content)
        with atheris.instrument_imports(include=["nbport"]):
            test = one_input(name, folder)
        atheris.Setup([sys.argv[0], *options, corpus], test)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
