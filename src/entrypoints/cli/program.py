"""The program ``pombo``: loads the commands and runs one, without looking for garbage in what it has just loaded."""

import gc


def main() -> None:
    """The program's entry. A start takes a third longer when the collector goes through all that is being loaded."""
    gc.disable()
    from entrypoints.cli.main import main as run_command  # noqa: PLC0415 - to be loaded only now

    run_command()


def all_loaded() -> None:
    """Lets the collector work from here on; what is there stays to the end, and isn't gone through again."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
