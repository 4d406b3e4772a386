"""All transactions that change jobs, one function each; the statements are in the `.sql` files.

They run on the writer's thread with its connection (`Database.write`), and only they change states.
Transactions that wait at the same time share one commit. F: the commit must survive a power failure
(`durable=True`).

* T1     `submit.insert_call`         a call arrives: reserve budget, write call, jobs and inputs
         `reuse`                      ... or join another call, or reuse finished jobs
* T2 F   `send.begin`                 connected, nothing sent: rate slot, `submitting`, charge
* T2r    `rate_limit.mark_sent`       request completely sent: starts the release of its rate slot;
                                      written with T3, or for all requests of a quarter second
* T2x F  `finish.requeue`, `.fail_free`        known not to have been charged
* T2u F  `finish.mark_unknown`, `.fail_charged`  no response; a 2xx with an unusable body
* T3 F   `send.save_headers`          2xx headers, while the body streams: `storing`
* T3d F  `send.save_generation`       a deferred start: `submitted`, with the generation to poll
         `recover.take_missing`       poll again for a generation that the API did not have
         `recover.resume_polling`     ... and that is still running: `submitted` again
* T5 F   `finish.store_results`       bytes durable: blobs, media, `done`, charge and counters
* T7     `finish.mark_delivered`, `.mark_abandoned`  whether an answer delivered a result; records
                                      the paths of its copies, reads the spending for the answer
* T8 F   `recover.recover_jobs`       take jobs of dead processes; `recover.pause_stale` old ones
* T9     `cancel.cancel_jobs`         unsent: cancel and release; sent: only record the request
         `recover.resume`             queue paused jobs again, within today's budget
         `submit.adopt_generation`    a generation started elsewhere: `submitted`, at price 0

T4 and T6 are file operations, in `steps/store_result`. T10 is in `maintenance/`, notifications
about finished jobs are in `notify/`. `lookup` reads, `usage`
has the data of an account, `call_keys` defines when two calls are identical.

Sending is fenced by process and lease version. A result is accepted by (job, attempt) from any
unfinished state and from `unknown`: every completely received response is kept.
"""
