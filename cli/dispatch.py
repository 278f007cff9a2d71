"""From the words of the command line to an exit code: a short way for plain lines, click for everything else."""

import errno
import os
import sys
from io import TextIOWrapper

from cli import reads, writes
from cli.output import ERROR, USAGE, Failure, fail
from cli.remote import home
from controller.rpc.client import RpcError

INTERRUPTED = 130
PIPE_CLOSED = 141
COMPLETE = "_GT_RISK_COMPLETE"


def run(argv: list[str]) -> int:
    """Run one command. Ctrl-C and a closed pipe end quietly, as the shell expects of them."""
    for stream in (sys.stdout, sys.stderr):
        if stream.encoding.lower() != "utf-8" and isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a sign gets a question mark for it
    try:
        code = _run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        return _interrupted(stop, as_json="--json" in argv)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        return PIPE_CLOSED
    return code


def _interrupted(stop: KeyboardInterrupt, *, as_json: bool) -> int:
    """End on Ctrl-C; what is known of a change under way is told."""
    if stop.__cause__ is None:  # else click has ended the line
        sys.stderr.write("\n")
    message = f"interrupted{''.join(f': {word}' for word in stop.args)}"
    if stop.args or as_json:
        return fail(Failure(message, "", INTERRUPTED, "Interrupted"), as_json)
    return INTERRUPTED


def _run(argv: list[str]) -> int:
    as_json = "--json" in argv
    try:
        read = reads.short_way(argv)
        if read is not None:
            return reads.run(*read)
        write = writes.short_way(argv)
        return write() if write is not None else _click(argv, as_json)
    except (Failure, RpcError) as error:
        return fail(error, as_json)
    except BrokenPipeError:
        raise
    except OSError as error:
        return fail(_system(error), as_json)
    except _ours() as error:
        message, hint = getattr(error, "message", str(error)), getattr(error, "hint", "") or "gt risk doctor"
        return fail(Failure(message, hint, ERROR, type(error).__name__), as_json)
    except Exception as error:  # noqa: BLE001  # the edge of the process: also a defect of ours ends in one document
        return _defect(error, as_json)


def _defect(error: Exception, as_json: bool) -> int:
    import traceback

    traceback.print_exception(error)
    word = type(error).__name__
    return fail(Failure(f"internal error: {word}: {error}", "gt risk doctor", ERROR, "Internal"), as_json)


def _system(error: OSError) -> Failure:
    """What the system refuses, with the place and what to look at."""
    place = str(error.filename or "")
    message = f"{place}: {error.strerror}" if place and error.strerror else str(error)
    hint = "gt risk doctor"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        hint = f"df -h {place or home()}   # make room, then run it again"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = f"ls -ld {place or home()}   # run it as the owner, or gt risk doctor --fix"
    return Failure(message, hint, ERROR, type(error).__name__)


def _ours() -> tuple[type[Exception], ...]:
    """Our own families of errors. Evaluated only then."""
    from controller.errors import GtRiskError
    from controller.latch.layout import LatchError

    return (GtRiskError, LatchError)


def _click(argv: list[str], as_json: bool) -> int:
    import click

    from cli.tree import root

    try:
        code = root.main(argv, "gt risk", complete_var=COMPLETE, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stdout.write(error.format_message() + "\n")
        return USAGE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "gt risk"
        return fail(Failure(error.format_message(), f"{command} --help", USAGE, "Usage"), as_json)
    except SystemExit:
        if COMPLETE in os.environ:
            raise
        return PIPE_CLOSED  # the one thing that click ends by itself
    except click.Abort as abort:
        raise KeyboardInterrupt(*(abort.__cause__.args if abort.__cause__ else ())) from abort
