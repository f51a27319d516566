"""Fourier transforms as users call them by `torch.fft`: checks of what is passed, and the rows that compute."""
