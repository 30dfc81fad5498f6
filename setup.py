"""Kept for what pyproject.toml cannot say: a class of distribution, and that man pages are made from this tree."""

import sys
from pathlib import Path

from build_manpages import build_manpages, build_py
from setuptools import Distribution, setup

sys.path.insert(0, str(Path(__file__).parent))  # the pages are made from modules of nbport.cli


class Nbport(Distribution):
    """Installs the man pages in editable mode as well: setuptools asks for a method that it lacks."""

    has_data = Distribution.has_data_files


setup(distclass=Nbport, cmdclass={"build_manpages": build_manpages, "build_py": build_py})
