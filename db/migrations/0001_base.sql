-- Base schema: people, calls, offers, recordings, tickets, ratings, audit.
-- Every row that the call path writes has a natural key, so that writing it twice is harmless.

CREATE TABLE accounts (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login         text NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9._-]{2,40}$'),
    display_name  text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 80),
    role          text NOT NULL CHECK (role IN ('agent', 'supervisor', 'administrator')),
    password_hash text NOT NULL,
    queues        text[] NOT NULL DEFAULT '{}',
    active        boolean NOT NULL DEFAULT true,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN accounts.queues IS 'queues this agent serves; empty = all';

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    account_id bigint NOT NULL REFERENCES accounts,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX sessions_account ON sessions (account_id);

-- One row while an agent sits at a phone (hot-desking); closed at log-out.
CREATE TABLE seats (
    agent_id  bigint NOT NULL REFERENCES accounts,
    phone     text NOT NULL CHECK (phone ~ '^[0-9]{2,10}$'),
    queues    text[] NOT NULL,
    since     timestamptz NOT NULL,
    until     timestamptz,
    next_state  text CHECK (next_state IN ('READY', 'BREAK', 'STRESS_ROOM')),
    next_reason text NOT NULL DEFAULT '',
    next_at     timestamptz,
    PRIMARY KEY (agent_id, since),
    CHECK (until >= since),
    CHECK ((next_state IS NULL) = (next_at IS NULL))
);
COMMENT ON COLUMN seats.next_state IS 'asked for during a call; counts when noted after the latest agent_states row';
CREATE UNIQUE INDEX seats_one_phone_per_agent ON seats (agent_id) WHERE until IS NULL;
CREATE UNIQUE INDEX seats_one_agent_per_phone ON seats (phone) WHERE until IS NULL;

CREATE TABLE agent_states (
    key         text PRIMARY KEY,
    agent_id    bigint NOT NULL REFERENCES accounts,
    from_state  text NOT NULL CHECK (from_state IN ('OFFLINE', 'READY', 'RINGING', 'TALKING', 'WRAP_UP', 'BREAK',
                                                     'STRESS_ROOM', 'NOT_RESPONDING', 'OUTBOUND')),
    to_state    text NOT NULL CHECK (to_state IN ('OFFLINE', 'READY', 'RINGING', 'TALKING', 'WRAP_UP', 'BREAK',
                                                   'STRESS_ROOM', 'NOT_RESPONDING', 'OUTBOUND')),
    reason      text NOT NULL,
    cause       text NOT NULL,
    call_id     uuid,
    next_state  text,
    until       timestamptz,
    at          timestamptz NOT NULL,
    seq         bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX agent_states_latest ON agent_states (agent_id, at DESC, seq DESC);

CREATE TABLE calls (
    call_id       uuid PRIMARY KEY,
    uniqueid      text NOT NULL,
    caller        text NOT NULL,
    dialled       text NOT NULL,
    queue         text NOT NULL,
    arrived_at    timestamptz NOT NULL,
    notice_at     timestamptz,
    queued_at     timestamptz,
    fallback_at   timestamptz,
    answered_at   timestamptz,
    agent_id      bigint REFERENCES accounts,
    phone         text,
    talk_ended_at timestamptz,
    ended_at      timestamptz,
    outcome       text CHECK (outcome IN ('answered', 'abandoned', 'overflowed', 'called_back', 'failed')),
    cause         text,
    rating        smallint CHECK (rating BETWEEN 1 AND 3),
    CHECK ((outcome IS NULL) = (ended_at IS NULL)),
    CHECK (outcome <> 'answered' OR answered_at IS NOT NULL),
    CHECK (outcome <> 'abandoned' OR answered_at IS NULL)
);
CREATE INDEX calls_open ON calls (arrived_at) WHERE ended_at IS NULL;
CREATE INDEX calls_arrived ON calls (arrived_at DESC, call_id);
COMMENT ON COLUMN calls.uniqueid IS 'Asterisk''s Uniqueid, with the prefix of the incarnation; internal, not shown by the API';

CREATE TABLE offers (
    offer_id bigint PRIMARY KEY,
    call_id  uuid NOT NULL REFERENCES calls,
    agent_id bigint NOT NULL REFERENCES accounts,
    phone    text NOT NULL,
    at       timestamptz NOT NULL,
    ended_at timestamptz,
    result   text CHECK (result IN ('answered', 'no_answer', 'busy', 'unreachable', 'caller_left', 'withdrawn', 'failed'))
);
CREATE INDEX offers_call ON offers (call_id);

-- One row per call that ended before it reached a person: the list for ringing back.
CREATE TABLE abandoned_calls (
    call_id  uuid PRIMARY KEY REFERENCES calls,
    caller   text NOT NULL,
    dialled  text NOT NULL,
    queue    text NOT NULL,
    stage    text NOT NULL CHECK (stage IN ('announcement', 'waiting', 'ringing')),
    waited_s double precision NOT NULL CHECK (waited_s >= 0),
    at       timestamptz NOT NULL
);

CREATE TABLE tickets (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_id    uuid NOT NULL UNIQUE REFERENCES calls,
    state      text NOT NULL DEFAULT 'DRAFT' CHECK (state IN ('DRAFT', 'REGISTERED')),
    caller     text NOT NULL,
    dialled    text NOT NULL,
    queue      text NOT NULL,
    agent_id   bigint REFERENCES accounts,
    arrived_at timestamptz NOT NULL,
    answered_at timestamptz NOT NULL,
    call_ended_at timestamptz,
    citizen_name text NOT NULL DEFAULT '' CHECK (length(citizen_name) <= 80),
    title      text NOT NULL DEFAULT '' CHECK (length(title) <= 200),
    body       text NOT NULL DEFAULT '' CHECK (length(body) <= 20000),
    topic      text NOT NULL DEFAULT '' CHECK (length(topic) <= 80),
    place      text NOT NULL DEFAULT '' CHECK (length(place) <= 200),
    version    integer NOT NULL DEFAULT 1,
    opened_at  timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX tickets_agent ON tickets (agent_id, id DESC);

CREATE TABLE recordings (
    id          uuid PRIMARY KEY,
    call_id     uuid NOT NULL UNIQUE REFERENCES calls,
    ticket_id   bigint REFERENCES tickets,
    state       text NOT NULL CHECK (state IN ('pending', 'ready', 'partial', 'missing')),
    path_key    text,
    format      text,
    channels    smallint,
    sample_rate integer,
    duration_s  double precision CHECK (duration_s >= 0),
    size_bytes  bigint CHECK (size_bytes >= 0),
    sha256      text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    note        text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    closed_at   timestamptz,
    CHECK (state <> 'ready' OR (path_key IS NOT NULL AND sha256 IS NOT NULL AND duration_s IS NOT NULL
                                AND size_bytes IS NOT NULL AND ticket_id IS NOT NULL))
);
CREATE INDEX recordings_pending ON recordings (call_id) WHERE state = 'pending';
COMMENT ON COLUMN recordings.path_key IS 'where in the archive, relative: YYYY/MM/DD/CALL_ID.flac; never shown by the API';

CREATE TABLE recording_accesses (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recording_id uuid NOT NULL REFERENCES recordings,
    account_id   bigint NOT NULL REFERENCES accounts,
    byte_range   text NOT NULL,
    remote       text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE audit (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT now(),
    actor  text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_object ON audit (object, id);
COMMENT ON COLUMN audit.actor IS 'account:<id>, cli or system';
COMMENT ON COLUMN audit.action IS 'what was done, noun.verb: account.created, seat.taken';
COMMENT ON COLUMN audit.object IS 'what it was done to: account:<id>, ticket:<id>, recording:<uuid>';

-- How far each writer of the call path has come: makes its batches exactly-once.
CREATE TABLE writers (
    writer_id  uuid PRIMARY KEY,
    last_seq   bigint NOT NULL CHECK (last_seq >= 0),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- What has happened stays as it was written, whoever is connected. The service's role lacks the privileges as
-- well (db/grants.sql); this also holds for a database that has one role only.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recording_accesses
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON agent_states
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
