"""What tests of traces and comparisons share."""

import numpy as np

from nbport.cli.nbport_command import main

# several spindle steps, the first of them at an angle of exactly 0
PHI = (
    "-cell 50 51 52 90 90 90 -default_F 10 -N 5 -detpixels 16 -oversample 1 -lambda 1.2 -pixel 0.4 -distance 60"
    " -osc 0.5 -phisteps 5"
).split()
# a small image
A = np.array([[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 8.0]], np.float32)


def command(capsys, *arguments):
    """Exit status, standard output and standard error of the command nbport."""
    status = main(list(map(str, arguments)))
    return status, *capsys.readouterr()


def compared(capsys, *arguments):
    """The same of its sub-command compare."""
    return command(capsys, "compare", *arguments)
