"""The layers that `wengert.nn` names, a file for each theme."""
