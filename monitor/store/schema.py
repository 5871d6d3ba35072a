"""The log's tables and views, as migrations: each is applied once, in order, in a transaction."""

from __future__ import annotations

import sqlite3

from monitor.store.database import Database, Migrations

migrations = Migrations("monitor")


def known_migrations() -> set[str]:
    """Name every migration this version has (an empty database has all of them pending)."""
    return {m.name for m in migrations.pending(Database(memory=True))}


@migrations()
def m001_tables(db: Database) -> None:
    """Lay out the log.

    Times are UTC text (ISO 8601, milliseconds), durations milliseconds, memory MiB. An entity of
    '' is the tweet as a whole.
    """
    for statement in (
        """
        CREATE TABLE models (
            id INTEGER PRIMARY KEY,
            sha256 TEXT NOT NULL,
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            runtime TEXT NOT NULL,
            task TEXT NOT NULL,            -- whose answer is *the* label
            first_used_at TEXT NOT NULL,
            UNIQUE (sha256, runtime, task)
        )""",
        """
        CREATE TABLE batches (
            id INTEGER PRIMARY KEY,
            started_at TEXT NOT NULL,      -- when its first tweet arrived
            model_id INTEGER NOT NULL REFERENCES models (id),
            received INTEGER NOT NULL,     -- messages
            tweets INTEGER NOT NULL,       -- of these stored
            labels INTEGER NOT NULL,
            duplicates INTEGER NOT NULL,
            rejected INTEGER NOT NULL,
            collect_ms REAL NOT NULL,      -- first arrival to batch closed
            classify_ms REAL NOT NULL,     -- batch closed to labels there
            store_ms REAL NOT NULL         -- labels there to rows written, COMMIT excluded
        )""",
        """
        CREATE TABLE tweets (
            id TEXT PRIMARY KEY,
            received_at TEXT NOT NULL,
            created_at TEXT,               -- as the publisher wrote it
            topic TEXT NOT NULL,
            author TEXT,                   -- keyed hash
            lang TEXT,
            is_retweet INTEGER NOT NULL,
            text TEXT,                     -- as [privacy] store_text allows
            batch_id INTEGER NOT NULL      -- pruned apart from its tweets, so no foreign key
        )""",
        "CREATE INDEX batches_started_at ON batches (started_at)",
        "CREATE INDEX tweets_received_at ON tweets (received_at)",
        """
        CREATE TABLE labels (
            tweet_id TEXT NOT NULL REFERENCES tweets (id),
            entity TEXT NOT NULL,
            reputation TEXT NOT NULL,
            reputation_negative REAL,
            reputation_neutral REAL,
            reputation_positive REAL,
            sentiment TEXT NOT NULL,
            sentiment_negative REAL,
            sentiment_neutral REAL,
            sentiment_positive REAL,
            model_id INTEGER NOT NULL REFERENCES models (id),
            PRIMARY KEY (tweet_id, entity)
        ) WITHOUT ROWID""",
        """
        CREATE TABLE dead_letters (
            digest TEXT PRIMARY KEY,       -- keyed, of topic and payload: a redelivery is no news
            received_at TEXT NOT NULL,
            topic TEXT NOT NULL,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            size INTEGER NOT NULL,         -- bytes as received
            payload BLOB                   -- its beginning; NULL if no text may be stored
        )""",
        "CREATE INDEX dead_letters_received_at ON dead_letters (received_at)",
        """
        CREATE TABLE throughput (
            id INTEGER PRIMARY KEY,
            started_at TEXT NOT NULL,
            seconds REAL NOT NULL,         -- about a minute; less at the end of a run
            received INTEGER NOT NULL,
            labelled INTEGER NOT NULL,     -- tweets newly stored
            duplicates INTEGER NOT NULL,
            rejected INTEGER NOT NULL,
            tweets_per_s REAL NOT NULL,
            latency_p50_ms REAL,           -- arrival to COMMIT
            latency_p95_ms REAL,
            latency_p99_ms REAL,
            latency_max_ms REAL,
            queue_depth INTEGER NOT NULL,  -- largest seen
            rss_mib REAL,
            cpu_celsius REAL,
            clock_synchronised INTEGER     -- NULL where the board cannot tell
        )""",
        "CREATE INDEX throughput_started_at ON throughput (started_at)",
        """
        CREATE VIEW labelled AS
        SELECT t.id, t.received_at, nullif(l.entity, '') AS entity,
            CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END AS label,
            l.reputation, l.sentiment, t.text, t.author, t.lang, t.topic, t.is_retweet
        FROM labels AS l
        JOIN tweets AS t ON t.id = l.tweet_id
        JOIN models AS m ON m.id = l.model_id""",
        """
        CREATE VIEW reputation_by_entity AS
        SELECT nullif(entity, '') AS entity, count(*) AS tweets,
            sum(reputation = 'negative') AS negative,
            sum(reputation = 'neutral') AS neutral,
            sum(reputation = 'positive') AS positive,
            round(1.0 * (sum(reputation = 'positive') - sum(reputation = 'negative'))
                / count(*), 3) AS net
        FROM labels GROUP BY labels.entity ORDER BY tweets DESC""",
        """
        CREATE VIEW reputation_by_day AS
        SELECT substr(t.received_at, 1, 10) AS day, nullif(l.entity, '') AS entity,
            count(*) AS tweets,
            sum(l.reputation = 'negative') AS negative,
            sum(l.reputation = 'neutral') AS neutral,
            sum(l.reputation = 'positive') AS positive
        FROM labels AS l JOIN tweets AS t ON t.id = l.tweet_id
        GROUP BY 1, l.entity ORDER BY 1 DESC, tweets DESC""",
        """
        CREATE VIEW throughput_by_hour AS
        SELECT substr(started_at, 1, 13) AS hour, sum(received) AS received,
            sum(labelled) AS labelled, sum(duplicates) AS duplicates, sum(rejected) AS rejected,
            round(sum(labelled) / sum(seconds), 2) AS tweets_per_s,
            max(latency_p99_ms) AS worst_p99_ms, max(queue_depth) AS queue_depth,
            max(rss_mib) AS rss_mib, max(cpu_celsius) AS cpu_celsius
        FROM throughput GROUP BY 1 ORDER BY 1 DESC""",
        """
        CREATE VIEW dead_letters_by_reason AS
        SELECT reason, count(*) AS messages, max(received_at) AS latest
        FROM dead_letters GROUP BY reason ORDER BY messages DESC""",
    ):
        db.execute(statement)


@migrations()
def m002_abstained(db: Database) -> None:
    """Mark labels of low confidence: 1 if the label's probability was below the threshold in force.

    The label itself stays. The views count apart what is marked; their new column comes last, so
    that the others keep their places.
    """
    for statement in (
        "ALTER TABLE labels ADD COLUMN reputation_abstained INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE labels ADD COLUMN sentiment_abstained INTEGER NOT NULL DEFAULT 0",
        "DROP VIEW labelled",
        """
        CREATE VIEW labelled AS
        SELECT t.id, t.received_at, nullif(l.entity, '') AS entity,
            CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END AS label,
            l.reputation, l.sentiment, t.text, t.author, t.lang, t.topic, t.is_retweet,
            CASE m.task WHEN 'sentiment' THEN l.sentiment_abstained
                ELSE l.reputation_abstained END AS abstained
        FROM labels AS l
        JOIN tweets AS t ON t.id = l.tweet_id
        JOIN models AS m ON m.id = l.model_id""",
        "DROP VIEW reputation_by_entity",
        # Where all have abstained, avg() has nothing to go by, and net is NULL.
        """
        CREATE VIEW reputation_by_entity AS
        SELECT nullif(entity, '') AS entity, count(*) AS tweets,
            sum(reputation = 'negative' AND NOT reputation_abstained) AS negative,
            sum(reputation = 'neutral' AND NOT reputation_abstained) AS neutral,
            sum(reputation = 'positive' AND NOT reputation_abstained) AS positive,
            round(avg(CASE WHEN NOT reputation_abstained
                THEN (reputation = 'positive') - (reputation = 'negative') END), 3) AS net,
            sum(reputation_abstained) AS abstained
        FROM labels GROUP BY labels.entity ORDER BY tweets DESC""",
        "DROP VIEW reputation_by_day",
        """
        CREATE VIEW reputation_by_day AS
        SELECT substr(t.received_at, 1, 10) AS day, nullif(l.entity, '') AS entity,
            count(*) AS tweets,
            sum(l.reputation = 'negative' AND NOT l.reputation_abstained) AS negative,
            sum(l.reputation = 'neutral' AND NOT l.reputation_abstained) AS neutral,
            sum(l.reputation = 'positive' AND NOT l.reputation_abstained) AS positive,
            sum(l.reputation_abstained) AS abstained
        FROM labels AS l JOIN tweets AS t ON t.id = l.tweet_id
        GROUP BY 1, l.entity ORDER BY 1 DESC, tweets DESC""",
    ):
        db.execute(statement)


@migrations()
def m003_order_of_arrival(db: Database) -> None:
    """Note whether the clock could be believed, and let retention go by the order of arrival.

    ``clock_synchronised`` is NULL where the board cannot tell, and in rows from before.
    """
    for statement in (
        "ALTER TABLE batches ADD COLUMN clock_synchronised INTEGER",
        "ALTER TABLE dead_letters ADD COLUMN batch_id INTEGER",
        """
        UPDATE dead_letters SET batch_id =
            (SELECT max(id) FROM batches WHERE started_at <= received_at)""",
        "DROP INDEX batches_started_at",
        "DROP INDEX dead_letters_received_at",
        "DROP VIEW labelled",
        """
        CREATE VIEW labelled AS
        SELECT t.id, t.received_at, nullif(l.entity, '') AS entity,
            CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END AS label,
            l.reputation, l.sentiment, t.text, t.author, t.lang, t.topic, t.is_retweet,
            CASE m.task WHEN 'sentiment' THEN l.sentiment_abstained
                ELSE l.reputation_abstained END AS abstained,
            b.clock_synchronised
        FROM labels AS l
        JOIN tweets AS t ON t.id = l.tweet_id
        JOIN models AS m ON m.id = l.model_id
        LEFT JOIN batches AS b ON b.id = t.batch_id""",
    ):
        db.execute(statement)


@migrations()
def m004_broker(db: Database) -> None:
    """Remember what the broker knows of us and says of itself.

    The topic filters of our session outlive the process, so that those no longer wanted can be
    given up, and a session that the broker has forgotten can be told from one that never was.
    """
    for statement in (
        """
        CREATE TABLE subscriptions (
            broker TEXT NOT NULL,          -- host:port
            client_id TEXT NOT NULL,
            topic TEXT NOT NULL,           -- filter
            PRIMARY KEY (broker, client_id, topic)
        ) WITHOUT ROWID""",
        # Messages it dropped for any of its clients since its own start; NULL if it does not say.
        "ALTER TABLE throughput ADD COLUMN broker_dropped INTEGER",
        "DROP VIEW throughput_by_hour",
        """
        CREATE VIEW throughput_by_hour AS
        WITH minutes AS (
            SELECT *, broker_dropped - lag(broker_dropped) OVER (ORDER BY id) AS more
            FROM throughput
        )
        SELECT substr(started_at, 1, 13) AS hour, sum(received) AS received,
            sum(labelled) AS labelled, sum(duplicates) AS duplicates, sum(rejected) AS rejected,
            round(sum(labelled) / sum(seconds), 2) AS tweets_per_s,
            max(latency_p99_ms) AS worst_p99_ms, max(queue_depth) AS queue_depth,
            max(rss_mib) AS rss_mib, max(cpu_celsius) AS cpu_celsius,
            -- A broker that restarted counts from nothing again.
            sum(CASE WHEN more < 0 THEN broker_dropped ELSE more END) AS broker_dropped
        FROM minutes GROUP BY 1 ORDER BY 1 DESC""",
    ):
        db.execute(statement)


@migrations()
def m005_rollups(db: Database) -> None:
    """Count labels by hour, so that a year of history is small and read at once.

    A rollup is written with the labels that it counts, in their transaction, and outlives them.
    Retweets are counted apart: they repeat an opinion. ``unsure`` are labels marked as abstained,
    counted apart from the others. Labels learn their batch, and an index leads to the latest of
    an entity. A model's calibration (model.toml, JSON here) corrects the counts for its mistakes.
    """
    counts = [
        f"{task}_{sure}{polarity}"
        for task in ("reputation", "sentiment")
        for sure in ("", "unsure_")
        for polarity in ("negative", "neutral", "positive")
    ]
    sums = ", ".join(
        f"sum(l.{task} = '{polarity}' AND {'' if sure else 'NOT '}l.{task}_abstained)"
        for task in ("reputation", "sentiment")
        for sure in ("", "unsure_")
        for polarity in ("negative", "neutral", "positive")
    )
    unsure = "reputation_unsure_negative + reputation_unsure_neutral + reputation_unsure_positive"
    sure = "reputation_negative + reputation_neutral + reputation_positive"
    for statement in (
        f"""
        CREATE TABLE rollups (
            hour TEXT NOT NULL,            -- UTC, '2026-11-21T17'
            entity TEXT NOT NULL,
            model_id INTEGER NOT NULL REFERENCES models (id),
            is_retweet INTEGER NOT NULL,
            {", ".join(f"{count} INTEGER NOT NULL" for count in counts)},
            PRIMARY KEY (hour, entity, model_id, is_retweet)
        ) WITHOUT ROWID""",
        f"""
        INSERT INTO rollups
        SELECT substr(t.received_at, 1, 13), l.entity, l.model_id, t.is_retweet, {sums}
        FROM labels AS l JOIN tweets AS t ON t.id = l.tweet_id
        GROUP BY 1, 2, 3, 4""",  # noqa: S608  (our own names)
        "ALTER TABLE models ADD COLUMN calibration TEXT",
        "ALTER TABLE labels ADD COLUMN batch_id INTEGER",
        "UPDATE labels SET batch_id = (SELECT batch_id FROM tweets WHERE id = tweet_id)",
        # Batch first: it grows at its end only, which spares the card; an entity's latest labels
        # are found in the index alone, a million of them in a tenth of a second.
        "CREATE INDEX labels_batch ON labels (batch_id, entity)",
        "DROP VIEW reputation_by_entity",
        f"""
        CREATE VIEW reputation_by_entity AS
        SELECT nullif(entity, '') AS entity, sum({sure} + {unsure}) AS tweets,
            sum(reputation_negative) AS negative, sum(reputation_neutral) AS neutral,
            sum(reputation_positive) AS positive,
            round(1.0 * sum(reputation_positive - reputation_negative)
                / nullif(sum({sure}), 0), 3) AS net,
            sum({unsure}) AS abstained
        FROM rollups GROUP BY rollups.entity ORDER BY tweets DESC""",  # noqa: S608  (as above)
        "DROP VIEW reputation_by_day",
        f"""
        CREATE VIEW reputation_by_day AS
        SELECT substr(hour, 1, 10) AS day, nullif(entity, '') AS entity,
            sum({sure} + {unsure}) AS tweets,
            sum(reputation_negative) AS negative, sum(reputation_neutral) AS neutral,
            sum(reputation_positive) AS positive, sum({unsure}) AS abstained
        FROM rollups GROUP BY 1, rollups.entity ORDER BY 1 DESC, tweets DESC""",  # noqa: S608
    ):
        db.execute(statement)


@migrations()
def m006_alerts(db: Database) -> None:
    """Keep alerts, and what is known of each entity to raise them (`monitor.alerts`).

    Both are written in the transaction of the labels that they follow from.
    """
    for statement in (
        """
        CREATE TABLE alerts (
            id INTEGER PRIMARY KEY,
            entity TEXT NOT NULL,
            model_id INTEGER NOT NULL REFERENCES models (id),
            since TEXT NOT NULL,           -- about when the share rose (the change point)
            raised_at TEXT NOT NULL,
            ended_at TEXT,                 -- NULL while it holds
            outcome TEXT,                  -- 'recovered'; 'adopted': it is usual now; 'new-model'
            usual_share REAL NOT NULL,     -- of negative labels, before
            share REAL NOT NULL,           -- since the change point, when it was raised
            tweets INTEGER NOT NULL,       -- since then
            negatives INTEGER NOT NULL,    -- of these
            first_batch_id INTEGER NOT NULL,
            first_tweet_id TEXT NOT NULL,
            batch_id INTEGER NOT NULL,     -- with the tweet that raised it
            tweet_id TEXT NOT NULL
        )""",
        "CREATE INDEX alerts_entity ON alerts (entity, raised_at)",
        # A CUSUM in numbers: monitor/alerts/cusum.py says what each is. Times are seconds since
        # the epoch.
        """
        CREATE TABLE alert_states (
            entity TEXT PRIMARY KEY,
            model_id INTEGER NOT NULL,
            tuning TEXT NOT NULL,          -- what the chart was designed for
            alert_id INTEGER,              -- the one that holds
            begun_batch_id INTEGER,        -- the change point, if there was a change
            begun_tweet_id TEXT,
            phase TEXT NOT NULL,           -- 'learning', 'watching', 'alert'
            negatives REAL NOT NULL,
            tweets REAL NOT NULL,
            new_negatives INTEGER NOT NULL,
            new_tweets INTEGER NOT NULL,
            seconds REAL NOT NULL,
            pauses REAL NOT NULL,
            at REAL,
            since_raised_s REAL NOT NULL,
            usual_share REAL,              -- of negative labels, that the chart was designed for
            up INTEGER NOT NULL,
            down INTEGER NOT NULL,
            threshold INTEGER NOT NULL,
            recovery INTEGER NOT NULL,
            score INTEGER NOT NULL,
            begun_at REAL,
            begun_negatives INTEGER NOT NULL,
            begun_tweets INTEGER NOT NULL
        ) WITHOUT ROWID""",
        # What drove an alert: negative tweets from its change point to the one that raised it, in
        # order of arrival. Text is NULL where none is kept, and pruned tweets are not here.
        """
        CREATE VIEW alert_tweets AS
        SELECT a.id AS alert_id, a.entity, t.id AS tweet_id, t.received_at, t.text
        FROM alerts AS a
        CROSS JOIN labels AS l ON l.entity = a.entity
            AND l.batch_id BETWEEN a.first_batch_id AND a.batch_id AND l.model_id = a.model_id
        CROSS JOIN models AS m ON m.id = l.model_id
        CROSS JOIN tweets AS t ON t.id = l.tweet_id
        WHERE NOT t.is_retweet
            AND CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END = 'negative'
            AND (l.batch_id > a.first_batch_id OR t.rowid >=
                coalesce((SELECT rowid FROM tweets WHERE id = a.first_tweet_id), 0))
            AND (l.batch_id < a.batch_id OR t.rowid <=
                coalesce((SELECT rowid FROM tweets WHERE id = a.tweet_id), t.rowid))
        ORDER BY a.id, t.rowid""",
    ):
        db.execute(statement)


@migrations()
def m007_outbox(db: Database) -> None:
    """Keep messages until the broker has them, and remember what it retains of us.

    Numbers of messages are never used again: who forwards them goes by the last one it sent.
    """
    for statement in (
        """
        CREATE TABLE outgoing (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            topic TEXT NOT NULL,
            payload TEXT NOT NULL,         -- JSON; '' clears what is retained
            retain INTEGER NOT NULL
        )""",
        """
        CREATE TABLE retained (
            topic TEXT PRIMARY KEY,
            payload TEXT                   -- NULL where it is made anew each minute
        ) WITHOUT ROWID""",
    ):
        db.execute(statement)


@migrations()
def m008_views(db: Database) -> None:
    """Have the views answer at once over a million tweets.

    CROSS JOIN keeps SQLite to the order written: `labelled` begins with the tweets, whose index has
    them by time, and `throughput_by_hour` has an index that has its hours together.
    """
    for statement in (
        "DROP VIEW labelled",
        """
        CREATE VIEW labelled AS
        SELECT t.id, t.received_at, nullif(l.entity, '') AS entity,
            CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END AS label,
            l.reputation, l.sentiment, t.text, t.author, t.lang, t.topic, t.is_retweet,
            CASE m.task WHEN 'sentiment' THEN l.sentiment_abstained
                ELSE l.reputation_abstained END AS abstained,
            b.clock_synchronised
        FROM tweets AS t
        CROSS JOIN labels AS l ON l.tweet_id = t.id
        CROSS JOIN models AS m ON m.id = l.model_id
        LEFT JOIN batches AS b ON b.id = t.batch_id""",
        "CREATE INDEX throughput_hour ON throughput (substr(started_at, 1, 13))",
        "DROP VIEW throughput_by_hour",
        """
        CREATE VIEW throughput_by_hour AS
        SELECT substr(t.started_at, 1, 13) AS hour, sum(t.received) AS received,
            sum(t.labelled) AS labelled, sum(t.duplicates) AS duplicates,
            sum(t.rejected) AS rejected,
            round(sum(t.labelled) / sum(t.seconds), 2) AS tweets_per_s,
            max(t.latency_p99_ms) AS worst_p99_ms, max(t.queue_depth) AS queue_depth,
            max(t.rss_mib) AS rss_mib, max(t.cpu_celsius) AS cpu_celsius,
            -- A broker that restarted counts from nothing again.
            sum(CASE WHEN t.broker_dropped < before.broker_dropped THEN t.broker_dropped
                ELSE t.broker_dropped - before.broker_dropped END) AS broker_dropped
        FROM throughput AS t LEFT JOIN throughput AS before ON before.id = t.id - 1
        GROUP BY 1 ORDER BY 1 DESC""",
    ):
        db.execute(statement)


@migrations()
def m009_logs(db: Database) -> None:
    """Give each log an identity, and room for the rows of others (`monitor merge`, docs/merge.md).

    ``log_id`` is NULL in a daemon's own log: all that it has is its own. In a joined log it says
    where a row is from, and ``own_id`` which one it is there.
    """
    counts = ", ".join(
        f"{task}_{sure}{polarity} INTEGER NOT NULL"
        for task in ("reputation", "sentiment")
        for sure in ("", "unsure_")
        for polarity in ("negative", "neutral", "positive")
    )
    label = "CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END"
    for statement in (
        """
        CREATE TABLE logs (
            id INTEGER PRIMARY KEY,
            uuid TEXT NOT NULL UNIQUE,     -- stays with the log's copies
            own INTEGER NOT NULL,          -- 1: this log itself; a joined log has no such row
            name TEXT                      -- of its daemon to the broker; in joined logs
        )""",
        "INSERT INTO logs (uuid, own) VALUES (lower(hex(randomblob(16))), 1)",
        *(
            f"ALTER TABLE {table} ADD COLUMN {column}"
            for table in ("batches", "throughput", "alerts")
            for column in ("log_id INTEGER REFERENCES logs (id)", "own_id INTEGER")
        ),
        *(
            f"CREATE UNIQUE INDEX {table}_log ON {table} (log_id, own_id) WHERE log_id IS NOT NULL"
            for table in ("batches", "throughput", "alerts")
        ),
        # The rollups as each log has them; `rollups` adds them up, less the copies that lost.
        f"""
        CREATE TABLE log_rollups (
            log_id INTEGER NOT NULL REFERENCES logs (id),
            hour TEXT NOT NULL,
            entity TEXT NOT NULL,
            model_id INTEGER NOT NULL REFERENCES models (id),
            is_retweet INTEGER NOT NULL,
            {counts},
            PRIMARY KEY (hour, entity, model_id, is_retweet, log_id)
        ) WITHOUT ROWID""",
        # Labels of tweets that more than one log has, where another log's tweet is kept.
        """
        CREATE TABLE copies (
            tweet_id TEXT NOT NULL,
            entity TEXT NOT NULL,
            batch_id INTEGER NOT NULL REFERENCES batches (id),
            hour TEXT NOT NULL,            -- in which its log counted it
            model_id INTEGER NOT NULL REFERENCES models (id),
            is_retweet INTEGER NOT NULL,
            reputation TEXT NOT NULL,
            reputation_abstained INTEGER NOT NULL,
            sentiment TEXT NOT NULL,
            sentiment_abstained INTEGER NOT NULL,
            lost INTEGER NOT NULL,         -- 1: `labels` has another log's; 0: it has this one
            PRIMARY KEY (tweet_id, entity, batch_id)
        ) WITHOUT ROWID""",
        "CREATE INDEX copies_hour ON copies (hour) WHERE lost",
        "CREATE INDEX copies_batch ON copies (batch_id, entity) WHERE lost",
        # Whose result it was, if another board labelled it ([mqtt] results_topics).
        "ALTER TABLE tweets ADD COLUMN board TEXT",
        "DROP VIEW labelled",
        """
        CREATE VIEW labelled AS
        SELECT t.id, t.received_at, nullif(l.entity, '') AS entity,
            CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END AS label,
            l.reputation, l.sentiment, t.text, t.author, t.lang, t.topic, t.is_retweet,
            CASE m.task WHEN 'sentiment' THEN l.sentiment_abstained
                ELSE l.reputation_abstained END AS abstained,
            b.clock_synchronised, coalesce(t.board, g.name) AS board
        FROM tweets AS t
        CROSS JOIN labels AS l ON l.tweet_id = t.id
        CROSS JOIN models AS m ON m.id = l.model_id
        LEFT JOIN batches AS b ON b.id = t.batch_id
        LEFT JOIN logs AS g ON g.id = b.log_id""",
        "DROP VIEW throughput_by_hour",
        # Boards side by side are as fast as their rates added up; each counts by itself what its
        # broker dropped.
        """
        CREATE VIEW throughput_by_hour AS
        SELECT substr(t.started_at, 1, 13) AS hour, sum(t.received) AS received,
            sum(t.labelled) AS labelled, sum(t.duplicates) AS duplicates,
            sum(t.rejected) AS rejected,
            round(CASE WHEN max(t.log_id) IS NULL THEN sum(t.labelled) / sum(t.seconds) ELSE (
                SELECT sum(rate) FROM (
                    SELECT sum(u.labelled) / sum(u.seconds) AS rate FROM throughput AS u
                    WHERE substr(u.started_at, 1, 13) = substr(t.started_at, 1, 13)
                    GROUP BY u.log_id
                )
            ) END, 2) AS tweets_per_s,
            max(t.latency_p99_ms) AS worst_p99_ms, max(t.queue_depth) AS queue_depth,
            max(t.rss_mib) AS rss_mib, max(t.cpu_celsius) AS cpu_celsius,
            -- A broker that restarted counts from nothing again.
            sum(CASE WHEN t.broker_dropped < before.broker_dropped THEN t.broker_dropped
                ELSE t.broker_dropped - before.broker_dropped END) AS broker_dropped
        FROM throughput AS t LEFT JOIN throughput AS before ON before.id =
            CASE WHEN t.log_id IS NULL THEN t.id - 1 ELSE (
                SELECT id FROM throughput WHERE log_id = t.log_id AND own_id = t.own_id - 1
            ) END
        GROUP BY 1 ORDER BY 1 DESC""",
        "DROP VIEW alert_tweets",
        # An alert's batches are numbered as in its own log, joined or not. Behind it are the log's
        # labels, those included of which another log has the first.
        f"""
        CREATE VIEW alert_tweets AS
        SELECT alert_id, entity, tweet_id, received_at, text FROM (
            SELECT a.id AS alert_id, a.entity, t.id AS tweet_id, t.received_at, t.text,
                b.id AS batch_id, t.rowid AS place
            FROM alerts AS a
            CROSS JOIN batches AS b ON
                (a.log_id IS NULL AND b.id BETWEEN a.first_batch_id AND a.batch_id)
                OR (b.log_id = a.log_id AND b.own_id BETWEEN a.first_batch_id AND a.batch_id)
            CROSS JOIN labels AS l ON l.batch_id = b.id AND l.entity = a.entity
                AND l.model_id = a.model_id
            CROSS JOIN models AS m ON m.id = l.model_id
            CROSS JOIN tweets AS t ON t.id = l.tweet_id
            WHERE NOT t.is_retweet AND {label} = 'negative'
                AND (coalesce(b.own_id, b.id) > a.first_batch_id OR t.rowid >= coalesce((
                    SELECT rowid FROM tweets WHERE id = a.first_tweet_id AND batch_id = b.id
                ), 0))
                AND (coalesce(b.own_id, b.id) < a.batch_id OR t.rowid <= coalesce((
                    SELECT rowid FROM tweets WHERE id = a.tweet_id AND batch_id = b.id
                ), t.rowid))
            UNION ALL
            SELECT a.id, a.entity, t.id, t.received_at, t.text, b.id, t.rowid
            FROM alerts AS a
            CROSS JOIN batches AS b ON b.log_id = a.log_id
                AND b.own_id BETWEEN a.first_batch_id AND a.batch_id
            CROSS JOIN copies AS l ON l.batch_id = b.id AND l.entity = a.entity
                AND l.model_id = a.model_id AND l.lost
            CROSS JOIN models AS m ON m.id = l.model_id
            CROSS JOIN tweets AS t ON t.id = l.tweet_id
            WHERE NOT l.is_retweet AND {label} = 'negative'
        ) ORDER BY alert_id, batch_id, place""",  # noqa: S608  (our own names)
    ):
        db.execute(statement)


@migrations()
def m010_attempts(db: Database) -> None:
    """Note what is worked on while it is feared, and that a run is on (`store.attempts`)."""
    for statement in (
        """
        CREATE TABLE running (
            since TEXT NOT NULL            -- a row while a daemon runs, or if it ended badly
        )""",
        """
        CREATE TABLE attempts (
            id INTEGER PRIMARY KEY,
            digest TEXT NOT NULL UNIQUE,   -- as of dead_letters
            deaths INTEGER NOT NULL        -- times that it was worked on alone, and not stored
        )""",
    ):
        db.execute(statement)


@migrations()
def m011_plain_views(db: Database) -> None:
    """Write the views in SQL that other programs read, too: DuckDB attaches a log only then.

    CROSS JOIN still keeps SQLite to the order written (`m008_views`); what joins the tables stands
    in WHERE, for in standard SQL a CROSS JOIN has no ON.
    """
    label = "CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END"
    for statement in (
        "DROP VIEW labelled",
        f"""
        CREATE VIEW labelled AS
        SELECT t.id, t.received_at, nullif(l.entity, '') AS entity, {label} AS label,
            l.reputation, l.sentiment, t.text, t.author, t.lang, t.topic, t.is_retweet,
            CASE m.task WHEN 'sentiment' THEN l.sentiment_abstained
                ELSE l.reputation_abstained END AS abstained,
            b.clock_synchronised, coalesce(t.board, g.name) AS board
        FROM tweets AS t
        CROSS JOIN labels AS l
        CROSS JOIN models AS m
        LEFT JOIN batches AS b ON b.id = t.batch_id
        LEFT JOIN logs AS g ON g.id = b.log_id
        WHERE l.tweet_id = t.id AND m.id = l.model_id""",  # noqa: S608  (our own names)
        "DROP VIEW alert_tweets",
        f"""
        CREATE VIEW alert_tweets AS
        SELECT alert_id, entity, tweet_id, received_at, text FROM (
            SELECT a.id AS alert_id, a.entity, t.id AS tweet_id, t.received_at, t.text,
                b.id AS batch_id, t.rowid AS place
            FROM alerts AS a
            CROSS JOIN batches AS b
            CROSS JOIN labels AS l
            CROSS JOIN models AS m
            CROSS JOIN tweets AS t
            WHERE ((a.log_id IS NULL AND b.id BETWEEN a.first_batch_id AND a.batch_id)
                    OR (b.log_id = a.log_id
                        AND b.own_id BETWEEN a.first_batch_id AND a.batch_id))
                AND l.batch_id = b.id AND l.entity = a.entity AND l.model_id = a.model_id
                AND m.id = l.model_id AND t.id = l.tweet_id
                AND t.is_retweet = 0 AND {label} = 'negative'
                AND (coalesce(b.own_id, b.id) > a.first_batch_id OR t.rowid >= coalesce((
                    SELECT rowid FROM tweets WHERE id = a.first_tweet_id AND batch_id = b.id
                ), 0))
                AND (coalesce(b.own_id, b.id) < a.batch_id OR t.rowid <= coalesce((
                    SELECT rowid FROM tweets WHERE id = a.tweet_id AND batch_id = b.id
                ), t.rowid))
            UNION ALL
            SELECT a.id, a.entity, t.id, t.received_at, t.text, b.id, t.rowid
            FROM alerts AS a
            CROSS JOIN batches AS b
            CROSS JOIN copies AS l
            CROSS JOIN models AS m
            CROSS JOIN tweets AS t
            WHERE b.log_id = a.log_id AND b.own_id BETWEEN a.first_batch_id AND a.batch_id
                AND l.batch_id = b.id AND l.entity = a.entity AND l.model_id = a.model_id
                AND l.lost AND m.id = l.model_id AND t.id = l.tweet_id
                AND l.is_retweet = 0 AND {label} = 'negative'
        ) AS driving ORDER BY alert_id, batch_id, place""",  # noqa: S608  (as above)
        "DROP VIEW throughput_by_hour",
        # Its hours stay in the order in which the index has them, so that the latest are found
        # without the others: ordered once more outside, they would all be made first.
        """
        CREATE VIEW throughput_by_hour AS
        SELECT h.hour, h.received, h.labelled, h.duplicates, h.rejected,
            round(CASE WHEN h.log_id IS NULL THEN h.labelled / h.seconds ELSE (
                SELECT sum(rate) FROM (
                    SELECT sum(u.labelled) / sum(u.seconds) AS rate FROM throughput AS u
                    WHERE substr(u.started_at, 1, 13) = h.hour GROUP BY u.log_id
                ) AS boards
            ) END, 2) AS tweets_per_s,
            h.worst_p99_ms, h.queue_depth, h.rss_mib, h.cpu_celsius, h.broker_dropped
        FROM (
            SELECT substr(t.started_at, 1, 13) AS hour, max(t.log_id) AS log_id,
                sum(t.received) AS received, sum(t.labelled) AS labelled,
                sum(t.duplicates) AS duplicates, sum(t.rejected) AS rejected,
                sum(t.seconds) AS seconds, max(t.latency_p99_ms) AS worst_p99_ms,
                max(t.queue_depth) AS queue_depth, max(t.rss_mib) AS rss_mib,
                max(t.cpu_celsius) AS cpu_celsius,
                -- A broker that restarted counts from nothing again.
                sum(CASE WHEN t.broker_dropped < coalesce(own.broker_dropped, its.broker_dropped)
                    THEN t.broker_dropped
                    ELSE t.broker_dropped - coalesce(own.broker_dropped, its.broker_dropped)
                    END) AS broker_dropped
            FROM throughput AS t
            LEFT JOIN throughput AS own ON t.log_id IS NULL AND own.id = t.id - 1
            LEFT JOIN throughput AS its ON its.log_id = t.log_id AND its.own_id = t.own_id - 1
            GROUP BY substr(t.started_at, 1, 13) ORDER BY substr(t.started_at, 1, 13) DESC
        ) AS h""",
    ):
        db.execute(statement)


@migrations()
def m012_owner_labels(db: Database) -> None:
    """Keep what the owner says of tweets, with what the model had said (`store.owner_labels`)."""
    probabilities = ", ".join(
        f"{task}_{polarity} REAL NOT NULL"
        for task in ("reputation", "sentiment")
        for polarity in ("negative", "neutral", "positive")
    )
    db.execute(
        f"""
        CREATE TABLE owner_labels (
            tweet_id TEXT NOT NULL,        -- of `tweets`, or 'sha256:…' of a text from elsewhere
            entity TEXT NOT NULL,
            label TEXT NOT NULL,           -- a polarity, 'cannot-tell' or 'not-about-it'
            drawn TEXT NOT NULL,           -- 'random', 'teaching', 'found'
            labelled_at TEXT NOT NULL,
            received_at TEXT NOT NULL,     -- when the tweet arrived, or was labelled elsewhere
            {probabilities},               -- as the model gave them, at the latest label
            model_sha256 TEXT NOT NULL,
            text TEXT,                     -- of a text from elsewhere
            batch_id INTEGER,              -- with which it is pruned; NULL: never
            PRIMARY KEY (entity, tweet_id)
        ) WITHOUT ROWID"""
    )


@migrations()
def m013_adaptations(db: Database) -> None:
    """Have labels follow the owner's answers (`store.adapting`).

    ``labels.adapted`` is the label if it is another than the model's, whose own stays beside it;
    ``adaptation_id`` is the adaptation that gave it. The chart of an alert knows which one it was
    drawn for.
    """
    label = "CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END"
    for statement in (
        """
        CREATE TABLE adaptations (
            id INTEGER PRIMARY KEY,
            made_at TEXT NOT NULL,
            format INTEGER NOT NULL,       -- of fits
            digest TEXT NOT NULL,          -- of the answers
            answers INTEGER NOT NULL,      -- that it was fitted to
            fits TEXT,                     -- JSON, by model and entity; NULL once it is replaced
            todo INTEGER NOT NULL          -- labels of batches up to this one do not follow it yet
        )""",
        "ALTER TABLE labels ADD COLUMN adapted TEXT",
        "ALTER TABLE labels ADD COLUMN adaptation_id INTEGER",
        "ALTER TABLE alert_states ADD COLUMN adaptation_id INTEGER",
        "DROP VIEW labelled",
        f"""
        CREATE VIEW labelled AS
        SELECT t.id, t.received_at, nullif(l.entity, '') AS entity,
            coalesce(l.adapted, {label}) AS label,
            l.reputation, l.sentiment, t.text, t.author, t.lang, t.topic, t.is_retweet,
            CASE m.task WHEN 'sentiment' THEN l.sentiment_abstained
                ELSE l.reputation_abstained END AS abstained,
            b.clock_synchronised, coalesce(t.board, g.name) AS board,
            l.adaptation_id AS adaptation
        FROM tweets AS t
        CROSS JOIN labels AS l
        CROSS JOIN models AS m
        LEFT JOIN batches AS b ON b.id = t.batch_id
        LEFT JOIN logs AS g ON g.id = b.log_id
        WHERE l.tweet_id = t.id AND m.id = l.model_id""",  # noqa: S608  (our own names)
        "DROP VIEW alert_tweets",
        f"""
        CREATE VIEW alert_tweets AS
        SELECT alert_id, entity, tweet_id, received_at, text FROM (
            SELECT a.id AS alert_id, a.entity, t.id AS tweet_id, t.received_at, t.text,
                b.id AS batch_id, t.rowid AS place
            FROM alerts AS a
            CROSS JOIN batches AS b
            CROSS JOIN labels AS l
            CROSS JOIN models AS m
            CROSS JOIN tweets AS t
            WHERE ((a.log_id IS NULL AND b.id BETWEEN a.first_batch_id AND a.batch_id)
                    OR (b.log_id = a.log_id
                        AND b.own_id BETWEEN a.first_batch_id AND a.batch_id))
                AND l.batch_id = b.id AND l.entity = a.entity AND l.model_id = a.model_id
                AND m.id = l.model_id AND t.id = l.tweet_id
                AND t.is_retweet = 0 AND coalesce(l.adapted, {label}) = 'negative'
                AND (coalesce(b.own_id, b.id) > a.first_batch_id OR t.rowid >= coalesce((
                    SELECT rowid FROM tweets WHERE id = a.first_tweet_id AND batch_id = b.id
                ), 0))
                AND (coalesce(b.own_id, b.id) < a.batch_id OR t.rowid <= coalesce((
                    SELECT rowid FROM tweets WHERE id = a.tweet_id AND batch_id = b.id
                ), t.rowid))
            UNION ALL
            SELECT a.id, a.entity, t.id, t.received_at, t.text, b.id, t.rowid
            FROM alerts AS a
            CROSS JOIN batches AS b
            CROSS JOIN copies AS l
            CROSS JOIN models AS m
            CROSS JOIN tweets AS t
            WHERE b.log_id = a.log_id AND b.own_id BETWEEN a.first_batch_id AND a.batch_id
                AND l.batch_id = b.id AND l.entity = a.entity AND l.model_id = a.model_id
                AND l.lost AND m.id = l.model_id AND t.id = l.tweet_id
                AND l.is_retweet = 0 AND {label} = 'negative'
        ) AS driving ORDER BY alert_id, batch_id, place""",  # noqa: S608  (as above)
    ):
        db.execute(statement)


@migrations()
def m014_other_languages(db: Database) -> None:
    """Count tweets in languages that the model does not read apart from what it has labelled.

    In `labels` such a tweet has 'other-language' for both labels and no probabilities. So what
    holds for labels (each once, pruned and joined with their tweets) holds for it.
    """
    unsure = "reputation_unsure_negative + reputation_unsure_neutral + reputation_unsure_positive"
    sure = "reputation_negative + reputation_neutral + reputation_positive"
    label = "CASE m.task WHEN 'sentiment' THEN l.sentiment ELSE l.reputation END"
    of_tweet = """
        FROM tweets AS t
        CROSS JOIN labels AS l
        CROSS JOIN models AS m
        LEFT JOIN batches AS b ON b.id = t.batch_id
        LEFT JOIN logs AS g ON g.id = b.log_id
        WHERE l.tweet_id = t.id AND m.id = l.model_id"""
    for table in ("rollups", "log_rollups", "throughput"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN other_language INTEGER NOT NULL DEFAULT 0")
    # Most hours of most entities have none.
    db.execute("CREATE INDEX rollups_unread ON rollups (hour) WHERE other_language > 0")
    for statement in (
        "DROP VIEW labelled",
        f"""
        CREATE VIEW labelled AS
        SELECT t.id, t.received_at, nullif(l.entity, '') AS entity,
            coalesce(l.adapted, {label}) AS label,
            l.reputation, l.sentiment, t.text, t.author, t.lang, t.topic, t.is_retweet,
            CASE m.task WHEN 'sentiment' THEN l.sentiment_abstained
                ELSE l.reputation_abstained END AS abstained,
            b.clock_synchronised, coalesce(t.board, g.name) AS board,
            l.adaptation_id AS adaptation
        {of_tweet} AND l.reputation <> 'other-language'""",
        f"""
        CREATE VIEW other_languages AS
        SELECT t.id, t.received_at, nullif(l.entity, '') AS entity, t.lang, t.text, t.author,
            t.topic, t.is_retweet, b.clock_synchronised, coalesce(t.board, g.name) AS board
        {of_tweet} AND l.reputation = 'other-language'""",
        "DROP VIEW reputation_by_entity",
        f"""
        CREATE VIEW reputation_by_entity AS
        SELECT nullif(entity, '') AS entity, sum({sure} + {unsure}) AS tweets,
            sum(reputation_negative) AS negative, sum(reputation_neutral) AS neutral,
            sum(reputation_positive) AS positive,
            round(1.0 * sum(reputation_positive - reputation_negative)
                / nullif(sum({sure}), 0), 3) AS net,
            sum({unsure}) AS abstained, sum(other_language) AS other_language
        FROM rollups GROUP BY rollups.entity ORDER BY tweets DESC""",  # noqa: S608  (as above)
        "DROP VIEW reputation_by_day",
        f"""
        CREATE VIEW reputation_by_day AS
        SELECT substr(hour, 1, 10) AS day, nullif(entity, '') AS entity,
            sum({sure} + {unsure}) AS tweets,
            sum(reputation_negative) AS negative, sum(reputation_neutral) AS neutral,
            sum(reputation_positive) AS positive, sum({unsure}) AS abstained,
            sum(other_language) AS other_language
        FROM rollups GROUP BY 1, rollups.entity ORDER BY 1 DESC, tweets DESC""",  # noqa: S608
        "DROP VIEW throughput_by_hour",
        # As before (`m011_plain_views`), and with one more count.
        """
        CREATE VIEW throughput_by_hour AS
        SELECT h.hour, h.received, h.labelled, h.duplicates, h.rejected,
            round(CASE WHEN h.log_id IS NULL THEN h.labelled / h.seconds ELSE (
                SELECT sum(rate) FROM (
                    SELECT sum(u.labelled) / sum(u.seconds) AS rate FROM throughput AS u
                    WHERE substr(u.started_at, 1, 13) = h.hour GROUP BY u.log_id
                ) AS boards
            ) END, 2) AS tweets_per_s,
            h.worst_p99_ms, h.queue_depth, h.rss_mib, h.cpu_celsius, h.broker_dropped,
            h.other_language
        FROM (
            SELECT substr(t.started_at, 1, 13) AS hour, max(t.log_id) AS log_id,
                sum(t.received) AS received, sum(t.labelled) AS labelled,
                sum(t.duplicates) AS duplicates, sum(t.rejected) AS rejected,
                sum(t.other_language) AS other_language,
                sum(t.seconds) AS seconds, max(t.latency_p99_ms) AS worst_p99_ms,
                max(t.queue_depth) AS queue_depth, max(t.rss_mib) AS rss_mib,
                max(t.cpu_celsius) AS cpu_celsius,
                -- A broker that restarted counts from nothing again.
                sum(CASE WHEN t.broker_dropped < coalesce(own.broker_dropped, its.broker_dropped)
                    THEN t.broker_dropped
                    ELSE t.broker_dropped - coalesce(own.broker_dropped, its.broker_dropped)
                    END) AS broker_dropped
            FROM throughput AS t
            LEFT JOIN throughput AS own ON t.log_id IS NULL AND own.id = t.id - 1
            LEFT JOIN throughput AS its ON its.log_id = t.log_id AND its.own_id = t.own_id - 1
            GROUP BY substr(t.started_at, 1, 13) ORDER BY substr(t.started_at, 1, 13) DESC
        ) AS h""",
    ):
        db.execute(statement)


@migrations()
def m015_watched_from_the_first_tweet(db: Database) -> None:
    """Say of an alert what has risen and when it began; keep what detectors know of volume.

    What was learnt of shares and paces is taken over, and an alert that holds goes on.
    """
    for statement in (
        # 'share' of negative labels, 'volume': tweets a day, or 'both'
        "ALTER TABLE alerts ADD COLUMN kind TEXT NOT NULL DEFAULT 'share'",
        "ALTER TABLE alerts ADD COLUMN since_earliest TEXT",  # 95 % interval of `since`
        "ALTER TABLE alerts ADD COLUMN since_latest TEXT",
        # Tweets a day before, by the rhythm of days and weeks, and since; NULL: not known yet
        "ALTER TABLE alerts ADD COLUMN usual_per_day REAL",
        "ALTER TABLE alerts ADD COLUMN per_day REAL",
        # When tweets come: monitor/alerts/rhythm.py says what each is.
        """
        CREATE TABLE alert_rhythm (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            counts TEXT NOT NULL,
            known_s REAL NOT NULL,
            since REAL NOT NULL,
            hour INTEGER NOT NULL,
            pending INTEGER NOT NULL,
            at REAL NOT NULL,
            settling_until REAL NOT NULL
        )""",
        # A detector in numbers: monitor/alerts/detector.py says what each is. Times are seconds
        # since the epoch.
        """
        CREATE TABLE new_states (
            entity TEXT PRIMARY KEY,
            model_id INTEGER NOT NULL,
            alert_id INTEGER,              -- the one that holds
            adaptation_id INTEGER,
            phase TEXT NOT NULL,           -- 'watching', 'alert'
            kind TEXT NOT NULL,            -- of the alert that holds
            negatives REAL NOT NULL,
            tweets REAL NOT NULL,
            learnt INTEGER NOT NULL,
            seconds REAL NOT NULL,
            pauses REAL NOT NULL,
            at REAL,
            waited_days REAL NOT NULL,
            since_raised_s REAL NOT NULL,
            share_up REAL NOT NULL,
            share_far REAL NOT NULL,
            volume_up REAL NOT NULL,
            both_up REAL NOT NULL,
            spell_tweets INTEGER NOT NULL,
            spell_s REAL NOT NULL,
            spread REAL NOT NULL,
            spells REAL NOT NULL,
            now_negatives REAL NOT NULL,
            now_tweets REAL NOT NULL,
            now_seconds REAL NOT NULL,
            recovery REAL NOT NULL
        ) WITHOUT ROWID""",
        """
        INSERT INTO new_states
        SELECT s.entity, s.model_id, s.alert_id, s.adaptation_id,
            CASE WHEN a.id IS NULL THEN 'watching' ELSE 'alert' END,
            CASE WHEN a.id IS NULL THEN '' ELSE 'share' END,
            s.negatives + 0.8 + CASE WHEN a.id IS NULL THEN s.new_negatives ELSE 0 END,
            s.tweets + 4.0 + CASE WHEN a.id IS NULL THEN s.new_tweets ELSE 0 END,
            CAST(s.tweets + CASE WHEN a.id IS NULL THEN s.new_tweets ELSE 0 END AS INTEGER),
            s.seconds, s.pauses, s.at, 0.0, s.since_raised_s, 0.0, 0.0, 0.0, 0.0,
            0, 0.0, 5.0, 5.0,
            coalesce(a.negatives + s.new_negatives, 0.0), coalesce(a.tweets + s.new_tweets, 0.0),
            coalesce(max(1.0, 86400.0 * (julianday(a.raised_at) - julianday(a.since)))
                + s.since_raised_s, 0.0), 0.0
        FROM alert_states AS s
        LEFT JOIN alerts AS a ON a.id = s.alert_id""",
        "DROP TABLE alert_states",
        "ALTER TABLE new_states RENAME TO alert_states",
    ):
        db.execute(statement)


@migrations()
def m016_when_tweets_were_written(db: Database) -> None:
    """Keep when a tweet was written, where that is believed; it is counted in that hour."""
    db.execute("ALTER TABLE tweets ADD COLUMN tweeted_at TEXT")
    db.execute("CREATE INDEX tweets_tweeted_at ON tweets (tweeted_at) WHERE tweeted_at IS NOT NULL")
    ((view,),) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'labelled'").fetchall()
    db.execute("DROP VIEW labelled")
    last = "l.adaptation_id AS adaptation\n"
    db.execute(view.replace(last, f"{last.rstrip()}, t.tweeted_at\n"))


@migrations()
def m017_how_alerts_go_on(db: Database) -> None:
    """Have an alert's row say how it went on and what it is about, as far as tweets still tell."""
    for column in (
        "followed_at TEXT",
        "all_tweets INTEGER",
        "all_negatives INTEGER",
        "about TEXT",
        "stories TEXT",
    ):
        db.execute(f"ALTER TABLE alerts ADD COLUMN {column}")
    db.execute(
        "CREATE INDEX alerts_due ON alerts (id) WHERE followed_at IS NULL OR ended_at IS NULL"
    )
    db.execute(  # while an alert holds, evidence is of a rise above its level from now on
        "UPDATE alert_states SET share_up = 0, share_far = 0, volume_up = 0, both_up = 0"
        " WHERE phase = 'alert'"
    )
    db.execute(
        # Those of before are not looked at again: their tweets may be half pruned.
        "UPDATE alerts SET followed_at = ended_at WHERE ended_at IS NOT NULL"
    )


def is_joined(connection: sqlite3.Connection) -> bool:
    """Whether a log holds only what others do (`monitor merge`), so that no daemon writes it."""
    return connection.execute("SELECT 1 FROM logs WHERE own").fetchone() is None
