"""Envelopes of message services: which field of them has what was sent.

An envelope is told by fields that stand together in no other message. What it says of itself, such
as its own id, is not the tweet's, and is not looked at.

Sources: CloudEvents 1.0 (JSON event format); the developer guides of Amazon SNS, SQS, EventBridge
and Kinesis; Google Cloud Pub/Sub (push); Confluent's REST proxy v2; Debezium (change events).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from monitor.tweets.rejection import Reason, RejectedError

_PLAIN: Final = (
    (("specversion", "source", "type"), "data"),  # CloudEvents
    (("TopicArn", "MessageId"), "Message"),  # SNS
    (("ReceiptHandle", "MessageId"), "Body"),  # SQS
    (("receiptHandle", "messageId"), "body"),  # SQS, as functions get it
    (("detail-type", "source"), "detail"),  # EventBridge
    (("partition", "offset"), "value"),  # Kafka's REST proxy
    (("before", "op"), "after"),  # Debezium
)
"""The fields that an envelope is told by, and the one with the content."""
_BASE64: Final = (
    (("specversion", "source", "type"), "data_base64"),
    (("messageId", "publishTime"), "data"),  # Pub/Sub
    (("partitionKey", "sequenceNumber"), "data"),  # Kinesis
)
_INSIDE: Final = ((("subscription",), "message"), (("eventSource",), "kinesis"))
"""Where an envelope of the second kind lies in another object."""


def content(message: dict[str, Any]) -> object | bytes:  # Any: whatever a message holds
    """Return what an envelope holds, as bytes if it was in base64; None if it is none.

    Raises:
        RejectedError: What should be in base64 is not.
    """
    for signs, name in (*_PLAIN, *_INSIDE):
        if message.get(name) is not None and all(sign in message for sign in signs):
            return message[name] if isinstance(message[name], str | dict) else None
    for signs, name in _BASE64:
        if isinstance(message.get(name), str) and all(sign in message for sign in signs):
            return _decoded(message[name])
    return None


def _decoded(written: str) -> bytes:
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise RejectedError(Reason.WRONG_TYPE, "What should be in base64 is not.") from None
