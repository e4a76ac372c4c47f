-- Retention, legal holds, integrity of recordings. docs/privacy.md has the classes and the rules.

-- How long what is kept; one row for each class of data. The classes are the table in hotline/retention.py.
CREATE TABLE retention_policies (
    class      text PRIMARY KEY CHECK (class IN ('recordings', 'tickets', 'calls', 'sessions', 'journal', 'audit')),
    keep_days  integer CHECK (keep_days BETWEEN 1 AND 36500),
    version    integer NOT NULL DEFAULT 1,
    changed_by text NOT NULL DEFAULT 'default',
    changed_at timestamptz NOT NULL DEFAULT now(),
    CHECK (class <> 'audit' OR keep_days >= 365)
);
COMMENT ON COLUMN retention_policies.keep_days IS 'null: for good';
INSERT INTO retention_policies (class, keep_days)
VALUES ('recordings', 1095), ('tickets', NULL), ('calls', 1095), ('sessions', 90), ('journal', 180), ('audit', NULL);

-- What must not go, whatever the policies say: a call, a ticket, or a whole class.
CREATE TABLE legal_holds (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    object      text NOT NULL CHECK (object ~ '^(call:[0-9a-f-]{36}|ticket:[0-9]{1,18}|class:[a-z]{1,20})$'),
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    placed_by   text NOT NULL,
    placed_at   timestamptz NOT NULL DEFAULT now(),
    lifted_by   text,
    lifted_at   timestamptz,
    lift_reason text CHECK (length(lift_reason) BETWEEN 1 AND 500),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_reason IS NULL))
);
CREATE UNIQUE INDEX legal_holds_one_per_object ON legal_holds (object) WHERE lifted_at IS NULL;

-- The calls that a hold keeps: named themselves, or belonging to a ticket that is named.
CREATE VIEW held_calls AS
SELECT substr(object, 6)::uuid AS call_id FROM legal_holds WHERE lifted_at IS NULL AND object LIKE 'call:%'
UNION
SELECT t.call_id FROM legal_holds h JOIN tickets t ON h.object = 'ticket:' || t.id WHERE h.lifted_at IS NULL
UNION
SELECT c.call_id FROM legal_holds h JOIN calls c ON h.object = 'ticket:' || c.ticket_id WHERE h.lifted_at IS NULL;

-- One row for each time that retention went through the data.
CREATE TABLE retention_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor       text NOT NULL,
    dry_run     boolean NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    result      jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON COLUMN retention_runs.result IS 'class -> how many went, or would go, and how many a hold kept';

ALTER TABLE recordings DROP CONSTRAINT recordings_state_check;
ALTER TABLE recordings ADD CONSTRAINT recordings_state_check
    CHECK (state IN ('pending', 'ready', 'partial', 'missing', 'removed'));
CREATE INDEX recordings_oldest ON recordings (created_at) WHERE path_key IS NOT NULL;

ALTER TABLE tickets ADD COLUMN anonymised_at timestamptz;
COMMENT ON COLUMN tickets.anonymised_at IS 'when retention took the citizen''s name and numbers out';
CREATE INDEX calls_with_number ON calls (arrived_at) WHERE caller <> '';

-- What the latest look at each recording's file showed.
CREATE TABLE recording_checks (
    recording_id uuid PRIMARY KEY REFERENCES recordings,
    sweep_id     bigint NOT NULL,
    result       text NOT NULL CHECK (result IN ('ok', 'damaged', 'missing', 'no_key')),
    checked_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX recording_checks_bad ON recording_checks (recording_id) WHERE result <> 'ok';

-- A sweep goes through all recordings, in as many parts as it takes.
CREATE TABLE recording_sweeps (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor       text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    checked     bigint NOT NULL DEFAULT 0,
    bad         bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX recording_sweeps_one_at_a_time ON recording_sweeps ((true)) WHERE finished_at IS NULL;

-- What is done once a night: whoever makes the row does it. A later leader takes over what was not finished.
CREATE TABLE nightly_runs (
    name        text NOT NULL,
    day         date NOT NULL,
    epoch       bigint NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    error       text,
    PRIMARY KEY (name, day)
);

-- Old audit rows can be removed by this function alone, and by the owner alone; their seals stay. The row that
-- tells of it comes first, so that it is in the chain like any other.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('hotline.pruning', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'rows of audit are never changed or removed' USING ERRCODE = 'insufficient_privilege';
END
$$;
DROP TRIGGER append_only ON audit;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- The last position up to which every row is older than the policy, and no hold is about one: 0 when there is none.
CREATE FUNCTION prunable_audit() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (WITH cut AS (
        SELECT now() - make_interval(days => greatest(keep_days, 365)) AS before
        FROM retention_policies WHERE class = 'audit' AND keep_days IS NOT NULL
          AND NOT EXISTS (SELECT FROM legal_holds WHERE object = 'class:audit' AND lifted_at IS NULL)
    ), kept AS (
        SELECT min(s.position) AS position
        FROM cut, audit_seals s JOIN audit a ON a.id = s.audit_id
        WHERE s.sealed_at >= cut.before OR a.at >= cut.before OR EXISTS (
            SELECT FROM legal_holds h WHERE h.object = a.object AND h.lifted_at IS NULL)
    )
    SELECT coalesce((
        SELECT max(s.position) FROM cut, kept, audit_seals s JOIN audit a ON a.id = s.audit_id
        WHERE s.position < coalesce(kept.position, 9223372036854775807)), 0));
END
$$;

CREATE FUNCTION prune_audit(actor text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last    bigint := prunable_audit();
    removed bigint;
BEGIN
    IF last = 0 THEN
        RETURN 0;
    END IF;
    INSERT INTO audit (actor, action, object) VALUES (actor, 'audit.pruned', 'position:' || last);
    PERFORM set_config('hotline.pruning', 'on', true);
    DELETE FROM audit USING audit_seals s WHERE s.audit_id = audit.id AND s.position <= last;
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('hotline.pruning', 'off', true);
    RETURN removed;
END
$$;
REVOKE EXECUTE ON FUNCTION prune_audit(text) FROM PUBLIC;
