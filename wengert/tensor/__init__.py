"""The tensor that users hold: its class, its operators and methods, creation, views, in-place writes, printing."""
