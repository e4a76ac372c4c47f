-- Who leads. `docs/architecture.md`, "Who leads", has the reasoning.

-- name: look
-- The present epoch, whether its leader still renews, and whose session holds the lock.
SELECT l.epoch, coalesce(t.beat, 0) AS beat, coalesce(t.witness, '') AS witness, t.instance::text AS instance,
       (t.epoch IS NULL OR t.ended_at IS NOT NULL) AS vacant
FROM leadership l LEFT JOIN tenures t USING (epoch);

-- name: lock
-- One session at a time may take or hold leadership.
SELECT pg_try_advisory_lock($1::bigint);

-- name: cut_off
-- Ends the sessions of a leader that has fallen silent: what they had begun is rolled back, their lock is free.
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'hotline-%/' || $1::text;

-- name: supersede
-- The silent leader's tenure ends, unless it has been heard of since.
UPDATE tenures SET ended_at = clock_timestamp(), ended_by = 'superseded'
WHERE epoch = $1::bigint AND ended_at IS NULL AND ($2::bigint IS NULL OR beat = $2::bigint);

-- name: raise_epoch
-- The next epoch; waits for the batches of the present one that are being committed.
UPDATE leadership SET epoch = epoch + 1 WHERE epoch = $1::bigint RETURNING epoch;

-- name: begin_tenure
-- It is ours.
INSERT INTO tenures (epoch, instance, witness) VALUES ($1::bigint, $2::uuid, $3::text);

-- name: begin_writer
-- Under this epoch our writer writes.
INSERT INTO writers (writer_id, last_seq, epoch) VALUES ($1::uuid, 0, $2::bigint)
ON CONFLICT (writer_id) DO UPDATE SET epoch = excluded.epoch;

-- name: renew
-- We are alive. No row: there is a later leader.
UPDATE tenures SET renewed_at = clock_timestamp(), beat = beat + 1, witness = $2::text
WHERE epoch = $1::bigint AND ended_at IS NULL RETURNING epoch;

-- name: release
-- An orderly end: whoever comes need not wait.
UPDATE tenures SET ended_at = clock_timestamp(), ended_by = 'released' WHERE epoch = $1::bigint AND ended_at IS NULL;
