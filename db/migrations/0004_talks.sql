-- What happens inside a call: who talked to the citizen in which part of it, what is marked on its time line, and
-- which emergency services were called in.

-- One row per party and part. A transferred call stays one call. `record_from`, `record_to`: seconds from the
-- beginning of the recording, which grows only while the citizen is connected.
CREATE TABLE call_segments (
    call_id     uuid NOT NULL REFERENCES calls,
    number      integer NOT NULL CHECK (number >= 1),
    kind        text NOT NULL CHECK (kind IN ('agent', 'outside', 'emergency')),
    agent_id    bigint REFERENCES accounts,
    phone       text NOT NULL,
    began       text NOT NULL,
    ended       text,
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    record_from double precision NOT NULL CHECK (record_from >= 0),
    record_to   double precision CHECK (record_to >= record_from),
    PRIMARY KEY (call_id, number),
    CHECK ((ended IS NULL) = (ended_at IS NULL))
);
CREATE INDEX call_segments_agent ON call_segments (agent_id, started_at DESC);
COMMENT ON COLUMN call_segments.phone IS 'the agent''s phone, or the number outside';

CREATE TABLE call_marks (
    call_id     uuid NOT NULL REFERENCES calls,
    kind        text NOT NULL CHECK (kind IN ('hold', 'consult', 'mute', 'record_pause')),
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    agent_id    bigint REFERENCES accounts,
    record_from double precision NOT NULL CHECK (record_from >= 0),
    record_to   double precision,
    PRIMARY KEY (call_id, kind, started_at)
);

CREATE TABLE emergencies (
    call_id    uuid NOT NULL REFERENCES calls,
    number     integer NOT NULL CHECK (number >= 1),
    service    text NOT NULL CHECK (service IN ('110', '119', '120', '122')),
    note       text NOT NULL CHECK (length(note) BETWEEN 1 AND 2000),
    agent_id   bigint NOT NULL REFERENCES accounts,
    at         timestamptz NOT NULL,
    reached_at timestamptz,
    ended_at   timestamptz,
    outcome    text NOT NULL DEFAULT '' CHECK (length(outcome) <= 2000),
    outcome_by bigint REFERENCES accounts,
    outcome_at timestamptz,
    PRIMARY KEY (call_id, number)
);
CREATE INDEX emergencies_at ON emergencies (at DESC);
COMMENT ON COLUMN emergencies.note IS 'what the service was told: where, what, who is hurt';
