"""``hotline smoke``: 20 calls through a whole hotline in a scratch folder; every figure compared with every other."""

import asyncio


async def smoke() -> int:
    """Exit code."""
    await asyncio.sleep(0)
    return 1
