import numpy as np
import pytest

from nbport.system.zeros import blank


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_blank_gives_zeros_of_the_type(size):
    array = blank(size, np.uint16)
    assert array.shape == (size,) and array.dtype == np.uint16 and not array.any()
