"""Deployments with their revisions, history, events, clients and the answers of idempotent requests.

Spec and status are JSON documents, because they are read and written whole and grow with every feature; what must be unique
or is searched for stands in columns of its own, so ``name``, ``grp`` and ``api_name`` repeat what the spec says. A deployment
that is being deleted holds none of its names any more. Revisions and history are immutable while their deployment lives; a
receipt comes later, so it has its own column. ``AUTOINCREMENT`` keeps ``seq`` growing after events were pruned. ``version``
counts every write of a deployment, ``resource_version`` those of its spec. The documents stand last in their row, so that
reading what is before them does not walk through them.
"""

from __future__ import annotations

STATEMENTS = (
    """
    CREATE TABLE deployments (
        uid TEXT PRIMARY KEY,
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        grp TEXT NOT NULL,
        api_name TEXT NOT NULL,
        version INTEGER NOT NULL DEFAULT 1,
        resource_version INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        created_by TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        updated_by TEXT NOT NULL,
        deleting INTEGER NOT NULL DEFAULT 0,
        spec TEXT NOT NULL,
        status TEXT NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX deployments_id ON deployments (id) WHERE deleting = 0",
    "CREATE UNIQUE INDEX deployments_name ON deployments (grp, name) WHERE deleting = 0",
    "CREATE UNIQUE INDEX deployments_api_name ON deployments (grp, api_name) WHERE deleting = 0 AND api_name <> ''",
    "CREATE INDEX deployments_updated ON deployments (updated_at)",
    """
    CREATE TABLE revisions (
        uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        body TEXT NOT NULL,
        receipt TEXT,
        PRIMARY KEY (uid, number)
    ) WITHOUT ROWID
    """,
    """
    CREATE TRIGGER revisions_are_immutable BEFORE UPDATE OF uid, number, body ON revisions
    BEGIN SELECT RAISE(ABORT, 'a revision is immutable'); END
    """,
    """
    CREATE TRIGGER revisions_stay BEFORE DELETE ON revisions
    WHEN EXISTS (SELECT 1 FROM deployments WHERE uid = old.uid)
    BEGIN SELECT RAISE(ABORT, 'a revision is immutable'); END
    """,
    """
    CREATE TABLE history (
        uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (uid, number)
    ) WITHOUT ROWID
    """,
    """
    CREATE TRIGGER history_is_immutable BEFORE UPDATE ON history
    BEGIN SELECT RAISE(ABORT, 'history is immutable'); END
    """,
    """
    CREATE TRIGGER history_stays BEFORE DELETE ON history
    WHEN EXISTS (SELECT 1 FROM deployments WHERE uid = old.uid)
    BEGIN SELECT RAISE(ABORT, 'history is immutable'); END
    """,
    """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
        at TEXT NOT NULL,
        body TEXT NOT NULL
    )
    """,
    "CREATE INDEX events_of ON events (uid, seq)",
    "CREATE INDEX events_at ON events (at)",
    """
    CREATE TABLE clients (
        uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
        name TEXT NOT NULL,
        info TEXT NOT NULL,
        PRIMARY KEY (uid, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE secrets (
        uid TEXT NOT NULL,
        client TEXT NOT NULL,
        key_id TEXT NOT NULL,
        position INTEGER NOT NULL,
        sha1 TEXT NOT NULL,
        created_at TEXT NOT NULL,
        expires_at TEXT,
        last_used_at TEXT,
        PRIMARY KEY (uid, client, key_id),
        FOREIGN KEY (uid, client) REFERENCES clients (uid, name) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE answers (
        key TEXT PRIMARY KEY,
        digest TEXT NOT NULL,
        answer TEXT NOT NULL,
        at TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX answers_at ON answers (at)",
)
