"""The functions of `torch` that write into their first argument; each is the method of the same name."""

from __future__ import annotations

from wengert.tensor.methods.pointwise import PointwiseMethods as _methods

__all__ = [
    "abs_", "acos_", "acosh_", "arccos_", "arccosh_", "arcsin_", "arcsinh_", "arctan_", "arctanh_", "asin_",
    "asinh_", "atan_", "atanh_", "ceil_", "clamp_", "clamp_max_", "clamp_min_", "clip_", "cos_", "cosh_",
    "deg2rad_", "erf_", "erfc_", "exp2_", "exp_", "expm1_", "fix_", "floor_", "frac_", "gcd_", "i0_", "lcm_",
    "ldexp_", "log10_", "log1p_", "log2_", "log_", "logit_", "nan_to_num_", "neg_", "negative_", "rad2deg_",
    "reciprocal_", "round_", "rsqrt_", "sigmoid_", "sin_", "sinc_", "sinh_", "sqrt_", "square_", "tan_",
    "tanh_", "trunc_", "xlogy_",
]  # fmt: skip

abs_ = _methods.abs_
acos_ = _methods.acos_
acosh_ = _methods.acosh_
arccos_ = _methods.arccos_
arccosh_ = _methods.arccosh_
arcsin_ = _methods.arcsin_
arcsinh_ = _methods.arcsinh_
arctan_ = _methods.arctan_
arctanh_ = _methods.arctanh_
asin_ = _methods.asin_
asinh_ = _methods.asinh_
atan_ = _methods.atan_
atanh_ = _methods.atanh_
ceil_ = _methods.ceil_
clamp_ = _methods.clamp_
clamp_max_ = _methods.clamp_max_
clamp_min_ = _methods.clamp_min_
clip_ = _methods.clip_
cos_ = _methods.cos_
cosh_ = _methods.cosh_
deg2rad_ = _methods.deg2rad_
erf_ = _methods.erf_
erfc_ = _methods.erfc_
exp2_ = _methods.exp2_
exp_ = _methods.exp_
expm1_ = _methods.expm1_
fix_ = _methods.fix_
floor_ = _methods.floor_
frac_ = _methods.frac_
gcd_ = _methods.gcd_
i0_ = _methods.i0_
lcm_ = _methods.lcm_
ldexp_ = _methods.ldexp_
log10_ = _methods.log10_
log1p_ = _methods.log1p_
log2_ = _methods.log2_
log_ = _methods.log_
logit_ = _methods.logit_
nan_to_num_ = _methods.nan_to_num_
neg_ = _methods.neg_
negative_ = _methods.negative_
rad2deg_ = _methods.rad2deg_
reciprocal_ = _methods.reciprocal_
round_ = _methods.round_
rsqrt_ = _methods.rsqrt_
sigmoid_ = _methods.sigmoid_
sin_ = _methods.sin_
sinc_ = _methods.sinc_
sinh_ = _methods.sinh_
sqrt_ = _methods.sqrt_
square_ = _methods.square_
tan_ = _methods.tan_
tanh_ = _methods.tanh_
trunc_ = _methods.trunc_
xlogy_ = _methods.xlogy_
