"""``monitor.tweets.envelopes``: what message services put around a tweet."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from monitor.tweets import Reason, Rejection, Tweet, decode

TWEET = {"id": "1", "text": "Acme saved my day"}
WRITTEN = json.dumps(TWEET)
BASE64 = base64.b64encode(WRITTEN.encode()).decode()
CLOUD_EVENT = {"specversion": "1.0", "type": "t", "source": "/s", "id": "A234"}


def _decoded(message: object) -> Tweet | Rejection:
    payload = json.dumps(message).encode()
    return decode(payload, max_bytes=65_536, identify=lambda _: "digest")


@pytest.mark.parametrize(
    "message",
    [
        CLOUD_EVENT | {"data": TWEET},
        CLOUD_EVENT | {"data": WRITTEN},
        CLOUD_EVENT | {"data_base64": BASE64},
        {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:a", "Message": WRITTEN},
        {"MessageId": "m", "ReceiptHandle": "r", "Body": WRITTEN},
        {"messageId": "m", "receiptHandle": "r", "body": WRITTEN, "eventSource": "aws:sqs"},
        {"version": "0", "id": "e", "detail-type": "t", "source": "s", "detail": TWEET},
        {"topic": "t", "key": None, "value": TWEET, "partition": 0, "offset": 1},
        {"schema": {}, "payload": {"before": None, "after": TWEET, "op": "c", "source": {}}},
        {
            "subscription": "s",
            "message": {"data": BASE64, "messageId": "2", "publishTime": "2026-11-21T17:52:29Z"},
        },
        {
            "eventSource": "aws:kinesis",
            "kinesis": {"data": BASE64, "partitionKey": "p", "sequenceNumber": "4"},
        },
        # Nothing but the encoding is around these.
        BASE64,
        json.dumps(json.dumps(WRITTEN)),
    ],
)
def test_taken_off(message: object) -> None:
    """The tweet inside is what counts, with its own id."""
    actual = _decoded(message)

    assert isinstance(actual, Tweet), actual
    assert (TWEET["id"], TWEET["text"]) == (actual.id, actual.text)


@pytest.mark.parametrize("several", ["Records", "records", "children"])
def test_several_at_once(several: str) -> None:
    """A batch is refused as what it is."""
    actual = _decoded({several: [{"eventSource": "aws:sqs", "body": WRITTEN}]})

    assert isinstance(actual, Rejection)
    assert Reason.WRONG_TYPE == actual.reason
    assert f'"{several}"' in actual.detail


def test_no_base64() -> None:
    """What cannot be read is refused, and not labelled as it is."""
    actual = _decoded(CLOUD_EVENT | {"data_base64": "Acme!"})

    assert isinstance(actual, Rejection)
    assert Reason.WRONG_TYPE == actual.reason


@pytest.mark.parametrize(
    "fields", [{"source": "web", "type": "t"}, {"offset": 1, "partition": 2, "value": "no"}]
)
def test_a_tweet_with_such_fields(fields: dict[str, Any]) -> None:
    """A message that has a text is no envelope, whatever else it has."""
    actual = _decoded(TWEET | fields)

    assert isinstance(actual, Tweet)
    assert TWEET["text"] == actual.text
