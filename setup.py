"""What pyproject.toml cannot say: the man page is made when the package is built."""

import sys
from pathlib import Path

from build_manpages import build_manpages, build_py
from setuptools import Distribution, setup

sys.path.insert(0, str(Path(__file__).parent))  # the page is made from nbport.cli.help


class Nbport(Distribution):
    """Installs the man page in editable mode as well: setuptools asks for a method that it lacks."""

    has_data = Distribution.has_data_files


setup(distclass=Nbport, cmdclass={"build_manpages": build_manpages, "build_py": build_py})
