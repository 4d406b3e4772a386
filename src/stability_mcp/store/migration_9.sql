-- Schema 9: runs of workflows. It only adds: older programs don't drive runs.
CREATE TABLE runs (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    upstream TEXT NOT NULL,
    process TEXT,  -- that drives it; NULL: it waits for the user, or has ended
    template TEXT,
    title TEXT NOT NULL,
    plan TEXT NOT NULL,  -- JSON, in the full notation
    plan_format INTEGER NOT NULL,
    inputs TEXT NOT NULL,  -- JSON
    files TEXT NOT NULL,  -- JSON: ids of the media that the files named in plan and inputs mean
    max_credits INTEGER NOT NULL,  -- what the user agreed to; its steps never cost more together
    scope TEXT,  -- the client whose spending limits bind its steps
    scope_client TEXT,
    workspace TEXT,  -- JSON: the folders of the client that started it
    delivery TEXT,  -- JSON: the files that were written, and lines for the answer
    collected_at REAL,  -- an answer showed its state, unless it runs
    redo_of TEXT,  -- the run whose results it may reuse
    redo TEXT,  -- JSON: the steps that run again and reuse nothing, and other picks
    state TEXT NOT NULL,  -- running review paused | done failed cancelled
    why TEXT,
    cancel_at REAL,
    created_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    finished_at REAL
) STRICT;
CREATE INDEX runs_list ON runs (owner, seq);
CREATE INDEX runs_open ON runs (upstream, state, seq) WHERE finished_at IS NULL;
-- Finds the few runs that no answer has shown since they changed.
CREATE INDEX runs_uncollected ON runs (owner, seq) WHERE collected_at IS NULL;

-- One run of a step: a variant for an element of a list.
CREATE TABLE run_items (
    run TEXT NOT NULL,
    step TEXT NOT NULL,
    item INTEGER NOT NULL,
    tool TEXT NOT NULL,
    arguments TEXT NOT NULL,  -- JSON, media by id
    reuse_key TEXT,  -- hash of tool, arguments and input bytes; NULL: not reusable
    state TEXT NOT NULL,  -- running done failed unknown skipped cancelled
    repeats TEXT,  -- the job of unknown outcome that the user agreed to pay for again
    media TEXT,
    facts TEXT,  -- JSON: lines for the answer, and files that were written
    error TEXT,
    picked INTEGER,
    reused_from TEXT,
    started_at REAL NOT NULL,
    ended_at REAL,
    PRIMARY KEY (run, step, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_items_media ON run_items (media) WHERE media IS NOT NULL;
CREATE INDEX run_items_reuse ON run_items (reuse_key) WHERE reuse_key IS NOT NULL;
-- Lists the jobs of a run, with retries.
CREATE INDEX jobs_run ON jobs (run, step, item, seq) WHERE run IS NOT NULL;
