"""Linear algebra as users call it by `torch.linalg`: checks of what is passed, and the rows that compute."""
