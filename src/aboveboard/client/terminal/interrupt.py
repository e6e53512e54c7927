"""Ctrl-C at the question: the host's own end, told without our frames."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_ROOM = os.path.dirname(os.path.abspath(__file__))
_OURS = os.path.dirname(os.path.dirname(_ROOM)) + os.sep


def interrupt() -> KeyboardInterrupt:
    """Return what to raise into the host where its user has pressed Ctrl-C at our question.

    If nothing catches it, its traceback is shown as if the host had been interrupted where it
    called us. An exception has the frames through which it passes, so ours are taken out when it
    is shown: by this one's hook, which hands all else on to what was there before.
    """
    interrupted = KeyboardInterrupt()
    before = sys.excepthook

    def hook(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if error is interrupted:
            traceback = without_ours(traceback)
            error = error.with_traceback(traceback)
        before(kind, error, traceback)

    sys.excepthook = hook
    return interrupted


def without_ours(traceback: TracebackType | None) -> TracebackType | None:
    """Return a traceback without our frames, or all of it if there are no others."""
    frames = []
    walked = traceback
    while walked is not None:
        if not os.path.abspath(walked.tb_frame.f_code.co_filename).startswith(_OURS):
            frames.append(walked)
        walked = walked.tb_next
    kept: TracebackType | None = None
    for frame in reversed(frames):
        kept = type(frame)(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return kept if kept is not None else traceback
