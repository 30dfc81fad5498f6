"""What the reference finds behind the end of a mask that is smaller than the image.

The mask is indexed with the pixels of the image, so rows behind its end are read from whatever
follows it in memory. On the recorded platform (x86-64, glibc) that is well determined as zero or
not zero, which is all that counts: ten zero pixels, a size field of the allocator, a stream that
was closed, and then the float image itself, as far as it is rendered (quirk: mask-overrun).
Not for masks next to an -img, nor for images so large that the allocator maps them elsewhere.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..parameters import Parameters
from ..system.files import readable

SPARE_PIXELS = 10  # allocated behind the mask, always zero
MAPPED_BYTES = 128 * 1024  # larger allocations do not follow their predecessor
STREAM_BYTES = 480  # a stream's allocation, size field included
# 16-bit words of a closed stream that are not zero: links, key, chain, descriptor, lock, offset, tables
STREAM_WORDS = (*range(0, 3), *range(4, 8), *range(52, 55), 56, 57, *range(68, 71), *range(72, 76), *range(80, 83),
                *range(108, 111), *range(232, 235))  # fmt: skip
STREAM_READ_WORDS = (96, 97)  # also not zero once the stream was read from


class Mask:
    """The mask as the pixel loop sees it.

    Attributes
    ----------
    pixels : uint16 [spixels * fpixels], or empty without a mask
    live : int
        Words from this index on are those of the float image; len(pixels) if none is needed.
    """

    def __init__(self, p: Parameters):
        self.pixels = np.zeros(0, np.uint16)
        self.live = 0
        if p.mask_pixels is None:
            return
        if p.mask_shape not in (None, (p.spixels, p.fpixels)):
            spixels, fpixels = p.mask_shape
            raise InputError(f"{p.mask}: mask of {fpixels} x {spixels} for an image of {p.fpixels} x {p.spixels}")
        size = len(p.mask_pixels)
        self.pixels = np.zeros(max(p.pixels, size), np.uint16)
        self.pixels[:size] = p.mask_pixels
        self.live = len(self.pixels)
        if _last_pixel(p) >= size + SPARE_PIXELS:
            self._overrun(p, size)

    def _overrun(self, p: Parameters, size: int) -> None:
        image_bytes = 4 * (p.pixels + SPARE_PIXELS)
        if p.img is not None or 2 * (size + SPARE_PIXELS) >= MAPPED_BYTES or image_bytes >= MAPPED_BYTES:
            raise InputError(f"{p.mask}: mask of {size} pixels for an image of {p.fpixels} x {p.spixels}")
        # allocations are 16-byte aligned and carry 8 bytes for their size
        word = (2 * (size + SPARE_PIXELS) + 8 + 15) // 16 * 8
        nonzero = [word - 4]
        if p.hkl is None:
            # the dump was opened, successfully or not, before the image was allocated
            nonzero += [word + i for i in STREAM_WORDS]
            nonzero += [word + i for i in STREAM_READ_WORDS if _something_was_read(p)]
            word += STREAM_BYTES // 2
            nonzero.append(word - 4)
        self.pixels[[i for i in nonzero if i < len(self.pixels)]] = 1
        self.live = min(word, len(self.pixels))

    def update(self, first: int, last: int, image: np.ndarray) -> None:
        """Take words first .. last-1 from the float image, whose earlier pixels are rendered."""
        first = max(first, self.live)
        if first < last:
            self.pixels[first:last] = image.view(np.uint16)[first - self.live : last - self.live]


def _last_pixel(p: Parameters) -> int:
    """Largest index that the loop looks up, or -1."""
    xmin, xmax, ymin, ymax = p.roi
    fpixel, spixel = min(xmax, p.fpixels - 1), min(ymax, p.spixels - 1)
    return spixel * p.fpixels + fpixel if fpixel >= xmin and spixel >= ymin else -1


def _something_was_read(p: Parameters) -> bool:
    return any(name is not None and readable(name) for name in (p.dump, p.matrix, p.sourcefile, p.stol))
