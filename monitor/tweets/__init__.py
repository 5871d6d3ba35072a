"""From a message's payload to a tweet: what is one, whom it is about, what of it may be kept."""

from typing import TYPE_CHECKING

from monitor.lazily import face

if TYPE_CHECKING:
    from monitor.tweets.entities import Entity as Entity
    from monitor.tweets.entities import EntityMatcher as EntityMatcher
    from monitor.tweets.keys import load_key as load_key
    from monitor.tweets.names import NO_ENTITY as NO_ENTITY
    from monitor.tweets.names import OTHERS as OTHERS
    from monitor.tweets.pseudonyms import Pseudonyms as Pseudonyms
    from monitor.tweets.rejection import Reason as Reason
    from monitor.tweets.rejection import Rejection as Rejection
    from monitor.tweets.tweet import MAX_NAME_CHARS as MAX_NAME_CHARS
    from monitor.tweets.tweet import Tweet as Tweet
    from monitor.tweets.tweet import decode as decode

else:  # or the type checker would take any name for one that is there
    __getattr__ = face(
        __name__,
        {
            "entities": ("Entity", "EntityMatcher"),
            "names": ("NO_ENTITY", "OTHERS"),
            "keys": ("load_key",),
            "pseudonyms": ("Pseudonyms",),
            "rejection": ("Reason", "Rejection"),
            "tweet": ("MAX_NAME_CHARS", "Tweet", "decode"),
        },
    )
