"""What an array-like must offer: dtypes, shapes, primitives, levels. Knows NumPy, but no tensor and no tape."""
