-- Callers known by number: lists with approval, expiry and appeal; flags of calls; protected disconnects.

CREATE TABLE caller_lists (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number        text NOT NULL CHECK (number ~ '^[0-9]{3,20}$'),
    is_prefix     boolean NOT NULL DEFAULT false,
    kind          text NOT NULL CHECK (kind IN ('vip', 'elder_care', 'block', 'voice_service', 'senior')),
    low_priority  boolean NOT NULL DEFAULT false,
    reason_code   text NOT NULL CHECK (reason_code IN ('abuse', 'threat', 'prank', 'nuisance', 'silent_calls',
                                                       'care', 'duty', 'other')),
    reason        text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    evidence_calls   uuid[] NOT NULL DEFAULT '{}',
    evidence_tickets bigint[] NOT NULL DEFAULT '{}',
    state         text NOT NULL DEFAULT 'proposed'
                  CHECK (state IN ('proposed', 'active', 'refused', 'appealed', 'lifted', 'withdrawn', 'expired')),
    proposed_by   bigint NOT NULL REFERENCES accounts,
    proposed_at   timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    decided_by    bigint REFERENCES accounts,
    decided_at    timestamptz,
    decision_note text NOT NULL DEFAULT '' CHECK (length(decision_note) <= 500),
    appealed_by   bigint REFERENCES accounts,
    appealed_at   timestamptz,
    appeal_note   text NOT NULL DEFAULT '' CHECK (length(appeal_note) <= 500),
    judged_by     bigint REFERENCES accounts,
    judged_at     timestamptz,
    judgement_note text NOT NULL DEFAULT '' CHECK (length(judgement_note) <= 500),
    ended_at      timestamptz,
    CHECK (expires_at > proposed_at),
    CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CHECK (judged_by IS NULL OR (judged_by <> proposed_by AND judged_by <> decided_by)),
    CHECK (state NOT IN ('active', 'appealed', 'lifted', 'refused') OR decided_by IS NOT NULL),
    CHECK (state <> 'lifted' OR judged_by IS NOT NULL)
);
COMMENT ON COLUMN caller_lists.number IS 'digits as they arrive from the trunk; with is_prefix every number that begins so';
COMMENT ON COLUMN caller_lists.judged_by IS 'who decided about the latest appeal';
CREATE UNIQUE INDEX caller_lists_one_open ON caller_lists (number, is_prefix, kind)
    WHERE state IN ('proposed', 'active', 'appealed');
CREATE INDEX caller_lists_acting ON caller_lists (expires_at) WHERE state IN ('active', 'appealed');

-- What an agent notes about a call and its caller.
CREATE TABLE call_flags (
    id       uuid PRIMARY KEY,
    call_id  uuid NOT NULL REFERENCES calls,
    agent_id bigint NOT NULL REFERENCES accounts,
    code     text NOT NULL CHECK (code IN ('abusive', 'clinging', 'threatening', 'prank', 'silent', 'distressed')),
    note     text NOT NULL DEFAULT '' CHECK (length(note) <= 500),
    at       timestamptz NOT NULL
);
CREATE INDEX call_flags_call ON call_flags (call_id);

-- Which calls were treated otherwise than all others, and why: what an appeal asks about.
CREATE TABLE call_treatments (
    call_id   uuid NOT NULL REFERENCES calls,
    treatment text NOT NULL CHECK (treatment IN ('vip', 'elder_care', 'block', 'voice_service', 'senior', 'low_priority')),
    cause     text NOT NULL CHECK (cause ~ '^(list:[0-9]+|frequency|anonymous)$'),
    at        timestamptz NOT NULL,
    PRIMARY KEY (call_id, treatment, cause)
);

-- One row per warning before a protected disconnect.
CREATE TABLE call_disconnects (
    call_id   uuid NOT NULL REFERENCES calls,
    asked_at  timestamptz NOT NULL,
    agent_id  bigint NOT NULL REFERENCES accounts,
    code      text NOT NULL CHECK (code IN ('abusive', 'clinging', 'threatening', 'prank', 'silent', 'distressed')),
    note      text NOT NULL DEFAULT '' CHECK (length(note) <= 500),
    result    text CHECK (result IN ('disconnected', 'stopped', 'caller_left', 'failed')),
    ended_at  timestamptz,
    PRIMARY KEY (call_id, asked_at),
    CHECK ((result IS NULL) = (ended_at IS NULL))
);

-- The warning is marked on the call's time line, with its place in the recording.
ALTER TABLE call_marks DROP CONSTRAINT call_marks_kind_check;
ALTER TABLE call_marks ADD CONSTRAINT call_marks_kind_check
    CHECK (kind IN ('hold', 'consult', 'mute', 'record_pause', 'warning'));

-- The caller's history, shown to whoever takes the next call.
CREATE INDEX calls_by_caller ON calls (caller, arrived_at DESC) WHERE caller <> '';
CREATE INDEX tickets_by_caller ON tickets (caller, id DESC) WHERE caller <> '';
