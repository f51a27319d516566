"""Run the cases of one file with whatever `torch` means in this process, and print what they return as JSON.

    python tests/packages/report.py [--install] tests/packages/test_NAME.py

With ``--install`` the program itself lets `torch` mean Wengert. This file is run by itself; it knows no test.
"""

import importlib.util
import json
import sys
import warnings


def recorded(value, torch):
    """`value` with its tensors and arrays replaced by their dtypes, shapes and numbers."""
    if isinstance(value, torch.Tensor):
        flat = value.detach().reshape(-1)
        parts = torch.view_as_real(flat) if value.is_complex() else flat
        return {"tensor": str(value.dtype), "shape": list(value.shape), "values": parts.tolist()}
    if type(value).__module__ == "numpy":
        return {"array": str(value.dtype), "values": recorded(value.tolist(), torch)}
    if isinstance(value, dict):
        return {str(key): recorded(item, torch) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [recorded(item, torch) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, complex):
        return [value.real, value.imag]
    raise TypeError(f"a case returned a {type(value)}")


def outcome(case, torch):
    """What a case returns, or how it fails."""
    torch.manual_seed(0)
    try:
        return recorded(case(torch), torch)
    except Exception as error:
        if "raised" in case.__name__:
            return f"{type(error).__name__}"
        return f"{type(error).__name__}: {error}"


def main(arguments):
    """Print one JSON object: the files of `torch`, and each case's outcome."""
    if arguments[0] == "--install":
        from wengert.as_torch import install_as_torch

        install_as_torch()
        arguments = arguments[1:]
    import torch

    warnings.simplefilter("ignore")
    spec = importlib.util.spec_from_file_location("cases", arguments[0])
    module = importlib.util.module_from_spec(spec)
    sys.modules["cases"] = module
    spec.loader.exec_module(module)
    cases = {name: case for name, case in vars(module).items() if name.startswith("case_")}
    answers = {name: outcome(case, torch) for name, case in cases.items()}
    files = {getattr(m, "__file__", "") for name, m in sys.modules.items() if is_torch(name)}
    print(json.dumps({"files": sorted(files), "cases": answers}))


def is_torch(name):
    """Say whether a module is called `torch` or lies below it."""
    return name.partition(".")[0] == "torch"


if __name__ == "__main__":
    main(sys.argv[1:])
