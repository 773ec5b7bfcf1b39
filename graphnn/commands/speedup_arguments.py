"""The numbers of workers and machines that `inspect` estimates the speed-up for, and the network between machines."""

from argparse import Namespace
from collections.abc import Callable
from typing import TypeVar

from graphnn.commands.arguments import Parser

N = TypeVar("N", int, float)

MOST = 4096  # workers, or machines
SLOWEST, QUICKEST = 0.1, 1000.0  # Gbit/s
NETWORK = (10.0,)  # where --machines is given alone


def check_speedup_arguments(command: Parser, arguments: Namespace) -> None:
    """Replace the texts of --workers, --machines and --network by tuples of numbers: () or NETWORK for one not given.

    Raises UsageError for what is no list of numbers, and for an option without the one that it belongs to.
    """
    for option, given, needs, there in (
        ("--workers", arguments.workers, "--plan", arguments.plan),
        ("--machines", arguments.machines, "--workers N", arguments.workers),
        ("--network", arguments.network, "--machines N", arguments.machines),
    ):
        if given is not None and not there:
            command.error(f"{option} is for {needs}, and changes nothing without it")

    def listed(
        option: str, text: str | None, number: Callable[[str], N], least: N, most: N, what: str
    ) -> tuple[N, ...]:
        values: list[N] = []
        for part in [] if text is None else text.split(","):
            try:
                value = number(part)
            except ValueError:
                value = most + 1
            if not least <= value <= most:
                command.error(f'argument {option}: "{part}" is not {what}')
            if value in values:
                command.error(f'argument {option}: "{text}" names {value:g} twice')
            values.append(value)
        return tuple(values)

    whole = f"an integer from 1 to {MOST}; write 8 or 4,8,16, for example"
    arguments.workers = listed("--workers", arguments.workers, int, 1, MOST, whole)
    arguments.machines = listed("--machines", arguments.machines, int, 1, MOST, whole)
    rate = f"a number of Gbit/s from {SLOWEST:g} to {QUICKEST:g}; write 10 or 10,25,100, for example"
    arguments.network = listed("--network", arguments.network, float, SLOWEST, QUICKEST, rate) or NETWORK
