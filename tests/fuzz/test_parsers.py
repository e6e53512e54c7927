from __future__ import annotations

import random

import pytest

from tests.fuzz.parsers import PARSERS

TURNS = 300


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_holds_over_its_seeds_and_over_damaged_ones(name: str) -> None:
    parser = PARSERS[name]
    dice = random.Random(name)
    for seed in (*parser.seeds, b""):
        parser.holds(seed)
    for _ in range(TURNS):
        damaged = bytearray(dice.choice(parser.seeds))
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(damaged) + 1)
            word = dice.choice([*parser.words, "null", "1e999", "{}", "[", '"', "\x00", "\n", "-1"])
            damaged[place : place + dice.choice((0, 1, len(word)))] = word.encode()
        parser.holds(bytes(damaged))
