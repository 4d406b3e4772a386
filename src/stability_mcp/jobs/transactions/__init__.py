"""Every change of a job as one transaction, a function each; its statements are in the `.sql` file.

All run on the writer's thread with its connection (`Database.write`), and only they move states.
Several that wait at the same time share one commit. F: the commit must survive a power failure
(`durable=True`).

* T1     `submit.insert_call`         a call arrives: budget reserved, call, jobs and inputs written
         `reuse`                      ... or it joins another, or finished jobs answer for it
* T2 F   `send.begin`                 connected, no byte out: rate slot, `submitting`, charge
* T2r    `rate_limit.mark_sent`       the request is out whole: its rate slot starts to run down;
                                      written with T3, or for all requests of a quarter second
* T2x F  `finish.requeue`, `.fail_free`        answered, known not to be charged
* T2u F  `finish.mark_unknown`, `.fail_charged`  no answer; a 2xx with an unusable body
* T3 F   `send.save_headers`          2xx headers, while the body streams: `storing`
* T3d F  `send.save_generation`       a deferred start: `submitted` and the generation to poll
         `recover.take_missing`       one that the API did not have for long is polled once more
         `recover.resume_polling`     ... and is under way after all: `submitted` again
* T5 F   `finish.store_results`       bytes durable: blobs, media, `done`, charge and counters
* T7     `finish.mark_delivered`, `.mark_abandoned`  a result went into an answer, or did not;
                                      with the paths of its copies and the figures of the answer
* T8 F   `recover.recover_jobs`       jobs of a dead process; `recover.pause_stale` of old ones
* T9     `cancel.cancel_jobs`         not sent: cancelled and released; sent: only noted
         `recover.resume`             paused jobs are queued again, within the budget of today
         `submit.adopt_generation`    a generation started elsewhere: `submitted`, at price 0

T10 is in `maintenance/`, the delivery of ends in `notify/`. `lookup` reads, `usage` has what is
known of an account, `call_keys` says what makes two calls the same.

Sending is fenced by process and lease version. A result is taken by (job, attempt) from any
unfinished state and from `unknown`: whatever the API answered and was received whole is kept.
"""
