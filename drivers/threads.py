"""What may block for long, away from the event loop."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def in_thread(job: Callable[..., T], *args: object) -> asyncio.Future[T]:
    """Run a job in a thread of its own, which a hanging device can't make the process wait for.

    Cancelling the future doesn't end the job; its result is then lost.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None only where T allows it

    def run() -> None:
        result, error = None, None
        try:
            result = job(*args)
        except BaseException as raised:  # noqa: BLE001 - handed to whoever awaits the future
            error = raised
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, name=job.__name__, daemon=True).start()
    return done
