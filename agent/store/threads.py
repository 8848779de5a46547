"""The store's two threads: one writes, one reads. The event loop does neither."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Threads:
    """The writer's thread and the reader's; jobs of one are done one after the other."""

    def __init__(self) -> None:
        """Make them; they start with their first job."""
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._reader = ThreadPoolExecutor(1, "store-reader")

    async def write(self, job: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Have the writer do a job."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, lambda: job(*args, **kwargs))

    async def read(self, job: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Have the reader do a job."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, lambda: job(*args, **kwargs))

    def stop(self) -> None:
        """Let the threads end when their last job is done."""
        self._writer.shutdown(wait=False)
        self._reader.shutdown(wait=False)
