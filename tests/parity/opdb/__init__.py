"""PyTorch's own op database, driven against Wengert.

`ops.txt` lists the operators and what is known to differ. `python -m tests.parity.opdb NAME` shows
how one of them stands, `--summary` how all do, and `test_opdb.py` holds the list to the truth.
"""
