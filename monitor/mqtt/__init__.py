"""The broker: one connection that comes back, deliveries in, messages out."""

from typing import TYPE_CHECKING

from monitor.lazily import face

if TYPE_CHECKING:
    from monitor.mqtt.broker import Broker as Broker
    from monitor.mqtt.sender import ConnectionLostError as ConnectionLostError
    from monitor.mqtt.sender import Message as Message
    from monitor.mqtt.sender import Sender as Sender
    from monitor.mqtt.session import BrokerRefusedError as BrokerRefusedError
    from monitor.mqtt.session import BrokerSession as BrokerSession
    from monitor.mqtt.visit import Seen as Seen
    from monitor.mqtt.visit import probe as probe

else:  # or the type checker would take any name for one that is there
    __getattr__ = face(
        __name__,
        {
            "broker": ("Broker",),
            "session": ("BrokerRefusedError", "BrokerSession"),
            "sender": ("ConnectionLostError", "Message", "Sender"),
            "visit": ("Seen", "probe"),
        },
    )
