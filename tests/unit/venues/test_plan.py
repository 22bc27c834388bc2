from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import BugError
from zerofeed.venues.limits import Limits
from zerofeed.venues.plan import Topic, plan_connections, plan_requests

__all__: list[str] = []


def limits(connection: int = 4, request: int = 3, size: int = 1_000) -> Limits:
    return Limits(
        topics_per_connection=connection,
        topics_per_request=request,
        request_bytes=size,
        messages_per_second=1,
        connections_per_5min=1,
        rest_weight_per_minute=1,
    )


def encode(subscribes: bool, topics: Sequence[Topic], number: int) -> str:
    sign = "+" if subscribes else "-"
    return f"{sign}{number}:{','.join(topic.argument for topic in topics)}"


def names(text: str) -> list[str]:
    return text.partition(":")[2].split(",")


TOPICS = st.lists(
    st.builds(
        Topic,
        st.text("abcdefgh", min_size=1, max_size=12),
        st.sampled_from(["/a", "/b"]),
        st.sampled_from(["", "g"]),
    ),
    max_size=20,
)


@given(TOPICS, st.integers(1, 9), st.integers(1, 9), st.integers(20, 60))
def test_every_topic_is_asked_for_once_within_every_limit(
    topics: list[Topic], connection: int, request: int, size: int
) -> None:
    bounds = limits(connection, request, size)
    planned = plan_connections(topics, url="w", opening=["hi"], limits=bounds, encode=encode)
    asked = []
    for each in planned:
        opening, *texts = each.texts
        wanted = [name for text in texts for name in names(text)]
        assert opening == "hi"
        assert 0 < len(wanted) <= connection
        assert all(len(names(text)) <= request and len(text) <= size for text in texts)
        assert [text.partition(":")[0] for text in texts] == [
            f"+{k + 1}" for k in range(len(texts))
        ]
        asked += [(each.url, name) for name in wanted]
    assert sorted(asked) == sorted(("w" + topic.path, topic.argument) for topic in set(topics))


def test_no_connection_is_opened_for_nothing() -> None:
    assert plan_connections([], url="w", opening=["hi"], limits=limits(), encode=encode) == []


def test_topics_of_one_symbol_stay_together() -> None:
    topics = [Topic(f"{symbol}{k}") for symbol in "xyz" for k in range(2)]
    planned = plan_connections(topics, url="w", opening=[], limits=limits(), encode=encode)
    assert [each.texts for each in planned] == [("+1:x0,x1,y0", "+2:y1"), ("+1:z0,z1",)]


def test_topics_of_two_groups_never_share_a_request() -> None:
    topics = [Topic("a", group="1"), Topic("b", group="2"), Topic("c", group="1")]
    texts = list(plan_requests(topics, limits=limits(), encode=encode, subscribes=True))
    assert texts == ["+1:a,c", "+2:b"]


def test_a_connection_knows_whose_books_it_carries() -> None:
    topics = [Topic("a", book_of="A"), Topic("b"), Topic("c", book_of="C"), Topic("d", "/x")]
    first, second = plan_connections(topics, url="w", opening=[], limits=limits(), encode=encode)
    assert (first.books, second.books) == (("A", "C"), ())


def test_requests_that_would_be_too_long_are_halved() -> None:
    topics = [Topic("a" * 10) for _ in range(3)]
    texts = list(plan_requests(topics, limits=limits(size=30), encode=encode, subscribes=False))
    assert texts == [f"-1:{'a' * 10},{'a' * 10}", f"-2:{'a' * 10}"]


def test_a_topic_that_fits_no_request_is_a_mistake_of_ours() -> None:
    with pytest.raises(BugError, match="too long"):
        list(
            plan_requests([Topic("a" * 99)], limits=limits(size=30), encode=encode, subscribes=True)
        )
