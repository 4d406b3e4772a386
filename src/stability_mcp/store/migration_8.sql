-- Schema 8: spending limits. It only adds: the calls of older programs are not limited.
-- A limit on the credits that a client may spend until a time, see policy.spend_limits.
CREATE TABLE spend_limits (
    id INTEGER NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    scope TEXT NOT NULL,  -- stdio, http, or http: and a keyed hash of the bearer token
    client TEXT NOT NULL,  -- on stdio, the name of the MCP client; else empty
    process TEXT,  -- on stdio, the process that it was set in; NULL: that process is ending
    max_credits INTEGER NOT NULL,
    created_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    lifted_at REAL  -- when the user lifted it
) STRICT;
CREATE INDEX spend_limits_scope ON spend_limits (owner, upstream, scope, ends_at);

-- The jobs that count towards a limit. What is left is always the sum over them.
CREATE TABLE spend_limit_jobs (
    spend_limit INTEGER NOT NULL,
    job TEXT NOT NULL,
    PRIMARY KEY (spend_limit, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX spend_limit_jobs_job ON spend_limit_jobs (job);
