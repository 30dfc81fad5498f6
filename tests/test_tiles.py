"""Launches of images that are larger than 32-bit indices reach."""

import threading

import numpy as np
import pytest

from nbport.compilation.loading import compiled
from nbport.errors import CancelledError
from nbport.kernels.device_body import Place
from nbport.kernels.reference import STATE_SIZE
from nbport.system.stopping import Stop
from tests.scenes import CELL, F, scene_of

tiles = compiled("gpu.tiles")

MOST_BLOCKS = 2**31 - 1  # of one dimension, for a GPU of any age
HUGE = [(2**16, 2**16), (2**31 - 1, 3), (1, 2**31 - 1), (46341, 46341), (2**20, 2**20)]


@pytest.mark.parametrize("columns, rows", HUGE)
@pytest.mark.parametrize("terms", [1, 10**6, 2**40])
def test_launches_of_huge_images(columns, rows, terms, monkeypatch):
    monkeypatch.setattr(tiles, "terms_a_pixel", lambda scene: terms)
    size = tiles.launch_size(None, columns)
    end = columns * rows
    for start in (0, end // 2 // columns * columns, end - size):
        place = Place(0, columns, max(start, 0), min(max(start, 0) + size, end))
        blocks = tiles.blocks_of(place, 64)
        assert 0 < blocks <= MOST_BLOCKS
        # enough threads for every pixel from the first one's row to the last one's
        first_row, last_row = place.start // columns, (place.stop - 1) // columns
        assert blocks * 64 >= columns * (last_row - first_row + 1)


@pytest.mark.parametrize(("oversample", "orientations", "launches"), [(1, 10**6, 1), (1000, 2, 4), (3, 2**20, 9)])
def test_pixels_of_many_terms_are_rendered_in_parts_that_follow_one_another(oversample, orientations, launches):
    scene = scene_of(f"{CELL} {F} -N 5 -detpixels 4 -oversample {oversample}")
    crystal = scene.crystal._replace(turned=np.broadcast_to(np.int8(1), (orientations,)))
    scene, places = scene._replace(crystal=crystal), []

    class Launcher:
        def launch(self, place, interpolate):
            places.append(place)
            return tiles.Tile(np.ones(place.stop - place.start, np.float32), np.zeros(1), 2**62)

    kernel = tiles.TiledKernel(scene, None, None, 1)
    kernel._launcher = Launcher()
    kernel._render_there(0, 4, np.zeros(STATE_SIZE), np.zeros(16, np.float32), np.zeros(4))
    assert [place.begin for place in places] == [0, *[place.end for place in places[:-1]]]
    assert (len(places), places[-1].end) == (launches, oversample**2)
    assert all(place.end - place.begin == 1 or (place.end - place.begin) * orientations <= 2**19 for place in places)


def test_launches_are_not_made_once_the_run_is_stopped():
    scene = scene_of(f"{CELL} {F} -N 5 -detpixels 4 -oversample 1000")
    event = threading.Event()

    class Launcher:
        def launch(self, place, interpolate):
            assert not event.is_set()
            event.set()

    kernel = tiles.TiledKernel(scene, None, None, 1, Stop(event))
    kernel._launcher = Launcher()
    with pytest.raises(CancelledError):
        kernel._render_there(0, 4, np.zeros(STATE_SIZE), np.zeros(16, np.float32), np.zeros(4))


def test_every_pixel_of_a_place_has_one_thread():
    place, width = Place(5, 100, 250, 520), 64
    blocks_a_row = -(-place.columns // width)
    numbers = []
    for block in range(tiles.blocks_of(place, width)):
        for lane in range(width):
            column = block % blocks_a_row * width + lane
            n = (place.start // place.columns + block // blocks_a_row) * place.columns + column
            if column < place.columns and place.start <= n < place.stop:
                numbers.append(n)
    assert numbers == list(range(place.start, place.stop))


def test_pixels_beyond_two_to_the_31_are_stored_where_they_belong():
    fpixels, spixels = 2**16, 2**15 + 2
    try:
        # of which only the touched pages take memory
        image = np.zeros(fpixels * spixels, np.float32)
    except MemoryError:
        pytest.skip("no room for the addresses of such an image")
    place = Place(10, fpixels - 10, (fpixels - 10) * (spixels - 1) + 7, (fpixels - 10) * (spixels - 1) + 9)
    uncertain = np.empty(2, np.int64)
    count = tiles.store(np.array([1.5, np.nan], np.float32), 2, place, fpixels, image, uncertain)
    at = fpixels * (spixels - 1) + 17
    assert at > 2**31
    assert image[at] == 1.5 and np.isnan(image[at + 1])
    assert (count, uncertain[0]) == (1, place.start + 1)
