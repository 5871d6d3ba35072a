"""What the board tells over MQTT: results, alerts and sensors, by way of an outbox."""

from typing import TYPE_CHECKING

from monitor.lazily import face

if TYPE_CHECKING:
    from monitor.publishing.announcer import Announcer as Announcer
    from monitor.publishing.outbox import Outbox as Outbox
    from monitor.publishing.outbox import ResultsHook as ResultsHook

else:  # or the type checker would take any name for one that is there
    __getattr__ = face(
        __name__,
        {
            "announcer": ("Announcer",),
            "outbox": ("Outbox", "ResultsHook"),
        },
    )
