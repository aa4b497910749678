"""The one error family of the sandbox's server."""


class SandboxError(Exception):
    """A request that can't be fulfilled, told to whoever asked.

    Attributes:
        status: HTTP-like integer, or WhatsApp's own code where it has one (463 reach-out time-lock, 475 new-chat cap).
            On the wire it is the `code` of an error frame; on the control API it is the HTTP status.
        code: UPPER_SNAKE reason, stable, for programs.
        message: One sentence for people. Never holds message bodies, QR data or keys.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class ProtocolError(Exception):
    """A frame that breaks the protocol and has no `rid` to answer to; the connection is closed with 4400."""


class StartError(Exception):
    """The server can't start: port in use, data directory in use or not ours. The text says what to do."""


def bad_request(message: str, code: str = "INVALID_ARGUMENT") -> SandboxError:
    """An error 400 with `message`."""
    return SandboxError(400, code, message)


def not_implemented(operation: str) -> SandboxError:
    """An error 501 that names the operation."""
    return SandboxError(501, "NOT_IMPLEMENTED", f"{operation} is not implemented in the sandbox")
