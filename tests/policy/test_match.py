"""Names cover names by whole labels."""

from hypothesis import given
from hypothesis import strategies as st

from policy.match import HostIndex, covers, suffixes

_LABEL = st.text(alphabet="abx", min_size=1, max_size=3)
_HOST = st.lists(_LABEL, min_size=1, max_size=4).map(".".join)


def test_box_com_is_not_x_com() -> None:
    index = HostIndex.of({"social": ["x.com"]})
    assert index.categories("x.com") == {"social"}
    assert index.categories("www.x.com") == {"social"}
    assert index.categories("box.com") == frozenset()
    assert index.categories("x.com.nl") == frozenset()


def test_a_host_has_the_categories_of_all_its_parents() -> None:
    index = HostIndex.of({"video": ["a.nl"], "chat": ["chat.a.nl", "a.nl"]})
    assert index.categories("www.chat.a.nl") == {"video", "chat"}
    assert index.known() == {"video", "chat"}


@given(_HOST, _HOST)
def test_covering_is_by_labels_only(site: str, host: str) -> None:
    labels, own = host.split("."), site.split(".")
    assert covers(site, host) == (labels[-len(own) :] == own)


@given(st.dictionaries(st.sampled_from(["social", "chat", "games"]), st.lists(_HOST, max_size=5)), _HOST)
def test_the_index_says_what_a_slow_look_would(lists: dict[str, list[str]], host: str) -> None:
    slow = {category for category, hosts in lists.items() if any(covers(site, host) for site in hosts)}
    assert HostIndex.of(lists).categories(host) == slow
    assert list(suffixes(host))[-1] == host.rsplit(".", maxsplit=1)[-1]
