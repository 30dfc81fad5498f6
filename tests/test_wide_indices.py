"""Places beyond 2**31 in images, and numbers that the reference's 32-bit ints wrap.

Images here are wide enough that the rendered pixels lie beyond 2**31, and equal to the same pixels of a narrow image.
Their memory is only addresses until it is touched.
"""

import mmap
import os
from threading import Thread

import numpy as np
import pytest

from nbport import trace
from nbport.compilation.loading import compiled
from nbport.errors import InputError
from nbport.system import memory
from nbport.system.files import InputStream, write_file
from tests.scenes import CELL, GRID, F, certificate, certified, reference, run_of, scene_of

driver, outputs, statistics, tiles = (
    compiled(name) for name in ("rendering.rows", "output.integers", "rendering.statistics", "gpu.tiles")
)
NOBODY = compiled("kernels.stopping").NOBODY
nbport_random, replay = compiled("crules.random"), compiled("kernels.replay")

NORESERVE = 0x4000  # of Linux: no promise of memory; older versions of Python have no name for it
WIDE, NARROW, ROWS = 2**16, 40, 2**15 + 4
ROI = (3, 36, ROWS - 3, ROWS - 2)  # fast first and last, slow first and last
MASKED = (ROWS - 2, 9)
assert ROI[2] * WIDE > 2**31


def addresses(size, dtype):
    """An array of zeros of which only the touched pages take memory."""
    nbytes = size * np.dtype(dtype).itemsize
    try:
        pages = mmap.mmap(-1, nbytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE)
    except (OSError, ValueError):
        pytest.skip(f"no room for the addresses of {nbytes} bytes")
    return np.frombuffer(pages, dtype)


def wide_and_narrow(line, masked=False):
    """A scene whose last rows are rendered, at places beyond 2**31, and the same rows of a narrow detector."""
    scene = scene_of(f"{CELL} -detpixels 8 -pixel 0.001 -Xbeam 0 -Ybeam 0 {line}")
    made = []
    for columns in (WIDE, NARROW):
        mask = np.zeros(0, np.uint16)
        if masked:
            mask = addresses(columns * ROWS, np.uint16)
            for spixel in range(ROI[2], ROWS):
                mask[spixel * columns : spixel * columns + NARROW] = 1
            mask[MASKED[0] * columns + MASKED[1]] = 0
        roi = dict(zip(("roi_xmin", "roi_xmax", "roi_ymin", "roi_ymax"), ROI, strict=True))
        made.append(scene._replace(geometry=scene.geometry._replace(fpixels=columns, spixels=ROWS, mask=mask, **roi)))
    return made


def rows_of(image, columns):
    """The rendered rows of an image, as wide as the narrow one."""
    return image[ROI[2] * columns :].reshape(3, columns)[:2, :NARROW].copy()


def by_reference_kernel(scene, image):
    state = reference.initial_state(scene)
    reference.render_rows(ROI[2], ROWS, scene, state, image, np.zeros(ROWS), np.zeros((0, reference.PRINTOUT_SIZE)))


def by_certified_kernel(scene, image):
    state = reference.initial_state(scene)
    made, recomputed = certificate.certify(scene), np.zeros(ROWS, np.int64)
    nothing = np.zeros((0, reference.PRINTOUT_SIZE))
    certified.render_certified(ROI[2], ROWS, scene, state, image, np.zeros(ROWS), nothing, made, recomputed)


def by_device_body(scene, image):
    kernel = tiles.TiledKernel(scene, certificate.certify(scene), lambda c, t: tiles.BodyOnCpu(c, t, False), 1)
    state = reference.initial_state(scene)
    kernel(ROI[2], ROI[3] + 1, scene, state, image, np.zeros(ROWS), np.zeros((0, reference.PRINTOUT_SIZE)))


def by_replay(scene, image):
    state, columns = reference.initial_state(scene), scene.geometry.fpixels
    replay.pass_pixels(ROI[2] * columns, ROWS * columns, scene, False, state, image)


@pytest.mark.parametrize("render", [by_reference_kernel, by_certified_kernel, by_device_body, by_replay])
@pytest.mark.parametrize("more", [f"{F} -N 9 -phi 0 -osc 1 -water 2", f"{GRID} -N 2 -interpolate -lambda 4 -polar 0.9"])
def test_pixels_beyond_2_to_the_31_are_those_of_a_narrow_image(render, more):
    images = []
    for scene in wide_and_narrow(more, masked=True):
        image = addresses(scene.geometry.fpixels * ROWS, np.float32)
        render(scene, image)
        images.append(rows_of(image, scene.geometry.fpixels))
    wide, narrow = images
    assert np.count_nonzero(narrow) == 2 * (ROI[1] - ROI[0] + 1) - 1
    assert wide.tobytes() == narrow.tobytes()


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_of_rows_beyond_2_to_the_31_are_put_together(threads, monkeypatch):
    monkeypatch.setattr(driver, "blank", addresses)
    images = []
    for scene in wide_and_narrow(f"{F} -N 9 -phi 0 -osc 1"):
        image, sums = driver.run_rows(reference.render_rows, scene, threads, False, lambda *_: None)
        assert np.flatnonzero(sums).tolist() == [ROI[2], ROI[3]]
        images.append(rows_of(image, scene.geometry.fpixels))
    assert images[0].any() and images[0].tobytes() == images[1].tobytes()


def test_figures_and_integer_images_beyond_2_to_the_31_are_those_of_a_narrow_image():
    found = []
    for scene in wide_and_narrow(f"{F} -N 9 -phi 0 -osc 1 -fluence 1e31", masked=True):
        g = scene.geometry
        image = addresses(g.fpixels * ROWS, np.float32)
        by_reference_kernel(scene, image)
        figures = statistics.image_statistics(g, image)
        scaled, noise, small = (addresses(g.fpixels * ROWS, kind) for kind in (np.uint16, np.uint16, np.uint8))
        outputs.int_image(g, image, 55000.0 / figures.max_I, 40.0, scaled, NOBODY)
        outputs.pgm_image(g, image, 250.0 / figures.max_I, small, NOBODY)
        idum, table, statics = np.array([-7]), nbport_random.new_table(), nbport_random.new_statics()
        photons = outputs.noise_image(g, image, 40.0, idum, table, statics, noise, NOBODY)
        images = [rows_of(x, g.fpixels) for x in (scaled, small, noise)]
        assert all(x.any() for x in images) and photons[0] > 0.0
        found.append((figures, statistics.serial_omega_sum(scene), photons, *(x.tobytes() for x in images)))
    assert found[0] == found[1]


def test_whole_numbers_reach_compiled_functions_as_64_bits():
    scene = wide_and_narrow(f"{F} -N 9")[1]
    for render in (by_reference_kernel, by_certified_kernel, by_device_body, by_replay):
        render(scene, np.zeros(NARROW * ROWS, np.float32))
    narrow = {"int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64"}
    kernels = (reference.render_rows, certified.render_certified, tiles.render_place, tiles.store, replay.pass_pixels)
    for kernel in kernels:
        found = {name for signature in kernel.nopython_signatures for name in scalars(signature.args)}
        assert "int64" in found and not found & narrow


def scalars(kinds):
    """Names of all numbers among types, those in tuples included."""
    for kind in kinds:
        if hasattr(kind, "types"):
            yield from scalars(kind.types)
        else:
            yield str(kind)


def test_more_than_2_to_the_31_bytes_are_written_at_once(tmp_path):
    content = addresses(2**31 + 16, np.uint8)
    content[[0, 2**31 - 1, 2**31 + 15]] = 1, 2, 3
    os.mkfifo(tmp_path / "pipe")
    writer = Thread(target=write_file, args=(tmp_path / "pipe", [memoryview(content)]), daemon=True)
    writer.start()
    found, size = {}, 0
    with open(tmp_path / "pipe", "rb", buffering=0) as pipe:
        while piece := pipe.read(2**20):
            found |= {size + i: piece[i] for i in np.flatnonzero(np.frombuffer(piece, np.uint8)).tolist()}
            size += len(piece)
    writer.join()
    assert size == 2**31 + 16 and found == {0: 1, 2**31 - 1: 2, 2**31 + 15: 3}


def test_place_beyond_2_to_the_31_in_a_file_is_found(tmp_path):
    with open(tmp_path / "sparse", "wb") as file:
        file.seek(2**32 + 7)
        file.write(b"end")
    with InputStream(tmp_path / "sparse", "a file") as stream:
        assert stream.size() == 2**32 + 10
        stream.rewind(2**32 + 6)
        assert stream.read_up_to(2**33) == b"\0end"


# -- numbers that the reference wraps

SUBPIXELS = (
    "-cell 50 51 52 90 90 90 -default_F 10 -N 5 -lambda 1.2 -distance 60 -pixel 0.001 -oversample 1000"
    " -nopgm -nonoise -noprogress"
)
AROUND = "2147482 2147484"  # pixels; the number of a sub-pixel of the middle one reaches 2**31
# recorded: the pixels' bits, and where the brightest one is
RECORDED = {
    f"-detpixels_x 2200000 -detpixels_y 1 -roi {AROUND} 0 0": (
        [789443715, 800958691, 769357747], "max_I = 3.44989e-10  at -2.14748 9.995e-07",
        "solid angle subtended by detector = 1.05649e-13 steradian",
    ),
    f"-detpixels_x 1 -detpixels_y 2200000 -roi 0 0 {AROUND}": (
        [767894623, 797100575, 767269278], "max_I = 2.37905e-10  at 9.995e-07 -2.14748",
        "solid angle subtended by detector = 1.05649e-13 steradian",
    ),
    f"-detpixels_x 2200000 -detpixels_y 1 -roi {AROUND} 0 0 -curved_det -oversample_omega": (
        [698014010, 790284860, 795416826], "max_I = 2.12001e-10  at -2.14748 9.995e-07",
        "solid angle subtended by detector = 8.33333e-10 steradian",
    ),
}  # fmt: skip


@pytest.mark.parametrize("options", RECORDED)
def test_number_of_a_subpixel_wraps_as_in_the_reference(options, nbport_command, tmp_path):
    bits, *lines = RECORDED[options]
    step = nbport_command([*SUBPIXELS.split(), *options.split(), "-seed", "1"], tmp_path)
    image = np.fromfile(tmp_path / "floatimage.bin", "<u4")
    assert image[2147482:2147485].tolist() == bits and np.count_nonzero(image) == 3
    assert all(line in step.stdout.decode() for line in lines)


def test_traced_subpixels_are_where_the_image_has_them():
    options = (
        f"{CELL} {F} -N 5 -detpixels_x 21474840 -detpixels_y 1 -pixel 0.0001 -oversample 100 -roi 21474836 21474836 0 0"
    )
    [traced] = trace(options.split(), (0, 21474836))
    numbers = 2147483600 + np.arange(100)
    numbers[numbers >= 2**31] -= 2**32
    size = 0.0001 / 1000.0 / 100
    assert sorted(set(traced["Fdet"])) == sorted(size * numbers + size / 2.0)


@pytest.mark.parametrize(("phisteps", "steps"), [(65536, 0), (32768, -(2**31)), (65537, 65536)])
def test_steps_wrap_as_in_the_reference(phisteps, steps):
    run = run_of(f"{CELL} {F} -detpixels 4 -osc 1 -phisteps {phisteps} -mosaic 1 -mosaic_domains 65536".split())
    assert run.scene.sampling.steps == steps
    assert tiles.terms_a_pixel(run.scene) == phisteps * 65536


def test_image_of_more_pixels_than_the_reference_can_number_is_refused():
    for columns, rows in ((50000, 50000), (65536, 65537), (2**31 - 1, 2**31 - 1)):
        with pytest.raises(InputError, match=rf"image of {columns} x {rows} pixels: expected 0 to 2147483647 in all"):
            run_of(f"{CELL} {F} -detpixels_x {columns} -detpixels_y {rows} -pixel 0.0001 -roi 0 0 0 0".split())


@pytest.mark.parametrize("steps", ["-phisteps 2147483647", "-mosaic 1 -mosaic_domains 2147483647",
                                   "-divergence 1 -divsteps 65536 -dispersion 1 -dispsteps 65536"])  # fmt: skip
def test_steps_beyond_memory_are_refused_with_their_number(steps, monkeypatch):
    monkeypatch.setattr(memory, "_limits", lambda: iter([(10**11, "this machine leaves")]))
    with pytest.raises(InputError, match=r"needs .* of memory, expected at most"):
        run_of(f"{CELL} {F} -detpixels 4 {steps}".split())
