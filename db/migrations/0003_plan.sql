-- The routing plan as rows; skills and certificates of people.
-- The plan is written as one value under one version (table plan), so that nobody ever sees half a change.
-- What routing decides by is checked here as well as in the program: a row that could not be read would stop
-- the service at its start.

CREATE TABLE skills (
    name  text PRIMARY KEY CHECK (name ~ '^[a-z0-9_]{1,40}$'),
    title text NOT NULL CHECK (length(title) <= 80)
);

CREATE TABLE certificates (
    name  text PRIMARY KEY CHECK (name ~ '^[a-z0-9_]{1,40}$'),
    title text NOT NULL CHECK (length(title) <= 80)
);

CREATE TABLE queues (
    name                  text PRIMARY KEY CHECK (name ~ '^[a-z0-9_]{1,40}$' AND name <> 'general'),
    title                 text NOT NULL CHECK (length(title) <= 80),
    wrap_up_seconds       double precision NOT NULL CHECK (wrap_up_seconds BETWEEN 0 AND 3600),
    ring_seconds          integer NOT NULL CHECK (ring_seconds BETWEEN 3 AND 120),
    service_level_seconds double precision NOT NULL CHECK (service_level_seconds BETWEEN 1 AND 600),
    strategy              text NOT NULL CHECK (strategy IN ('longest_idle', 'fewest_calls', 'best_skill')),
    last_agent_within     double precision NOT NULL CHECK (last_agent_within >= 0),
    last_agent_hold       double precision NOT NULL CHECK (last_agent_hold >= 0),
    certificate           text REFERENCES certificates,
    needs                 jsonb NOT NULL CHECK (jsonb_typeof(needs) = 'array'),
    priority              text NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    music                 text NOT NULL CHECK (music ~ '^[A-Za-z0-9_-]{1,40}$'),
    greeting              text NOT NULL CHECK (greeting ~ '^[a-z0-9_]{0,40}$'),
    max_waiting           integer CHECK (max_waiting >= 1),
    full_to               text NOT NULL CHECK (full_to IN ('stay', 'call_back', 'voicemail', 'message')),
    join_empty            text NOT NULL CHECK (join_empty IN ('allow', 'need_seated', 'need_working')),
    leave_empty           text NOT NULL CHECK (leave_empty IN ('allow', 'need_seated', 'need_working')),
    empty_to              text NOT NULL CHECK (empty_to IN ('stay', 'call_back', 'voicemail', 'message')),
    hours                 jsonb CHECK (jsonb_typeof(hours) = 'object'),
    closed_to             text NOT NULL CHECK (closed_to IN ('stay', 'call_back', 'voicemail', 'message')),
    announce_every        double precision NOT NULL CHECK (announce_every >= 0),
    announce_position     boolean NOT NULL,
    announce_wait         boolean NOT NULL,
    call_back             jsonb CHECK (jsonb_typeof(call_back) = 'object'),
    redial_within         double precision NOT NULL CHECK (redial_within >= 0),
    changed_in            integer NOT NULL
);
COMMENT ON COLUMN queues.changed_in IS 'version of the plan in which the row was last changed; its ETag';
COMMENT ON COLUMN queues.needs IS '[{"after": seconds, "skills": {name: level}}]';
COMMENT ON COLUMN queues.hours IS '{"zone", "week": {"mon": ["08:30-12:00"]}, "closed_days", "extra_days"}; null: day and night';

-- Ways out of a queue, in the order in which they are looked at.
CREATE TABLE queue_overflow (
    queue         text NOT NULL REFERENCES queues ON DELETE CASCADE,
    place         integer NOT NULL CHECK (place >= 0),
    relief        text NOT NULL CHECK (relief IN ('queue', 'call_back', 'voicemail', 'message')),
    target        text REFERENCES queues,
    after_wait    double precision CHECK (after_wait >= 0),
    longer_than   integer CHECK (longer_than >= 0),
    expected_over double precision CHECK (expected_over >= 0),
    PRIMARY KEY (queue, place),
    CHECK ((relief = 'queue') = (target IS NOT NULL)),
    CHECK (target <> queue),
    CHECK (num_nonnulls(after_wait, longer_than, expected_over) > 0)
);

CREATE TABLE lines (
    number     text PRIMARY KEY CHECK (number ~ '^[0-9]{2,20}$'),
    queue      text NOT NULL REFERENCES queues,
    title      text NOT NULL CHECK (length(title) <= 80),
    greeting   text NOT NULL CHECK (greeting ~ '^[a-z0-9_]{0,40}$'),
    priority   text CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    needs      jsonb NOT NULL CHECK (jsonb_typeof(needs) = 'array'),
    changed_in integer NOT NULL
);

-- One row: which version the rows above are, and the queue of every number that is not a line.
CREATE TABLE plan (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version       integer NOT NULL CHECK (version >= 1),
    default_queue text NOT NULL REFERENCES queues DEFERRABLE INITIALLY DEFERRED,
    changed_at    timestamptz NOT NULL DEFAULT now()
);

-- Every version as it was, for looking back and for going back by importing it again.
CREATE TABLE plan_versions (
    version  integer PRIMARY KEY,
    actor    text NOT NULL,
    cause    text NOT NULL,
    document jsonb NOT NULL,
    at       timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE accounts ADD COLUMN wrap_up_seconds double precision CHECK (wrap_up_seconds BETWEEN 0 AND 3600);
COMMENT ON COLUMN accounts.wrap_up_seconds IS 'this person''s wrap-up time; null: that of the queue';

CREATE TABLE agent_skills (
    account_id bigint NOT NULL REFERENCES accounts,
    skill      text NOT NULL REFERENCES skills,
    level      smallint NOT NULL CHECK (level BETWEEN 1 AND 5),
    PRIMARY KEY (account_id, skill)
);

CREATE TABLE agent_certificates (
    account_id  bigint NOT NULL REFERENCES accounts,
    certificate text NOT NULL REFERENCES certificates,
    valid_until timestamptz,
    PRIMARY KEY (account_id, certificate)
);
COMMENT ON COLUMN agent_certificates.valid_until IS 'null: without end';
