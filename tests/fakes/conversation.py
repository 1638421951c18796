"""A person at a terminal, who answers what a command asks."""

import os
import pty
import select
import subprocess
import time


def conversation(
    command: list[str], env: dict[str, str], answers: list[tuple[str, str]], *, until: str = "", limit_s: float = 60
) -> str:
    """Run a command on a terminal and answer each question once it has been asked; all that was on the screen.

    It is ended once it says `until`, if anything.
    """
    main, side = pty.openpty()
    process = subprocess.Popen(
        command, env=env, stdin=side, stdout=side, stderr=side, close_fds=True, start_new_session=True
    )
    os.close(side)
    screen, seen, end = "", 0, time.monotonic() + limit_s
    try:
        while time.monotonic() < end:
            if not select.select([main], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(main, 65_536)
            except OSError:
                break
            if not piece:
                break
            screen += piece.decode("utf-8", "replace")
            if answers and answers[0][0] in screen[seen:]:
                seen = len(screen)
                os.write(main, answers.pop(0)[1].encode() + b"\n")
            if until and until in screen:
                process.terminate()
        process.wait(60)
    finally:
        process.kill()
        process.wait()
        os.close(main)
    return screen
