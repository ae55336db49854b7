"""Drawing good variants of an exercise in bulk: the space, the rules, the streams and the sampler."""

from derive.classroom.variants.audit import broken_rules, twins
from derive.classroom.variants.outlook import Outlook, look_ahead
from derive.classroom.variants.plan import Plan, Tally, own_difficulty, prepare
from derive.classroom.variants.sampler import Block, draw
from derive.classroom.variants.streams import key

__all__ = [
    "Block",
    "Outlook",
    "Plan",
    "Tally",
    "broken_rules",
    "draw",
    "key",
    "look_ahead",
    "own_difficulty",
    "prepare",
    "twins",
]
