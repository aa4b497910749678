"""``python -m entrypoints.cli``: the same as ``pombo``, for whoever starts it by the interpreter."""

from entrypoints.cli.program import main

if __name__ == "__main__":
    main()
