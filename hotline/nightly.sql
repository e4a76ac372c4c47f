-- What is done once a night.

-- name: claim
-- Ours, unless somebody has it or has done it; what an earlier leader did not finish is ours as well. A job that
-- an outage of the database interrupted is taken up again by the same leader.
INSERT INTO nightly_runs AS r (name, day, epoch) VALUES ($1::text, $2::date, $3::bigint)
ON CONFLICT (name, day) DO UPDATE SET epoch = excluded.epoch, started_at = now()
WHERE r.finished_at IS NULL AND r.epoch <= excluded.epoch
RETURNING name;

-- name: finish
-- Done, or failed for tonight.
UPDATE nightly_runs SET finished_at = now(), error = $3::text WHERE name = $1::text AND day = $2::date;
