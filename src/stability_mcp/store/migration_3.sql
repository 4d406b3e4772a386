-- Schema 3: indexes for ended jobs and known generations.
CREATE INDEX jobs_ended ON jobs (upstream, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_generation ON jobs (upstream, generation) WHERE generation IS NOT NULL;
