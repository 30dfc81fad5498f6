"""Every bound that certifying rests on, each under one name: errors, roundings, and the ranges in which they hold.

`docs/kernels.md` proves them and has its numbers from here; `tests/test_bounds.py` compares the two.
"""

HALF_ULP = 2.0**-53  # u: relative error of one rounding to double

# -- polynomials alone, coefficients as rounded; computed by docs/scripts/polynomials.py

SIN_SHORT_ERROR = 3.15e-13  # of sin by `Polynomials.sin_short`, relative
SIN_LONG_ERROR = 7.6e-16  # of sin by `Polynomials.sin_long`, relative
COS_LONG_ERROR = 7.7e-15  # of cos by `Polynomials.cos_long`, absolute
EXP_SHORT_ERROR = 3.7e-14  # of exp by `Polynomials.exp` for a reduced argument, relative

# -- functions, from their rounded arguments; proved in "Elementary functions"

REDUCTION_ERROR = 2e-15  # of an argument reduced by pi that is above TINY, relative
SIN_ERROR = 3.3e-13  # of the sine up to its sign, relative: polynomial, reduction and evaluation
SINC3_ERROR = 1.2e-14  # of sin x / x - cos x, absolute, libm's own error included
EXP_ERROR = 4.0e-14  # of exp, relative: polynomial, reduction and evaluation
COS2PSI_ERROR = 2e-15  # of cos 2 psi against libm's cosine of atan2, absolute

# -- roundings that are bounded as numbers

POLARIZATION_ROUNDING = 1e-15  # of the polarization factor in both kernels, absolute, where cos 2 psi differs
EXP_ROUNDING = 1e-15  # of libm's exponential beside the polynomial's, relative
CAPTURE_ROUNDING = 1e-15  # of the difference of two exponentials in both kernels, relative
SPHERE_ROUNDING = 2e-15  # of the ellipsoid's F_latt in both kernels, relative, beside SINC3_ERROR

# -- roundings that are counted, in halves of an ulp and in both kernels together; proved in "From terms to a pixel"

SINES = 12  # of a parallelepiped's term: six, squared
SQUARE_ROUNDINGS = 60  # of a parallelepiped's term, libm's sines included
EXPONENTIALS = 2  # of a Gaussian's term: one, squared
SHAPE_ROUNDINGS = 40  # of the term of a Gaussian or an ellipsoid
FINISH_ROUNDINGS = 40  # from the sum to the test
POLARIZATION_ROUNDINGS = 40  # more of them where a Kahn factor makes the polarization inexact
LAYER_ROUNDINGS = 40.0  # of a layer's absorption by the body for GPUs

# -- ranges in which all this is proved

TINY = 2.0**-30  # a reduced argument below may have lost its digits
SIN_LIMIT_FMA = 2.0**30  # the largest argument, either sign, for which the reduction holds, with a fused multiply-add
SIN_LIMIT_PLAIN = 2.0**20  # and without
EXP_UNDERFLOW = -700.0  # the square of exp of anything below vanishes
EXP_LIMIT = 700.0  # the largest argument of exp
EXP_NONZERO = -745.1  # above, exp itself is not zero
EXP_ZERO = -745.2  # below, it is
VANISHING = 1e-300  # stands for an F_latt that is not zero, while its square is
FLUENCE_LIMIT = 1e200  # photons/m^2; more would make sums visible that are subnormal and have no relative bound
WATER_LIMIT = 1e150  # of the background inside the sum
DIRECTION_LEAST, DIRECTION_LIMIT = 1e-100, 1e20  # components of detector vectors that are not zero; m, or none
LENGTH_LEAST, LENGTH_LIMIT = 1e-20, 1e20  # m; pixel, sub-pixel and the radius of a curved detector
WAVELENGTH_LEAST, WAVELENGTH_LIMIT = 1e-100, 1e100  # m
F_LEAST, F_LIMIT = 1e-70, 1e70  # structure factors that are not zero
PIXEL_LIMIT = 1e300  # a pixel's value; the test's products must not overflow
