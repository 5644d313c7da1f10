"""Pictures and their lossless code streams, made with imagecodecs."""

import imagecodecs
import numpy as np

JPEG_57, JPEG_70 = "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"
JPEG_LS, JPEG_2000, HTJ2K = (f"1.2.840.10008.1.2.4.{n}" for n in (80, 90, 201))


def smooth(signed):
    """A picture of 48 rows x 64 columns with structure and noise."""
    x, y = np.meshgrid(np.arange(64), np.arange(48))
    noise = np.random.default_rng(1).integers(0, 40, (48, 64))
    stored = np.hypot(x - 30, y - 20) * 30 + noise
    return (stored - 1024).astype(np.int16) if signed else stored.astype(np.uint16)


def encode(syntax, stored):
    """The code stream of one picture."""
    raw = stored.view(np.uint16)
    if syntax in {JPEG_57, JPEG_70}:
        return imagecodecs.ljpeg_encode(raw, bitspersample=16)
    if syntax == JPEG_LS:
        return imagecodecs.jpegls_encode(raw)
    if syntax == HTJ2K:
        return imagecodecs.htj2k_encode(stored, reversible=True)
    return imagecodecs.jpeg2k_encode(stored, level=0, codecformat="j2k", reversible=True)
