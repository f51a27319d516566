"""What a file is that `torch.save` did not write: said in the error, with what reads it."""

from __future__ import annotations

from typing import IO, Final

HEAD: Final = 512
"""So many bytes are looked at; a tar archive has its sign at byte 257."""

SIGNS: Final = (
    (b"\x93NUMPY", "a NumPy file of one array. Use `torch.from_numpy(numpy.load(f))`"),
    (b"\x1f\x8b", "compressed by gzip. Open it with `gzip.open(f)` and load from that"),
    (b"BZh", "compressed by bzip2. Open it with `bz2.open(f)` and load from that"),
    (b"\xfd7zXZ", "compressed by xz. Open it with `lzma.open(f)` and load from that"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd. Decompress it first"),
    (b"\x89HDF", "an HDF5 file, as Keras writes. Read it with h5py"),
    (b"GGUF", "a GGUF file. Read it with gguf"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"version https://git-lfs", "a pointer to a file that Git LFS keeps. Fetch the file itself with `git lfs pull`"),
)  # fmt: skip


def peeked(file: IO[bytes]) -> bytes:
    """Return the next bytes of a file and leave it where it was."""
    start = file.tell()
    head = file.read(HEAD)
    file.seek(start)
    return head


def described(head: bytes) -> str:
    """Say what a file is by the bytes that it begins with, and what to do about it."""
    for sign, what in SIGNS:
        if head.startswith(sign):
            return what
    if head[257:262] == b"ustar":
        return "a tar archive. The files that PyTorch wrote as such before 0.2 are to be saved anew with PyTorch"
    if head[7:9] == b"\0{":
        return "a safetensors file. Read it with `safetensors.numpy.load_file`, and make tensors with torch.from_numpy"
    if len(head) > 1 and head[0] == 0x80 and head[1] <= 5:
        return "a pickle of something else. Read it with `pickle.load`, if you trust it"
    try:
        text = head[: HEAD - 4].decode()
    except UnicodeDecodeError:
        return f"of an unknown kind; it begins with the bytes {head[:8].hex(' ')}"
    if not all(c.isprintable() or c.isspace() for c in text):
        return f"of an unknown kind; it begins with the bytes {head[:8].hex(' ')}"
    if text.lstrip().lower().startswith(("<!doctype", "<html")):
        return "an HTML page, as one gets in place of a download. Look at it in a browser"
    return f"text that begins with {text.strip()[:30]!r}"
