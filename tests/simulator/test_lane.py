"""Turns at the processor."""

import asyncio

from kit.simulator.lane import Lane


def test_owners_take_turns_and_one_at_a_time():
    async def run() -> list[str]:
        lane, order, inside = Lane(), [], 0

        async def use(owner: str, number: int) -> None:
            nonlocal inside
            async with lane.turn(owner):
                inside += 1
                assert inside == 1
                await asyncio.sleep(0)
                order.append(f"{owner}{number}")
                inside -= 1

        wanted = [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("c", 1)]
        await asyncio.gather(*(use(owner, number) for owner, number in wanted))
        return order

    assert asyncio.run(run()) == ["a1", "a2", "b1", "c1", "a3", "b2"]


def test_who_gives_up_or_fails_does_not_block_the_others():
    async def run() -> list[str]:
        lane, order = Lane(), []

        async def use(owner: str) -> None:
            async with lane.turn(owner):
                await asyncio.sleep(0)
                order.append(owner)
                if owner == "b":
                    raise ZeroDivisionError

        tasks = {owner: asyncio.create_task(use(owner)) for owner in "abcd"}
        await asyncio.sleep(0)
        tasks["c"].cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        async with lane.turn("e"):
            order.append("e")
        return order

    assert asyncio.run(run()) == ["a", "b", "d", "e"]


def test_a_turn_that_comes_as_its_owner_gives_up_goes_on():
    async def run() -> bool:
        lane = Lane()

        async def use() -> bool:
            async with lane.turn("b"):
                return True

        async with lane.turn("a"):
            waiting, next_one = asyncio.create_task(use()), asyncio.create_task(use())
            await asyncio.sleep(0)
        waiting.cancel()  # it has been called, and has not run yet
        return await next_one

    assert asyncio.run(run())
