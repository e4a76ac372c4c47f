-- Priority and place of calls: what a restart needs to put the callers back in their order.

ALTER TABLE calls
    ADD COLUMN priority text NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    ADD COLUMN place_at timestamptz;
COMMENT ON COLUMN calls.place_at IS 'what counts as the arrival for the place in the queue, where it is an earlier one that the caller keeps';
