"""Loops of noisify over the pixels: photons, counts, ADU, integers."""

import numpy as np

from ...compilation.nan_signs import careful
from ...crules.random import cached, gaussdev, inlined, poidev
from ...kernels.scalar import c_int

UINT16_MAX, INT32_MAX = 65535.0, 2147483647.0


@inlined
def low_bits_of_long(x):
    """A double as a 64-bit int, of which the lower 32 bits are kept; 0 beyond its range and of NaN."""
    if x > -9223372036854775809.0 and x < 9223372036854775808.0:
        return np.int64(x) & 0xFFFFFFFF
    return np.int64(0)


@cached
def photons(image, factor, out):
    """Scale to photons. C: noisify.c 481-491

    Parameters
    ----------
    image : float32 [pixels]
    factor : float
    out : float32 [pixels]
        Filled.

    Returns
    -------
    (largest value of the image, at least 0; number of negative ones)
    """
    max_I = 0.0
    negative = 0
    for i in range(image.size):
        I = np.float64(image[i])
        if max_I < I:
            max_I = I
        if I < 0.0:
            negative += 1
        out[i] = np.float32(factor * I)
    return max_I, negative


@cached
def noiseless_integers(image, gain, adc_offset, int16, int32):
    """Photons as ADU without noise, at most 65535 (quirk: noisify-clamp). C: noisify.c 508-520

    What does not fit is converted in groups of 8 pixels by one instruction, and by another one in the pixels that are
    left (quirk: noisify-conversions).

    int16, int32 : uint16, uint32 [pixels], filled
    """
    grouped = image.size // 8 * 8
    for i in range(image.size):
        adu = np.float64(image[i]) * gain + adc_offset
        if adu > UINT16_MAX:
            adu = UINT16_MAX
        int32[i] = c_int(adu) & 0xFFFFFFFF if i < grouped else low_bits_of_long(adu)
        int16[i] = c_int(adu) & 0xFFFF


@cached
def count_photons(image, flicker_noise, calibration_noise, seed, calib_seed, table, statics):
    """Replace ideal photons by counted ones (quirk: calibration-stream). C: noisify.c 571-590

    A Gaussian deviate that is left over goes to whoever asks next (quirk: spare-deviate).

    Parameters
    ----------
    image : float32 [pixels]
        Replaced.
    flicker_noise, calibration_noise : float
        Fractions.
    seed, calib_seed : int64 [1]
        Streams.
    table, statics
        Random state, see `nbport.crules.random`.
    """
    for i in range(image.size):
        ideal = np.float64(image[i])
        if flicker_noise > 0.0:
            ideal *= 1.0 + flicker_noise * np.float64(gaussdev(seed, table, statics))
        if calibration_noise > 0.0:
            ideal *= 1.0 + calibration_noise * np.float64(gaussdev(calib_seed, table, statics))
        image[i] = poidev(np.float32(ideal), seed, table, statics)


@careful
@cached
def sum_of_counts(image, last_nan_stays):
    """Sum of the pixels, one by one; of two NaNs the sign of the last or the first one stays (quirk: nan-sign)."""
    total = 0.0
    for i in range(image.size):
        value = np.float64(image[i])
        total = value + total if last_nan_stays else total + value
    return total


@cached
def noisy_integers(image, gain, adc_offset, readout_noise, bits, seed, table, statics, int16, int32):
    """Counts as ADU with read-out noise; returns the number of overloads. C: noisify.c 607-635"""
    overloads = 0
    for i in range(image.size):
        adu = np.float64(image[i]) * gain + adc_offset
        if readout_noise > 0.0:
            adu += readout_noise * np.float64(gaussdev(seed, table, statics))
        if adu > INT32_MAX:
            adu = INT32_MAX
            overloads += 1 if bits == 32 else 0
        int32[i] = low_bits_of_long(adu)
        if adu > UINT16_MAX:
            adu = UINT16_MAX
            overloads += 1 if bits == 16 else 0
        int16[i] = c_int(adu) & 0xFFFF
    return overloads
