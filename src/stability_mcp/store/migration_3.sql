-- Schema 3: jobs that ended, and known generations, by an index.
CREATE INDEX jobs_ended ON jobs (upstream, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_generation ON jobs (upstream, generation) WHERE generation IS NOT NULL;
