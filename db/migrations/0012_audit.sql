-- The chain of audit rows: whoever changes history leaves a trace. docs/audit.md says how it is verified.

-- What a row says, as one digest. Every text is preceded by its length in bytes, so that no two rows share one.
CREATE FUNCTION audit_digest(at timestamptz, actor text, action text, object text, detail jsonb) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(
        (extract(epoch FROM at) * 1000000)::bigint::text
        || ' ' || octet_length(actor) || ':' || actor
        || ' ' || octet_length(action) || ':' || action
        || ' ' || octet_length(object) || ':' || object
        || ' ' || octet_length(detail::text) || ':' || detail::text, 'UTF8'))
$$;

-- Rows that are not in the chain yet, with their digest as it was when they were written.
CREATE TABLE audit_pending (
    audit_id bigint PRIMARY KEY,
    digest   bytea NOT NULL CHECK (length(digest) = 32),
    since    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The chain, in the order in which rows became visible. Kept when old audit rows are removed: it holds no content.
CREATE TABLE audit_seals (
    position  bigint PRIMARY KEY CHECK (position >= 1),
    audit_id  bigint NOT NULL UNIQUE,
    digest    bytea NOT NULL CHECK (length(digest) = 32),
    sealed_at timestamptz NOT NULL,
    head      bytea NOT NULL CHECK (length(head) = 32)
);
COMMENT ON COLUMN audit_seals.head IS 'sha256(head before, position, audit_id, digest, sealed_at in microseconds); numbers as 8 bytes, big-endian';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Runs as the owner: the service's role cannot write these tables by itself.
CREATE FUNCTION note_audit_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_pending (audit_id, digest)
    VALUES (NEW.id, audit_digest(NEW.at, NEW.actor, NEW.action, NEW.object, NEW.detail));
    RETURN NULL;
END
$$;
CREATE TRIGGER seal AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION note_audit_row();

INSERT INTO audit_pending (audit_id, digest) SELECT id, audit_digest(at, actor, action, object, detail) FROM audit;

-- Links rows into the chain, at most so many, and says how many. One at a time: whoever comes second waits.
CREATE FUNCTION seal_audit(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    place  bigint := 0;
    chain  bytea := decode(repeat('00', 32), 'hex');
    moment timestamptz := clock_timestamp();
    micros bigint := (extract(epoch FROM moment) * 1000000)::bigint;
    links  integer := 0;
    one    record;
BEGIN
    PERFORM pg_advisory_xact_lock(123450016);
    SELECT s.position, s.head INTO one FROM audit_seals s ORDER BY s.position DESC LIMIT 1;
    IF FOUND THEN
        place := one.position;
        chain := one.head;
    END IF;
    FOR one IN
        WITH taken AS (
            DELETE FROM audit_pending
            WHERE audit_id IN (SELECT p.audit_id FROM audit_pending p ORDER BY p.audit_id LIMIT most)
            RETURNING audit_id, digest
        )
        SELECT * FROM taken ORDER BY audit_id
    LOOP
        place := place + 1;
        links := links + 1;
        chain := sha256(chain || int8send(place) || int8send(one.audit_id) || one.digest || int8send(micros));
        INSERT INTO audit_seals (position, audit_id, digest, sealed_at, head)
        VALUES (place, one.audit_id, one.digest, moment, chain);
    END LOOP;
    RETURN links;
END
$$;

-- For reading it: by whom, what, when.
CREATE INDEX audit_actor ON audit (actor, id DESC);
CREATE INDEX audit_action ON audit (action, id DESC);
CREATE INDEX audit_at ON audit (at DESC);
