"""What is known of a route: the user's word first, then its own, its upstream's list, then our tables."""

from bursar.dialects.traits import Traits
from bursar.domain.route import ListedModel, Route
from bursar.routing.facts import RouteFacts, Stated
from bursar.routing.learned import Learned
from bursar.routing.listed import Listed

ROUTE, OTHER = Route("main", "big-model"), Route("main", "small-model")


def test_windows_by_who_says_so() -> None:
    listed, learned = Listed(), Learned()
    facts = RouteFacts({"main": Stated(windows=(("small-*", 4096),))}, listed, learned, lambda upstream, model: 1000)
    assert facts.of(ROUTE).window == 1000
    listed.put("main", [ListedModel("big-model", window=2000), ListedModel("small-model", window=2000)])
    assert facts.of(ROUTE).window == 2000
    learned.learn_window(ROUTE, 3000)
    learned.learn_window(OTHER, 3000)
    assert (facts.of(ROUTE).window, facts.of(OTHER).window) == (3000, 4096)
    assert facts.of(Route("other", "x")).window == 1000


def test_limits_and_lessons_add_up() -> None:
    listed, learned = Listed(), Learned()
    facts = RouteFacts({"main": Stated(output_limits=(("*", 512),))}, listed, learned, lambda upstream, model: None)
    o3 = Route("main", "o3")
    assert facts.of(o3).traits.output_limit == 512
    assert "temperature" in facts.of(o3).traits.refuses
    assert learned.learn_traits(o3, Traits(refuses=frozenset({"seed"})))
    assert not learned.learn_traits(o3, Traits(refuses=frozenset({"seed"})))
    assert facts.of(o3).traits.refuses >= {"temperature", "seed"}
    assert facts.of(ROUTE).traits.refuses == frozenset()
    listed.put("spare", [ListedModel("m", output_limit=99)])
    assert facts.of(Route("spare", "m")).traits.output_limit == 99


def test_what_is_learned_of_made_up_names_has_a_bound() -> None:
    learned = Learned()
    for number in range(5_000):
        learned.learn_window(Route("main", f"m{number}"), 1)
        learned.learn_traits(Route("main", f"m{number}"), Traits(flat_results=True))
    assert len(learned._windows) <= 2_000
    assert len(learned._traits) <= 2_000
