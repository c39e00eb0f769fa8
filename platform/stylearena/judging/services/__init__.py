"""Everything that changes the state of judging; the database only, never torch or an entry.

Each change is one conditional UPDATE: 0 rows changed means that somebody else did it. Conditions
on the row itself are plain columns, never joins: a joined UPDATE becomes ``id IN (SELECT …)``,
which PostgreSQL does not check again after waiting for the row's lock.

turns        claim_next: whose turn it is, fairly among participants; ``line`` has who waits
leases       claim, heartbeat, held, finish, fail, release: one shard, guarded by its fencing token
conclusions  claim_conclusion, conclude, fault: the report, published once, guarded likewise
versions     take_over: what becomes of a run that workers of an older version began
stages       begin: from the submission to the smoke run and the full run
rescoring    a whole phase judged anew, compared, promoted or dropped
verdicts     end: the bad ends of an evaluation, and what they cost
leftovers    clear: files that nobody needs after the report
sweeping     sweep: what was lost is found, what takes too long is ended
"""

from stylearena.judging.services import rescoring
from stylearena.judging.services.conclusions import (
    ConclusionLease,
    claim_conclusion,
    conclude,
    fail_conclusion,
    fault,
    prolong_conclusion,
    release_conclusion,
)
from stylearena.judging.services.leases import (
    Beat,
    Lease,
    cancel,
    claim,
    fail,
    finish,
    heartbeat,
    held,
    release,
)
from stylearena.judging.services.stages import begin
from stylearena.judging.services.sweeping import SweepCounts, sweep
from stylearena.judging.services.turns import claim_next
from stylearena.judging.services.verdicts import end
from stylearena.judging.services.versions import is_ours, take_over

__all__ = [
    "Beat",
    "ConclusionLease",
    "Lease",
    "SweepCounts",
    "begin",
    "cancel",
    "claim",
    "claim_conclusion",
    "claim_next",
    "conclude",
    "end",
    "fail",
    "fail_conclusion",
    "fault",
    "finish",
    "heartbeat",
    "held",
    "is_ours",
    "prolong_conclusion",
    "release",
    "release_conclusion",
    "rescoring",
    "sweep",
    "take_over",
]
