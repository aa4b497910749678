"""The program ``pombo``: loads the commands and runs one, without looking for garbage in what it has just loaded."""

import gc
import resource


def main() -> None:
    """The program's entry. A start takes a third longer when the collector goes through all that is being loaded."""
    gc.disable()
    leave_no_image()
    from entrypoints.cli.main import main as run_command  # noqa: PLC0415 - to be loaded only now

    run_command()


def leave_no_image() -> None:
    """Sees to it that neither this process nor one that it starts is written to disk as it dies: secrets are in it.

    A limit of one byte, since zero doesn't keep the kernel from handing the image to a program that collects such;
    one does (core(5): what is piped isn't limited; the kernel's own ``do_coredump`` takes 1 for a refusal).
    """
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    least = 1 if most == resource.RLIM_INFINITY else min(1, most)
    resource.setrlimit(resource.RLIMIT_CORE, (least, least))


def all_loaded() -> None:
    """Lets the collector work from here on; what is there stays to the end, and isn't gone through again."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
