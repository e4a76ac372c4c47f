-- Who leads: one process at a time decides about calls and writes their rows.

-- One row. Every batch of the call path's rows is committed only while this epoch is the writer's own.
CREATE TABLE leadership (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch    bigint NOT NULL CHECK (epoch >= 0)
);
INSERT INTO leadership (epoch) VALUES (0);

-- One row for each epoch: who led, from when, heard of last when, until when.
CREATE TABLE tenures (
    epoch      bigint PRIMARY KEY,
    instance   uuid NOT NULL,
    witness    text NOT NULL,
    beat       bigint NOT NULL DEFAULT 0,
    taken_at   timestamptz NOT NULL DEFAULT now(),
    renewed_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz,
    ended_by   text CHECK (ended_by IN ('released', 'superseded')),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
COMMENT ON COLUMN tenures.instance IS 'the process; its connections carry it in application_name';
COMMENT ON COLUMN tenures.witness IS 'a locked file of that machine whose lock proves the process alive; empty: none';
COMMENT ON COLUMN tenures.beat IS 'counts the renewals: a candidate watches whether it moves, clocks do not matter';

ALTER TABLE writers ADD COLUMN epoch bigint;
COMMENT ON COLUMN writers.epoch IS 'under which epoch this writer wrote; null: before there were any';
