"""Looking at variants that are there already: which rules they break, and which are the same."""

from collections.abc import Iterator, Sequence

from derive.classroom.variants.canonical import canonical
from derive.classroom.variants.plan import Plan, Tally, passes_layer, passes_whole
from derive.engine.bulk.model import of_networks
from derive.network import Network


def broken_rules(plan: Plan, networks: Sequence[Network]) -> Iterator[tuple[int, str]]:
    """Each network that is no good variant, by its place, with the first rule that it breaks.

    A number that is none of those that may be drawn breaks the rule `vary`.

    Args:
        plan: The exercise, with what variants have to show.
        networks: Of the exercise's shape.
    """
    for place, network in enumerate(networks):
        if not plan.space.holds(network):
            yield place, "vary"
            continue
        draws, tally = plan.space.draws_of([network]), Tally()
        layers = range(len(plan.space.stages))
        passes = all(passes_layer(plan, stage, draws, 1, tally)[0] for stage in layers)
        if not (passes and passes_whole(plan, draws, 1, tally)[0]):
            yield place, next(rule for rule, count in tally.rejected.items() if count)


def twins(networks: Sequence[Network]) -> Iterator[tuple[int, int]]:
    """Pairs of networks that differ at most in the order of hidden units, by their places."""
    first: dict[bytes, int] = {}
    for place, form in enumerate(canonical(of_networks(networks))):
        if form in first:
            yield first[form], place
        first.setdefault(form, place)
