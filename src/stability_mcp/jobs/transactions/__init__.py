"""The journal: every change of a job as one transaction, a function each.

All are called on the writer's thread with its connection (`Database.write`), and the states move in
them alone. F: the commit must outlive a power failure (`durable=True`).

* T1     `enqueue.enqueue`            a call arrives: budget held, call, jobs and inputs written
         `joining`, `caching`         ... or it takes over another, or finished jobs answer for it
* T2 F   `intent.begin`               connected, no byte out: rate place, `submitting`, charge
* T2r    `intent.out`                 the request is out whole: its rate place starts to run down
* T2x F  `outcomes.send_again`, `outcomes.refuse`        answered, surely not charged
* T2u F  `outcomes.lose`, `outcomes.spoil`               silence; a yes with an unusable body
* T3 F   `answers.answered`           2xx headers, while the body streams: `storing`
* T3d F  `answers.started`            a deferred start: `submitted` and the generation to poll
* T5 F   `done.finish`                bytes durable: blobs, media, `done`, charge and counters
* T7     `handover.mark_delivered`, `handover.mark_abandoned`        a result went into an answer, or did not
* T8 F   `adoption.adopt`             the jobs of a dead process; `pausing.pause` of old ones
* T9     `cancelling.cancel`          not sent: cancelled and released; sent: only noted
         `pausing.resume`              paused jobs are queued again, within the budget of today
         `takeover.adopt`         a generation started elsewhere: `submitted`, at price 0
* T10    `sweeping.sweep`             what ended long ago leaves, and of what was charged a bare row
         `ends.claim`                 an end is one process's to tell, and then told
         `recounting.recount`         the counters of a day are added up anew

Sending is fenced by process and epoch. A result is taken by (job, attempt) from any unfinished
state and from `unknown`: whatever the API answered and was received whole is kept.
"""
