-- Schema 11: runs that the user paused. It only adds: older programs leave a paused run alone.
ALTER TABLE runs ADD COLUMN paused_at REAL;  -- NULL: not, or it has continued
