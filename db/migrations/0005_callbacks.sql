-- Calls that the centre places, and call-backs in queue.

-- A citizen who is to be called back keeps the place in the line. One row per request, replaced as a whole by
-- newer versions of it; the states are the table in core/callbacks.py.
CREATE TABLE callbacks (
    callback_id    uuid PRIMARY KEY,
    number         text NOT NULL CHECK (number ~ '^[0-9]{2,20}$'),
    queue          text NOT NULL,
    dialled        text NOT NULL,
    source         text NOT NULL CHECK (source IN ('caller', 'staff')),
    requested_by   text NOT NULL,
    requested_at   timestamptz NOT NULL,
    place_at       timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    state          text NOT NULL CHECK (state IN ('requested', 'queued', 'ringing_agent', 'dialling', 'done', 'failed',
                                                  'cancelled', 'expired')),
    origin_call_id uuid REFERENCES calls,
    ticket_id      bigint REFERENCES tickets,
    call_id        uuid,
    attempt        integer NOT NULL CHECK (attempt >= 0),
    tries          integer NOT NULL CHECK (tries >= 0),
    cause          text NOT NULL,
    ended_at       timestamptz,
    version        integer NOT NULL,
    CHECK ((ended_at IS NULL) = (state IN ('requested', 'queued', 'ringing_agent', 'dialling')))
);
COMMENT ON COLUMN callbacks.number IS 'as it is dialled: without blanks and +86';
COMMENT ON COLUMN callbacks.requested_by IS 'login; empty when the caller asked for it with a key';
COMMENT ON COLUMN callbacks.place_at IS 'its place in the line: that of the caller';
COMMENT ON COLUMN callbacks.call_id IS 'the try that is under way, or the last one; its row comes a moment later';
COMMENT ON COLUMN callbacks.attempt IS 'calls placed for it; tries: those in which the citizen was called in vain';
-- Nobody is in the line twice.
CREATE UNIQUE INDEX callbacks_one_per_number ON callbacks (number) WHERE ended_at IS NULL;
CREATE INDEX callbacks_newest ON callbacks (requested_at DESC, callback_id);

ALTER TABLE calls ADD COLUMN direction text NOT NULL DEFAULT 'inbound' CHECK (direction IN ('inbound', 'outbound'));
ALTER TABLE calls ADD COLUMN ticket_id bigint REFERENCES tickets;
ALTER TABLE calls ADD COLUMN origin_call_id uuid REFERENCES calls;
ALTER TABLE calls ADD COLUMN callback_id uuid REFERENCES callbacks;
COMMENT ON COLUMN calls.caller IS 'the citizen''s number, whoever called whom';
COMMENT ON COLUMN calls.ticket_id IS 'the ticket that a call placed by the centre is about; its recording belongs to it';
COMMENT ON COLUMN calls.origin_call_id IS 'the citizen''s own call that this one answers';
CREATE INDEX calls_origin ON calls (origin_call_id) WHERE origin_call_id IS NOT NULL;
CREATE INDEX calls_ticket ON calls (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX calls_callback ON calls (callback_id) WHERE callback_id IS NOT NULL;
