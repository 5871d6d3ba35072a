"""Queries that have a page of their own, so that nobody needs to know SQL."""

from __future__ import annotations

from typing import Any, Final

_LABEL: Final = (
    "coalesce(l.adapted, CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END)"
)
_SURE: Final = """round(CASE m.task
        WHEN 'sentiment' THEN max(l.sentiment_negative, l.sentiment_neutral, l.sentiment_positive)
        ELSE max(l.reputation_negative, l.reputation_neutral, l.reputation_positive) END, 2)"""

_LATEST: Final = """(
    SELECT tweet_id, batch_id FROM labels INDEXED BY labels_batch
    WHERE entity = :entity ORDER BY batch_id DESC LIMIT 20000
)"""
"""Found in the index alone; the rows themselves are read for no more than are shown."""

# CROSS JOIN keeps SQLite to the order written: each begins where its index is narrowest.
_QUERIES: Final[dict[str, dict[str, str]]] = {
    "tweets-behind": {
        "title": "Tweets behind a figure",
        "description": "The latest 500 about an entity from one moment to another (UTC), of one"
        " label (negative, neutral, positive) or, left empty, all, and with these words in their"
        " text, if any are given. An empty entity means tweets about none.",
        "sql": f"""
SELECT coalesce(t.tweeted_at, t.received_at) AS time, {_LABEL} AS label, {_SURE} AS probability,
    t.text, t.is_retweet AS retweet, t.author, t.id
FROM (
    SELECT rowid FROM tweets
    WHERE received_at >= :since AND received_at < :until AND tweeted_at IS NULL
    UNION ALL SELECT rowid FROM tweets WHERE tweeted_at >= :since AND tweeted_at < :until
) AS k
CROSS JOIN tweets AS t ON t.rowid = k.rowid
CROSS JOIN labels AS l ON l.tweet_id = t.id AND l.entity = :entity
CROSS JOIN models AS m ON m.id = l.model_id
WHERE (:label = '' OR {_LABEL} = :label)
    AND (:words = '' OR t.text LIKE '%' || :words || '%')
ORDER BY time DESC LIMIT 500""",  # noqa: S608  (our own names)
    },
    "latest-tweets": {
        "title": "Latest tweets",
        "description": "Of the latest 20,000 tweets up to 200, of all boards. A field that is left"
        " empty asks for nothing: label (negative, neutral, positive), entity, words as they stand"
        " in the text.",
        "sql": f"""
SELECT coalesce(t.tweeted_at, t.received_at) AS time, nullif(l.entity, '') AS entity,
    {_LABEL} AS label, {_SURE} AS probability, t.text, t.topic, coalesce(t.board, g.name) AS board,
    t.is_retweet AS retweet, t.author, t.id
FROM (SELECT rowid FROM tweets ORDER BY received_at DESC LIMIT 20000) AS k
CROSS JOIN tweets AS t ON t.rowid = k.rowid
CROSS JOIN labels AS l ON l.tweet_id = t.id
CROSS JOIN models AS m ON m.id = l.model_id
LEFT JOIN batches AS b ON b.id = t.batch_id
LEFT JOIN logs AS g ON g.id = b.log_id
WHERE (:label = '' OR {_LABEL} = :label) AND (:entity = '' OR l.entity = :entity)
    AND (:words = '' OR t.text LIKE '%' || :words || '%')
ORDER BY t.received_at DESC LIMIT 200""",  # noqa: S608  (our own names)
    },
    "negative-tweets": {
        "title": "Latest negative tweets about an entity",
        "description": "Of its latest 20,000 tweets up to 200. An empty entity means tweets about"
        " none.",
        "sql": f"""
SELECT t.received_at, {_SURE} AS probability, t.text, t.is_retweet AS retweet, t.author, t.id
FROM {_LATEST} AS k
CROSS JOIN labels AS l ON l.tweet_id = k.tweet_id AND l.entity = :entity
CROSS JOIN models AS m ON m.id = l.model_id
CROSS JOIN tweets AS t ON t.id = l.tweet_id
WHERE {_LABEL} = 'negative'
ORDER BY k.batch_id DESC LIMIT 200""",  # noqa: S608  (as above)
    },
    "unsure-labels": {
        "title": "Latest labels the model was unsure of",
        "description": "Of an entity's latest 20,000 those whose most likely answer had a"
        " probability below a half.",
        "sql": f"""
SELECT t.received_at, l.label, l.probability, t.text, t.id
FROM (
    SELECT l.tweet_id, k.batch_id, {_LABEL} AS label, {_SURE} AS probability
    FROM {_LATEST} AS k
    CROSS JOIN labels AS l ON l.tweet_id = k.tweet_id AND l.entity = :entity
    CROSS JOIN models AS m ON m.id = l.model_id
) AS l
CROSS JOIN tweets AS t ON t.id = l.tweet_id
WHERE l.probability < 0.5
ORDER BY l.batch_id DESC LIMIT 200""",  # noqa: S608  (as above)
    },
    "latest-alerts": {
        "title": "Latest alerts",
        "description": "Times in which an entity's share of negative labels, or its tweets a day,"
        " had risen, and what they are about. An empty entity means all.",
        "sql": """
SELECT '/alert?number=' || id AS page, entity, kind, since, raised_at, ended_at, outcome, about,
    round(usual_share, 3) AS usual_share, round(share, 3) AS share,
    round(usual_per_day, 1) AS usual_per_day, round(per_day, 1) AS per_day, tweets, negatives,
    all_tweets, all_negatives
FROM alerts WHERE :entity = '' OR entity = :entity
ORDER BY id DESC LIMIT 200""",
    },
    "alert-tweets": {
        "title": "Tweets that drove an alert",
        "description": "The negative ones from the rise to the moment it was raised, by the number"
        " of the alert.",
        "sql": """
SELECT entity, received_at, text, tweet_id AS id
FROM alert_tweets WHERE alert_id = CAST(:alert AS INTEGER) LIMIT 500""",
    },
    "other-languages": {
        "title": "Latest tweets in other languages",
        "description": "Tweets that have no label, for the model does not read their language. An"
        " empty entity means all.",
        "sql": """
SELECT received_at, entity, lang, text, author, id
FROM other_languages WHERE :entity = '' OR entity = :entity
ORDER BY received_at DESC LIMIT 200""",
    },
    "dead-letters": {
        "title": "Latest dead letters",
        "description": "Messages that could not be labelled, and why; of what they held as much as"
        " [privacy] store_text allows.",
        "sql": """
SELECT received_at, reason, detail, topic, size, CAST(payload AS TEXT) AS payload
FROM dead_letters ORDER BY rowid DESC LIMIT 200""",
    },
    "busiest-hours": {
        "title": "Busiest hours",
        "description": "The hours of the last 90 days with most labels.",
        "sql": """
SELECT hour, sum(reputation_negative + reputation_unsure_negative) AS negative,
    sum(reputation_neutral + reputation_unsure_neutral) AS neutral,
    sum(reputation_positive + reputation_unsure_positive) AS positive,
    sum(reputation_negative + reputation_neutral + reputation_positive
        + reputation_unsure_negative + reputation_unsure_neutral + reputation_unsure_positive)
        AS labels
FROM rollups WHERE hour >= strftime('%Y-%m-%dT%H', 'now', '-90 days')
GROUP BY hour ORDER BY labels DESC LIMIT 50""",
    },
}

_INTERNAL: Final = (
    *("_sqlite_migrations", "sqlite_sequence"),
    *(
        "alert_rhythm",
        "alert_states",
        "copies",
        "log_rollups",
        "outgoing",
        "retained",
        "subscriptions",
    ),
)

METADATA: Final[dict[str, Any]] = {
    "title": "Queries",
    "tables": {table: {"hidden": True} for table in _INTERNAL},
    "queries": {
        name: {**query, "sql": query["sql"].strip(), "hide_sql": True}
        for name, query in _QUERIES.items()
    },
}
"""As Datasette's metadata has it for a database."""
