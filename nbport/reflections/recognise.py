"""Which files are none of the reference's text files, told by their content."""

from __future__ import annotations

import gzip
import os
import re
import zlib

from ..system.files import read_bytes

MTZ, REFLECTIONS, MODEL, PDB = "MTZ", "mmCIF reflections", "mmCIF model", "PDB model"

_MTZ = b"MTZ "
_GZIP = b"\x1f\x8b\x08"
# the first record of a PDB file is one of these, and it has a cell or an atom
_RECORDS = (
    b"HEADER OBSLTE TITLE SPLIT CAVEAT COMPND SOURCE KEYWDS EXPDTA NUMMDL MDLTYP AUTHOR REVDAT SPRSDE JRNL REMARK"
    b" USER DBREF SEQRES MODRES HET HETNAM FORMUL HELIX SHEET SSBOND LINK CISPEP CRYST1 ORIGX1 SCALE1 MTRIX1 MODEL ATOM"
    b" HETATM"
).split()
_PDB_CONTENT = re.compile(rb"^(?:CRYST1|ATOM  |HETATM)", re.MULTILINE)
_CIF_BEGINNING = re.compile(rb"(?:\s+|#[^\n]*\n)*data_", re.IGNORECASE)
_CIF_CONTENT = re.compile(rb"^\s*_(refln|atom_site)[._]", re.MULTILINE | re.IGNORECASE)


def kind_of(path: str | os.PathLike) -> str | None:
    """MTZ, REFLECTIONS, MODEL or PDB; None for everything else: text, pipes, files that are not there.

    All four begin with what is no number, so that the reference reads no row of them. What is None is left to
    the text route, unread where it is not a regular file.
    """
    if not os.path.isfile(path):
        return None
    beginning = _beginning(path)
    if beginning.startswith(_MTZ):
        return MTZ
    if not _may_be(beginning):
        return None
    return kind_of_content(content_of(path))


def kind_of_content(data: bytes) -> str | None:
    """The same for the content of a file."""
    if data.startswith(_MTZ):
        return MTZ
    if _CIF_BEGINNING.match(data):
        found = _CIF_CONTENT.search(data)
        if found is None:
            return None
        return REFLECTIONS if found[1].lower() == b"refln" else MODEL
    record = data[:6].split(b"\n")[0].rstrip()
    return PDB if record in _RECORDS and _PDB_CONTENT.search(data) else None


def content_of(path: str | os.PathLike) -> bytes:
    """Content of a file, uncompressed if it is compressed by gzip.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    data = read_bytes(path, "structure factors")
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return data


def _beginning(path: str | os.PathLike) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(4096)
    except OSError:
        return b""


def _may_be(beginning: bytes) -> bool:
    """Is it worth reading the whole file? Rows of numbers are not."""
    return beginning.startswith(_GZIP) or beginning.lstrip()[:1].isalpha() or beginning.lstrip().startswith(b"#")
