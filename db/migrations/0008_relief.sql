-- Overflow, voicemail, announcements, surge notices.

-- A call that left a queue: for another one, or for good.
CREATE TABLE overflows (
    call_id    uuid NOT NULL REFERENCES calls,
    from_queue text NOT NULL,
    to_queue   text,
    cause      text NOT NULL CHECK (cause ~ '^[a-z_]{1,40}$'),
    relief     text NOT NULL CHECK (relief IN ('stay', 'queue', 'call_back', 'voicemail', 'message')),
    waited_s   double precision NOT NULL CHECK (waited_s >= 0),
    at         timestamptz NOT NULL,
    PRIMARY KEY (call_id, at, from_queue)
);
COMMENT ON COLUMN overflows.to_queue IS 'null: it left the hotline, with a message or through the voicemail box';
COMMENT ON COLUMN overflows.waited_s IS 'in the queue that it left';

-- What a waiting caller was told. Seconds from then on; null: nothing was said about it.
CREATE TABLE wait_announcements (
    call_id    uuid NOT NULL REFERENCES calls,
    at         timestamptz NOT NULL,
    queue      text NOT NULL,
    position   integer CHECK (position >= 1),
    low_s      double precision CHECK (low_s >= 0),
    expected_s double precision CHECK (expected_s >= low_s),
    high_s     double precision CHECK (high_s >= expected_s),
    PRIMARY KEY (call_id, at),
    CHECK (position IS NOT NULL OR expected_s IS NOT NULL),
    CHECK ((expected_s IS NULL) = (low_s IS NULL) AND (expected_s IS NULL) = (high_s IS NULL))
);

-- What came of the first expected wait that a caller was told: the error of the estimate is expected_s - waited_s.
CREATE TABLE wait_estimates (
    call_id    uuid PRIMARY KEY REFERENCES calls,
    queue      text NOT NULL,
    expected_s double precision NOT NULL CHECK (expected_s >= 0),
    waited_s   double precision NOT NULL CHECK (waited_s >= 0),
    within     boolean NOT NULL,
    at         timestamptz NOT NULL
);
COMMENT ON COLUMN wait_estimates.within IS 'whether the wait lay between the bounds that were said';

-- What a supervisor has everybody told. One at a time for each scope; those before stay as history.
CREATE TABLE surge_notices (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope      text NOT NULL CHECK (scope ~ '^(all|queue:[a-z0-9_]{1,40}|line:[0-9]{2,20})$'),
    text       text NOT NULL CHECK (length(text) <= 500),
    sound      text NOT NULL CHECK (sound ~ '^[0-9a-f]{64}$'),
    since      timestamptz NOT NULL,
    until      timestamptz NOT NULL,
    set_by     text NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by text,
    CHECK (until > since),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
COMMENT ON COLUMN surge_notices.sound IS 'name of the sound file: a hash of what it was made from';
COMMENT ON COLUMN surge_notices.text IS 'what is spoken, or what a recorded voice says';
CREATE UNIQUE INDEX surge_notices_one_per_scope ON surge_notices (scope) WHERE withdrawn_at IS NULL;

-- A message in the voicemail box becomes a ticket: nobody answered.
ALTER TABLE tickets ADD COLUMN source text NOT NULL DEFAULT 'call' CHECK (source IN ('call', 'voicemail'));
ALTER TABLE tickets ALTER COLUMN answered_at DROP NOT NULL;
ALTER TABLE tickets ADD CHECK (source <> 'call' OR answered_at IS NOT NULL);
