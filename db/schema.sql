-- The schema that all migrations make together. Made by `python -m db.snapshot`; never edited or applied.

SET check_function_bodies = false;

CREATE FUNCTION public.audit_digest(at timestamp with time zone, actor text, action text, object text, detail jsonb) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
    SELECT sha256(convert_to(
        (extract(epoch FROM at) * 1000000)::bigint::text
        || ' ' || octet_length(actor) || ':' || actor
        || ' ' || octet_length(action) || ':' || action
        || ' ' || octet_length(object) || ':' || object
        || ' ' || octet_length(detail::text) || ':' || detail::text, 'UTF8'))
$$;

CREATE FUNCTION public.note_audit_row() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO audit_pending (audit_id, digest)
    VALUES (NEW.id, audit_digest(NEW.at, NEW.actor, NEW.action, NEW.object, NEW.detail));
    RETURN NULL;
END
$$;

CREATE FUNCTION public.prunable_audit() RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$
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

CREATE FUNCTION public.prune_audit(actor text) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('hotline.pruning', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'rows of audit are never changed or removed' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION public.seal_audit(most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE TABLE public.abandoned_calls (
    call_id uuid NOT NULL,
    caller text NOT NULL,
    dialled text NOT NULL,
    queue text NOT NULL,
    stage text NOT NULL,
    waited_s double precision NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT abandoned_calls_stage_check CHECK ((stage = ANY (ARRAY['announcement'::text, 'waiting'::text, 'ringing'::text]))),
    CONSTRAINT abandoned_calls_waited_s_check CHECK ((waited_s >= (0)::double precision))
);

CREATE TABLE public.accounts (
    id bigint NOT NULL,
    login text NOT NULL,
    display_name text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    queues text[] DEFAULT '{}'::text[] NOT NULL,
    active boolean DEFAULT true NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    wrap_up_seconds double precision,
    CONSTRAINT accounts_display_name_check CHECK (((length(display_name) >= 1) AND (length(display_name) <= 80))),
    CONSTRAINT accounts_login_check CHECK ((login ~ '^[a-z0-9._-]{2,40}$'::text)),
    CONSTRAINT accounts_role_check CHECK ((role = ANY (ARRAY['agent'::text, 'senior_agent'::text, 'supervisor'::text, 'dispatcher'::text, 'reviewer'::text, 'callback_staff'::text, 'knowledge_editor'::text, 'analyst'::text, 'unit_handler'::text, 'unit_head'::text, 'inspector'::text, 'administrator'::text, 'machine'::text]))),
    CONSTRAINT accounts_wrap_up_seconds_check CHECK (((wrap_up_seconds >= (0)::double precision) AND (wrap_up_seconds <= (3600)::double precision)))
);

COMMENT ON COLUMN public.accounts.queues IS 'queues this agent serves; empty = all';

COMMENT ON COLUMN public.accounts.wrap_up_seconds IS 'this person''s wrap-up time; null: that of the queue';

ALTER TABLE public.accounts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.agent_certificates (
    account_id bigint NOT NULL,
    certificate text NOT NULL,
    valid_until timestamp with time zone
);

COMMENT ON COLUMN public.agent_certificates.valid_until IS 'null: without end';

CREATE TABLE public.agent_skills (
    account_id bigint NOT NULL,
    skill text NOT NULL,
    level smallint NOT NULL,
    CONSTRAINT agent_skills_level_check CHECK (((level >= 1) AND (level <= 5)))
);

CREATE TABLE public.agent_states (
    key text NOT NULL,
    agent_id bigint NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    reason text NOT NULL,
    cause text NOT NULL,
    call_id uuid,
    next_state text,
    until timestamp with time zone,
    at timestamp with time zone NOT NULL,
    seq bigint NOT NULL,
    CONSTRAINT agent_states_from_state_check CHECK ((from_state = ANY (ARRAY['OFFLINE'::text, 'READY'::text, 'RINGING'::text, 'TALKING'::text, 'WRAP_UP'::text, 'BREAK'::text, 'STRESS_ROOM'::text, 'NOT_RESPONDING'::text, 'OUTBOUND'::text]))),
    CONSTRAINT agent_states_to_state_check CHECK ((to_state = ANY (ARRAY['OFFLINE'::text, 'READY'::text, 'RINGING'::text, 'TALKING'::text, 'WRAP_UP'::text, 'BREAK'::text, 'STRESS_ROOM'::text, 'NOT_RESPONDING'::text, 'OUTBOUND'::text])))
);

ALTER TABLE public.agent_states ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.agent_states_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
);

COMMENT ON COLUMN public.audit.actor IS 'login of the person, or who acted without one: command line, hotline run';

COMMENT ON COLUMN public.audit.action IS 'noun.verb: account.create, seat.take';

COMMENT ON COLUMN public.audit.object IS 'what it was done to: account:<id>, ticket:<id>, recording:<uuid>';

ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_pending (
    audit_id bigint NOT NULL,
    digest bytea NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT audit_pending_digest_check CHECK ((length(digest) = 32))
);

CREATE TABLE public.audit_seals (
    "position" bigint NOT NULL,
    audit_id bigint NOT NULL,
    digest bytea NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    head bytea NOT NULL,
    CONSTRAINT audit_seals_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT audit_seals_head_check CHECK ((length(head) = 32)),
    CONSTRAINT audit_seals_position_check CHECK (("position" >= 1))
);

COMMENT ON COLUMN public.audit_seals.head IS 'sha256(head before, position, audit_id, digest, sealed_at in microseconds); numbers as 8 bytes, big-endian';

CREATE TABLE public.break_reasons (
    code text NOT NULL,
    title_zh text NOT NULL,
    title_en text NOT NULL,
    allowance_s double precision,
    each_s double precision,
    period text NOT NULL,
    productive boolean NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    retired_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT break_reasons_allowance_s_check CHECK ((allowance_s > (0)::double precision)),
    CONSTRAINT break_reasons_check CHECK ((NOT (is_default AND (retired_at IS NOT NULL)))),
    CONSTRAINT break_reasons_code_check CHECK ((code ~ '^[a-z0-9_]{1,40}$'::text)),
    CONSTRAINT break_reasons_each_s_check CHECK ((each_s > (0)::double precision)),
    CONSTRAINT break_reasons_period_check CHECK ((period = ANY (ARRAY['day'::text, 'duty'::text]))),
    CONSTRAINT break_reasons_title_en_check CHECK (((length(title_en) >= 1) AND (length(title_en) <= 40))),
    CONSTRAINT break_reasons_title_zh_check CHECK (((length(title_zh) >= 1) AND (length(title_zh) <= 40)))
);

COMMENT ON COLUMN public.break_reasons.allowance_s IS 'of all breaks of this reason within the period; null: no limit';

COMMENT ON COLUMN public.break_reasons.each_s IS 'of one break; null: no limit';

COMMENT ON COLUMN public.break_reasons.period IS 'day: local midnight to midnight; duty: since sitting down after six hours away';

COMMENT ON COLUMN public.break_reasons.is_default IS 'stands for a break that is asked for without a reason';

COMMENT ON COLUMN public.break_reasons.retired_at IS 'not offered any more; rows of states keep the code';

CREATE TABLE public.call_disconnects (
    call_id uuid NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    agent_id bigint NOT NULL,
    code text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    result text,
    ended_at timestamp with time zone,
    CONSTRAINT call_disconnects_check CHECK (((result IS NULL) = (ended_at IS NULL))),
    CONSTRAINT call_disconnects_code_check CHECK ((code = ANY (ARRAY['abusive'::text, 'clinging'::text, 'threatening'::text, 'prank'::text, 'silent'::text, 'distressed'::text]))),
    CONSTRAINT call_disconnects_note_check CHECK ((length(note) <= 500)),
    CONSTRAINT call_disconnects_result_check CHECK ((result = ANY (ARRAY['disconnected'::text, 'stopped'::text, 'caller_left'::text, 'failed'::text])))
);

CREATE TABLE public.call_flags (
    id uuid NOT NULL,
    call_id uuid NOT NULL,
    agent_id bigint NOT NULL,
    code text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT call_flags_code_check CHECK ((code = ANY (ARRAY['abusive'::text, 'clinging'::text, 'threatening'::text, 'prank'::text, 'silent'::text, 'distressed'::text]))),
    CONSTRAINT call_flags_note_check CHECK ((length(note) <= 500))
);

CREATE TABLE public.call_marks (
    call_id uuid NOT NULL,
    kind text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    agent_id bigint,
    record_from double precision NOT NULL,
    record_to double precision,
    CONSTRAINT call_marks_kind_check CHECK ((kind = ANY (ARRAY['hold'::text, 'consult'::text, 'mute'::text, 'record_pause'::text, 'warning'::text]))),
    CONSTRAINT call_marks_record_from_check CHECK ((record_from >= (0)::double precision))
);

CREATE TABLE public.call_segments (
    call_id uuid NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    agent_id bigint,
    phone text NOT NULL,
    began text NOT NULL,
    ended text,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    record_from double precision NOT NULL,
    record_to double precision,
    CONSTRAINT call_segments_check CHECK ((record_to >= record_from)),
    CONSTRAINT call_segments_check1 CHECK (((ended IS NULL) = (ended_at IS NULL))),
    CONSTRAINT call_segments_kind_check CHECK ((kind = ANY (ARRAY['agent'::text, 'outside'::text, 'emergency'::text]))),
    CONSTRAINT call_segments_number_check CHECK ((number >= 1)),
    CONSTRAINT call_segments_record_from_check CHECK ((record_from >= (0)::double precision))
);

COMMENT ON COLUMN public.call_segments.phone IS 'the agent''s phone, or the number outside';

CREATE TABLE public.call_treatments (
    call_id uuid NOT NULL,
    treatment text NOT NULL,
    cause text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT call_treatments_cause_check CHECK ((cause ~ '^(list:[0-9]+|frequency|anonymous)$'::text)),
    CONSTRAINT call_treatments_treatment_check CHECK ((treatment = ANY (ARRAY['vip'::text, 'elder_care'::text, 'block'::text, 'voice_service'::text, 'senior'::text, 'low_priority'::text])))
);

CREATE TABLE public.callbacks (
    callback_id uuid NOT NULL,
    number text NOT NULL,
    queue text NOT NULL,
    dialled text NOT NULL,
    source text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    place_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    origin_call_id uuid,
    ticket_id bigint,
    call_id uuid,
    attempt integer NOT NULL,
    tries integer NOT NULL,
    cause text NOT NULL,
    ended_at timestamp with time zone,
    version integer NOT NULL,
    CONSTRAINT callbacks_attempt_check CHECK ((attempt >= 0)),
    CONSTRAINT callbacks_check CHECK (((ended_at IS NULL) = (state = ANY (ARRAY['requested'::text, 'queued'::text, 'ringing_agent'::text, 'dialling'::text])))),
    CONSTRAINT callbacks_number_check CHECK ((number ~ '^[0-9]{2,20}$'::text)),
    CONSTRAINT callbacks_source_check CHECK ((source = ANY (ARRAY['caller'::text, 'staff'::text]))),
    CONSTRAINT callbacks_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'queued'::text, 'ringing_agent'::text, 'dialling'::text, 'done'::text, 'failed'::text, 'cancelled'::text, 'expired'::text]))),
    CONSTRAINT callbacks_tries_check CHECK ((tries >= 0))
);

COMMENT ON COLUMN public.callbacks.number IS 'as it is dialled: without blanks and +86';

COMMENT ON COLUMN public.callbacks.requested_by IS 'login; empty when the caller asked for it with a key';

COMMENT ON COLUMN public.callbacks.place_at IS 'its place in the line: that of the caller';

COMMENT ON COLUMN public.callbacks.call_id IS 'the try that is under way, or the last one; its row comes a moment later';

COMMENT ON COLUMN public.callbacks.attempt IS 'calls placed for it; tries: those in which the citizen was called in vain';

CREATE TABLE public.caller_lists (
    id bigint NOT NULL,
    number text NOT NULL,
    is_prefix boolean DEFAULT false NOT NULL,
    kind text NOT NULL,
    low_priority boolean DEFAULT false NOT NULL,
    reason_code text NOT NULL,
    reason text NOT NULL,
    evidence_calls uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    evidence_tickets bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    state text DEFAULT 'proposed'::text NOT NULL,
    proposed_by bigint NOT NULL,
    proposed_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    decided_by bigint,
    decided_at timestamp with time zone,
    decision_note text DEFAULT ''::text NOT NULL,
    appealed_by bigint,
    appealed_at timestamp with time zone,
    appeal_note text DEFAULT ''::text NOT NULL,
    judged_by bigint,
    judged_at timestamp with time zone,
    judgement_note text DEFAULT ''::text NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT caller_lists_appeal_note_check CHECK ((length(appeal_note) <= 500)),
    CONSTRAINT caller_lists_check CHECK ((expires_at > proposed_at)),
    CONSTRAINT caller_lists_check1 CHECK (((decided_by IS NULL) OR (decided_by <> proposed_by))),
    CONSTRAINT caller_lists_check2 CHECK (((judged_by IS NULL) OR ((judged_by <> proposed_by) AND (judged_by <> decided_by)))),
    CONSTRAINT caller_lists_check3 CHECK (((state <> ALL (ARRAY['active'::text, 'appealed'::text, 'lifted'::text, 'refused'::text])) OR (decided_by IS NOT NULL))),
    CONSTRAINT caller_lists_check4 CHECK (((state <> 'lifted'::text) OR (judged_by IS NOT NULL))),
    CONSTRAINT caller_lists_decision_note_check CHECK ((length(decision_note) <= 500)),
    CONSTRAINT caller_lists_judgement_note_check CHECK ((length(judgement_note) <= 500)),
    CONSTRAINT caller_lists_kind_check CHECK ((kind = ANY (ARRAY['vip'::text, 'elder_care'::text, 'block'::text, 'voice_service'::text, 'senior'::text]))),
    CONSTRAINT caller_lists_number_check CHECK ((number ~ '^[0-9]{3,20}$'::text)),
    CONSTRAINT caller_lists_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500))),
    CONSTRAINT caller_lists_reason_code_check CHECK ((reason_code = ANY (ARRAY['abuse'::text, 'threat'::text, 'prank'::text, 'nuisance'::text, 'silent_calls'::text, 'care'::text, 'duty'::text, 'other'::text]))),
    CONSTRAINT caller_lists_state_check CHECK ((state = ANY (ARRAY['proposed'::text, 'active'::text, 'refused'::text, 'appealed'::text, 'lifted'::text, 'withdrawn'::text, 'expired'::text])))
);

COMMENT ON COLUMN public.caller_lists.number IS 'digits as they arrive from the trunk; with is_prefix every number that begins so';

COMMENT ON COLUMN public.caller_lists.judged_by IS 'who decided about the latest appeal';

ALTER TABLE public.caller_lists ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.caller_lists_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.calls (
    call_id uuid NOT NULL,
    uniqueid text NOT NULL,
    caller text NOT NULL,
    dialled text NOT NULL,
    queue text NOT NULL,
    arrived_at timestamp with time zone NOT NULL,
    notice_at timestamp with time zone,
    queued_at timestamp with time zone,
    fallback_at timestamp with time zone,
    answered_at timestamp with time zone,
    agent_id bigint,
    phone text,
    talk_ended_at timestamp with time zone,
    ended_at timestamp with time zone,
    outcome text,
    cause text,
    rating smallint,
    direction text DEFAULT 'inbound'::text NOT NULL,
    ticket_id bigint,
    origin_call_id uuid,
    callback_id uuid,
    priority text DEFAULT 'normal'::text NOT NULL,
    place_at timestamp with time zone,
    CONSTRAINT calls_check CHECK (((outcome IS NULL) = (ended_at IS NULL))),
    CONSTRAINT calls_check1 CHECK (((outcome <> 'answered'::text) OR (answered_at IS NOT NULL))),
    CONSTRAINT calls_check2 CHECK (((outcome <> 'abandoned'::text) OR (answered_at IS NULL))),
    CONSTRAINT calls_direction_check CHECK ((direction = ANY (ARRAY['inbound'::text, 'outbound'::text]))),
    CONSTRAINT calls_outcome_check CHECK ((outcome = ANY (ARRAY['answered'::text, 'abandoned'::text, 'overflowed'::text, 'called_back'::text, 'failed'::text]))),
    CONSTRAINT calls_priority_check CHECK ((priority = ANY (ARRAY['low'::text, 'normal'::text, 'high'::text, 'urgent'::text]))),
    CONSTRAINT calls_rating_check CHECK (((rating >= 1) AND (rating <= 3)))
);

COMMENT ON COLUMN public.calls.uniqueid IS 'Asterisk''s Uniqueid, with the prefix of the incarnation; internal, not shown by the API';

COMMENT ON COLUMN public.calls.caller IS 'the citizen''s number, whoever called whom';

COMMENT ON COLUMN public.calls.ticket_id IS 'the ticket that a call placed by the centre is about; its recording belongs to it';

COMMENT ON COLUMN public.calls.origin_call_id IS 'the citizen''s own call that this one answers';

COMMENT ON COLUMN public.calls.place_at IS 'what counts as the arrival for the place in the queue, where it is an earlier one that the caller keeps';

CREATE TABLE public.certificates (
    name text NOT NULL,
    title text NOT NULL,
    CONSTRAINT certificates_name_check CHECK ((name ~ '^[a-z0-9_]{1,40}$'::text)),
    CONSTRAINT certificates_title_check CHECK ((length(title) <= 80))
);

CREATE TABLE public.emergencies (
    call_id uuid NOT NULL,
    number integer NOT NULL,
    service text NOT NULL,
    note text NOT NULL,
    agent_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    reached_at timestamp with time zone,
    ended_at timestamp with time zone,
    outcome text DEFAULT ''::text NOT NULL,
    outcome_by bigint,
    outcome_at timestamp with time zone,
    CONSTRAINT emergencies_note_check CHECK (((length(note) >= 1) AND (length(note) <= 2000))),
    CONSTRAINT emergencies_number_check CHECK ((number >= 1)),
    CONSTRAINT emergencies_outcome_check CHECK ((length(outcome) <= 2000)),
    CONSTRAINT emergencies_service_check CHECK ((service = ANY (ARRAY['110'::text, '119'::text, '120'::text, '122'::text])))
);

COMMENT ON COLUMN public.emergencies.note IS 'what the service was told: where, what, who is hurt';

CREATE TABLE public.legal_holds (
    id bigint NOT NULL,
    object text NOT NULL,
    reason text NOT NULL,
    placed_by text NOT NULL,
    placed_at timestamp with time zone DEFAULT now() NOT NULL,
    lifted_by text,
    lifted_at timestamp with time zone,
    lift_reason text,
    CONSTRAINT legal_holds_check CHECK ((((lifted_at IS NULL) = (lifted_by IS NULL)) AND ((lifted_at IS NULL) = (lift_reason IS NULL)))),
    CONSTRAINT legal_holds_lift_reason_check CHECK (((length(lift_reason) >= 1) AND (length(lift_reason) <= 500))),
    CONSTRAINT legal_holds_object_check CHECK ((object ~ '^(call:[0-9a-f-]{36}|ticket:[0-9]{1,18}|class:[a-z]{1,20})$'::text)),
    CONSTRAINT legal_holds_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500)))
);

CREATE TABLE public.tickets (
    id bigint NOT NULL,
    call_id uuid NOT NULL,
    state text DEFAULT 'DRAFT'::text NOT NULL,
    caller text NOT NULL,
    dialled text NOT NULL,
    queue text NOT NULL,
    agent_id bigint,
    arrived_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    call_ended_at timestamp with time zone,
    citizen_name text DEFAULT ''::text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    body text DEFAULT ''::text NOT NULL,
    topic text DEFAULT ''::text NOT NULL,
    place text DEFAULT ''::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    source text DEFAULT 'call'::text NOT NULL,
    anonymised_at timestamp with time zone,
    CONSTRAINT tickets_body_check CHECK ((length(body) <= 20000)),
    CONSTRAINT tickets_check CHECK (((source <> 'call'::text) OR (answered_at IS NOT NULL))),
    CONSTRAINT tickets_citizen_name_check CHECK ((length(citizen_name) <= 80)),
    CONSTRAINT tickets_place_check CHECK ((length(place) <= 200)),
    CONSTRAINT tickets_source_check CHECK ((source = ANY (ARRAY['call'::text, 'voicemail'::text]))),
    CONSTRAINT tickets_state_check CHECK ((state = ANY (ARRAY['DRAFT'::text, 'REGISTERED'::text]))),
    CONSTRAINT tickets_title_check CHECK ((length(title) <= 200)),
    CONSTRAINT tickets_topic_check CHECK ((length(topic) <= 80))
);

COMMENT ON COLUMN public.tickets.anonymised_at IS 'when retention took the citizen''s name and numbers out';

CREATE VIEW public.held_calls AS
 SELECT (substr(legal_holds.object, 6))::uuid AS call_id
   FROM public.legal_holds
  WHERE ((legal_holds.lifted_at IS NULL) AND (legal_holds.object ~~ 'call:%'::text))
UNION
 SELECT t.call_id
   FROM (public.legal_holds h
     JOIN public.tickets t ON ((h.object = ('ticket:'::text || t.id))))
  WHERE (h.lifted_at IS NULL)
UNION
 SELECT c.call_id
   FROM (public.legal_holds h
     JOIN public.calls c ON ((h.object = ('ticket:'::text || c.ticket_id))))
  WHERE (h.lifted_at IS NULL);

CREATE TABLE public.leadership (
    only_row boolean DEFAULT true NOT NULL,
    epoch bigint NOT NULL,
    CONSTRAINT leadership_epoch_check CHECK ((epoch >= 0)),
    CONSTRAINT leadership_only_row_check CHECK (only_row)
);

ALTER TABLE public.legal_holds ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.legal_holds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.lines (
    number text NOT NULL,
    queue text NOT NULL,
    title text NOT NULL,
    greeting text NOT NULL,
    priority text,
    needs jsonb NOT NULL,
    changed_in integer NOT NULL,
    CONSTRAINT lines_greeting_check CHECK ((greeting ~ '^[a-z0-9_]{0,40}$'::text)),
    CONSTRAINT lines_needs_check CHECK ((jsonb_typeof(needs) = 'array'::text)),
    CONSTRAINT lines_number_check CHECK ((number ~ '^[0-9]{2,20}$'::text)),
    CONSTRAINT lines_priority_check CHECK ((priority = ANY (ARRAY['low'::text, 'normal'::text, 'high'::text, 'urgent'::text]))),
    CONSTRAINT lines_title_check CHECK ((length(title) <= 80))
);

CREATE TABLE public.nightly_runs (
    name text NOT NULL,
    day date NOT NULL,
    epoch bigint NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    error text
);

CREATE TABLE public.offers (
    offer_id bigint NOT NULL,
    call_id uuid NOT NULL,
    agent_id bigint NOT NULL,
    phone text NOT NULL,
    at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    result text,
    CONSTRAINT offers_result_check CHECK ((result = ANY (ARRAY['answered'::text, 'no_answer'::text, 'busy'::text, 'unreachable'::text, 'caller_left'::text, 'withdrawn'::text, 'failed'::text])))
);

CREATE TABLE public.overflows (
    call_id uuid NOT NULL,
    from_queue text NOT NULL,
    to_queue text,
    cause text NOT NULL,
    relief text NOT NULL,
    waited_s double precision NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT overflows_cause_check CHECK ((cause ~ '^[a-z_]{1,40}$'::text)),
    CONSTRAINT overflows_relief_check CHECK ((relief = ANY (ARRAY['stay'::text, 'queue'::text, 'call_back'::text, 'voicemail'::text, 'message'::text]))),
    CONSTRAINT overflows_waited_s_check CHECK ((waited_s >= (0)::double precision))
);

COMMENT ON COLUMN public.overflows.to_queue IS 'null: it left the hotline, with a message or through the voicemail box';

COMMENT ON COLUMN public.overflows.waited_s IS 'in the queue that it left';

CREATE TABLE public.plan (
    only_row boolean DEFAULT true NOT NULL,
    version integer NOT NULL,
    default_queue text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT plan_only_row_check CHECK (only_row),
    CONSTRAINT plan_version_check CHECK ((version >= 1))
);

CREATE TABLE public.plan_versions (
    version integer NOT NULL,
    actor text NOT NULL,
    cause text NOT NULL,
    document jsonb NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.queue_overflow (
    queue text NOT NULL,
    place integer NOT NULL,
    relief text NOT NULL,
    target text,
    after_wait double precision,
    longer_than integer,
    expected_over double precision,
    CONSTRAINT queue_overflow_after_wait_check CHECK ((after_wait >= (0)::double precision)),
    CONSTRAINT queue_overflow_check CHECK (((relief = 'queue'::text) = (target IS NOT NULL))),
    CONSTRAINT queue_overflow_check1 CHECK ((target <> queue)),
    CONSTRAINT queue_overflow_check2 CHECK ((num_nonnulls(after_wait, longer_than, expected_over) > 0)),
    CONSTRAINT queue_overflow_expected_over_check CHECK ((expected_over >= (0)::double precision)),
    CONSTRAINT queue_overflow_longer_than_check CHECK ((longer_than >= 0)),
    CONSTRAINT queue_overflow_place_check CHECK ((place >= 0)),
    CONSTRAINT queue_overflow_relief_check CHECK ((relief = ANY (ARRAY['queue'::text, 'call_back'::text, 'voicemail'::text, 'message'::text])))
);

CREATE TABLE public.queues (
    name text NOT NULL,
    title text NOT NULL,
    wrap_up_seconds double precision NOT NULL,
    ring_seconds integer NOT NULL,
    service_level_seconds double precision NOT NULL,
    strategy text NOT NULL,
    last_agent_within double precision NOT NULL,
    last_agent_hold double precision NOT NULL,
    certificate text,
    needs jsonb NOT NULL,
    priority text NOT NULL,
    music text NOT NULL,
    greeting text NOT NULL,
    max_waiting integer,
    full_to text NOT NULL,
    join_empty text NOT NULL,
    leave_empty text NOT NULL,
    empty_to text NOT NULL,
    hours jsonb,
    closed_to text NOT NULL,
    announce_every double precision NOT NULL,
    announce_position boolean NOT NULL,
    announce_wait boolean NOT NULL,
    call_back jsonb,
    redial_within double precision NOT NULL,
    changed_in integer NOT NULL,
    wrap_up_step_seconds double precision DEFAULT 60 NOT NULL,
    wrap_up_extensions integer DEFAULT 3 NOT NULL,
    CONSTRAINT queues_announce_every_check CHECK ((announce_every >= (0)::double precision)),
    CONSTRAINT queues_call_back_check CHECK ((jsonb_typeof(call_back) = 'object'::text)),
    CONSTRAINT queues_closed_to_check CHECK ((closed_to = ANY (ARRAY['stay'::text, 'call_back'::text, 'voicemail'::text, 'message'::text]))),
    CONSTRAINT queues_empty_to_check CHECK ((empty_to = ANY (ARRAY['stay'::text, 'call_back'::text, 'voicemail'::text, 'message'::text]))),
    CONSTRAINT queues_full_to_check CHECK ((full_to = ANY (ARRAY['stay'::text, 'call_back'::text, 'voicemail'::text, 'message'::text]))),
    CONSTRAINT queues_greeting_check CHECK ((greeting ~ '^[a-z0-9_]{0,40}$'::text)),
    CONSTRAINT queues_hours_check CHECK ((jsonb_typeof(hours) = 'object'::text)),
    CONSTRAINT queues_join_empty_check CHECK ((join_empty = ANY (ARRAY['allow'::text, 'need_seated'::text, 'need_working'::text]))),
    CONSTRAINT queues_last_agent_hold_check CHECK ((last_agent_hold >= (0)::double precision)),
    CONSTRAINT queues_last_agent_within_check CHECK ((last_agent_within >= (0)::double precision)),
    CONSTRAINT queues_leave_empty_check CHECK ((leave_empty = ANY (ARRAY['allow'::text, 'need_seated'::text, 'need_working'::text]))),
    CONSTRAINT queues_max_waiting_check CHECK ((max_waiting >= 1)),
    CONSTRAINT queues_music_check CHECK ((music ~ '^[A-Za-z0-9_-]{1,40}$'::text)),
    CONSTRAINT queues_name_check CHECK (((name ~ '^[a-z0-9_]{1,40}$'::text) AND (name <> 'general'::text))),
    CONSTRAINT queues_needs_check CHECK ((jsonb_typeof(needs) = 'array'::text)),
    CONSTRAINT queues_priority_check CHECK ((priority = ANY (ARRAY['low'::text, 'normal'::text, 'high'::text, 'urgent'::text]))),
    CONSTRAINT queues_redial_within_check CHECK ((redial_within >= (0)::double precision)),
    CONSTRAINT queues_ring_seconds_check CHECK (((ring_seconds >= 3) AND (ring_seconds <= 120))),
    CONSTRAINT queues_service_level_seconds_check CHECK (((service_level_seconds >= (1)::double precision) AND (service_level_seconds <= (600)::double precision))),
    CONSTRAINT queues_strategy_check CHECK ((strategy = ANY (ARRAY['longest_idle'::text, 'fewest_calls'::text, 'best_skill'::text]))),
    CONSTRAINT queues_title_check CHECK ((length(title) <= 80)),
    CONSTRAINT queues_wrap_up_extensions_check CHECK (((wrap_up_extensions >= 0) AND (wrap_up_extensions <= 20))),
    CONSTRAINT queues_wrap_up_seconds_check CHECK (((wrap_up_seconds >= (0)::double precision) AND (wrap_up_seconds <= (3600)::double precision))),
    CONSTRAINT queues_wrap_up_step_seconds_check CHECK (((wrap_up_step_seconds >= (1)::double precision) AND (wrap_up_step_seconds <= (600)::double precision)))
);

COMMENT ON COLUMN public.queues.needs IS '[{"after": seconds, "skills": {name: level}}]';

COMMENT ON COLUMN public.queues.hours IS '{"zone", "week": {"mon": ["08:30-12:00"]}, "closed_days", "extra_days"}; null: day and night';

COMMENT ON COLUMN public.queues.changed_in IS 'version of the plan in which the row was last changed; its ETag';

COMMENT ON COLUMN public.queues.wrap_up_step_seconds IS 'how much longer a wrap-up gets each time the agent asks for more';

COMMENT ON COLUMN public.queues.wrap_up_extensions IS 'how often the agent may ask after one call';

CREATE TABLE public.recording_accesses (
    id bigint NOT NULL,
    recording_id uuid NOT NULL,
    account_id bigint NOT NULL,
    byte_range text NOT NULL,
    remote text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.recording_accesses ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.recording_accesses_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.recording_checks (
    recording_id uuid NOT NULL,
    sweep_id bigint NOT NULL,
    result text NOT NULL,
    checked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT recording_checks_result_check CHECK ((result = ANY (ARRAY['ok'::text, 'damaged'::text, 'missing'::text, 'no_key'::text])))
);

CREATE TABLE public.recording_sweeps (
    id bigint NOT NULL,
    actor text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    checked bigint DEFAULT 0 NOT NULL,
    bad bigint DEFAULT 0 NOT NULL
);

ALTER TABLE public.recording_sweeps ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.recording_sweeps_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.recordings (
    id uuid NOT NULL,
    call_id uuid NOT NULL,
    ticket_id bigint,
    state text NOT NULL,
    path_key text,
    format text,
    channels smallint,
    sample_rate integer,
    duration_s double precision,
    size_bytes bigint,
    sha256 text,
    note text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT recordings_check CHECK (((state <> 'ready'::text) OR ((path_key IS NOT NULL) AND (sha256 IS NOT NULL) AND (duration_s IS NOT NULL) AND (size_bytes IS NOT NULL) AND (ticket_id IS NOT NULL)))),
    CONSTRAINT recordings_duration_s_check CHECK ((duration_s >= (0)::double precision)),
    CONSTRAINT recordings_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT recordings_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT recordings_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'ready'::text, 'partial'::text, 'missing'::text, 'removed'::text])))
);

COMMENT ON COLUMN public.recordings.path_key IS 'where in the archive, relative: YYYY/MM/DD/CALL_ID.flac; never shown by the API';

CREATE TABLE public.retention_policies (
    class text NOT NULL,
    keep_days integer,
    version integer DEFAULT 1 NOT NULL,
    changed_by text DEFAULT 'default'::text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT retention_policies_check CHECK (((class <> 'audit'::text) OR (keep_days >= 365))),
    CONSTRAINT retention_policies_class_check CHECK ((class = ANY (ARRAY['recordings'::text, 'tickets'::text, 'calls'::text, 'sessions'::text, 'journal'::text, 'audit'::text]))),
    CONSTRAINT retention_policies_keep_days_check CHECK (((keep_days >= 1) AND (keep_days <= 36500)))
);

COMMENT ON COLUMN public.retention_policies.keep_days IS 'null: for good';

CREATE TABLE public.retention_runs (
    id bigint NOT NULL,
    actor text NOT NULL,
    dry_run boolean NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    result jsonb DEFAULT '{}'::jsonb NOT NULL
);

COMMENT ON COLUMN public.retention_runs.result IS 'class -> how many went, or would go, and how many a hold kept';

ALTER TABLE public.retention_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.retention_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.seats (
    agent_id bigint NOT NULL,
    phone text NOT NULL,
    queues text[] NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone,
    next_state text,
    next_reason text DEFAULT ''::text NOT NULL,
    next_at timestamp with time zone,
    next_cause text DEFAULT ''::text NOT NULL,
    CONSTRAINT seats_check CHECK ((until >= since)),
    CONSTRAINT seats_check1 CHECK (((next_state IS NULL) = (next_at IS NULL))),
    CONSTRAINT seats_next_state_check CHECK ((next_state = ANY (ARRAY['READY'::text, 'BREAK'::text, 'STRESS_ROOM'::text]))),
    CONSTRAINT seats_phone_check CHECK ((phone ~ '^[0-9]{2,10}$'::text))
);

COMMENT ON COLUMN public.seats.next_state IS 'asked for during a call; counts when noted after the latest agent_states row';

COMMENT ON COLUMN public.seats.next_cause IS 'cause of the row that the next state will lead to: agent:next_state, supervisor:<login>';

CREATE TABLE public.sessions (
    token_hash bytea NOT NULL,
    account_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT sessions_token_hash_check CHECK ((length(token_hash) = 32))
);

CREATE TABLE public.skills (
    name text NOT NULL,
    title text NOT NULL,
    CONSTRAINT skills_name_check CHECK ((name ~ '^[a-z0-9_]{1,40}$'::text)),
    CONSTRAINT skills_title_check CHECK ((length(title) <= 80))
);

CREATE TABLE public.surge_notices (
    id bigint NOT NULL,
    scope text NOT NULL,
    text text NOT NULL,
    sound text NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    set_by text NOT NULL,
    withdrawn_at timestamp with time zone,
    withdrawn_by text,
    CONSTRAINT surge_notices_check CHECK ((until > since)),
    CONSTRAINT surge_notices_check1 CHECK (((withdrawn_at IS NULL) = (withdrawn_by IS NULL))),
    CONSTRAINT surge_notices_scope_check CHECK ((scope ~ '^(all|queue:[a-z0-9_]{1,40}|line:[0-9]{2,20})$'::text)),
    CONSTRAINT surge_notices_sound_check CHECK ((sound ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT surge_notices_text_check CHECK ((length(text) <= 500))
);

COMMENT ON COLUMN public.surge_notices.text IS 'what is spoken, or what a recorded voice says';

COMMENT ON COLUMN public.surge_notices.sound IS 'name of the sound file: a hash of what it was made from';

ALTER TABLE public.surge_notices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.surge_notices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.tenures (
    epoch bigint NOT NULL,
    instance uuid NOT NULL,
    witness text NOT NULL,
    beat bigint DEFAULT 0 NOT NULL,
    taken_at timestamp with time zone DEFAULT now() NOT NULL,
    renewed_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    CONSTRAINT tenures_check CHECK (((ended_at IS NULL) = (ended_by IS NULL))),
    CONSTRAINT tenures_ended_by_check CHECK ((ended_by = ANY (ARRAY['released'::text, 'superseded'::text])))
);

COMMENT ON COLUMN public.tenures.instance IS 'the process; its connections carry it in application_name';

COMMENT ON COLUMN public.tenures.witness IS 'a locked file of that machine whose lock proves the process alive; empty: none';

COMMENT ON COLUMN public.tenures.beat IS 'counts the renewals: a candidate watches whether it moves, clocks do not matter';

ALTER TABLE public.tickets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tickets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.wait_announcements (
    call_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    queue text NOT NULL,
    "position" integer,
    low_s double precision,
    expected_s double precision,
    high_s double precision,
    CONSTRAINT wait_announcements_check CHECK ((expected_s >= low_s)),
    CONSTRAINT wait_announcements_check1 CHECK ((high_s >= expected_s)),
    CONSTRAINT wait_announcements_check2 CHECK ((("position" IS NOT NULL) OR (expected_s IS NOT NULL))),
    CONSTRAINT wait_announcements_check3 CHECK ((((expected_s IS NULL) = (low_s IS NULL)) AND ((expected_s IS NULL) = (high_s IS NULL)))),
    CONSTRAINT wait_announcements_low_s_check CHECK ((low_s >= (0)::double precision)),
    CONSTRAINT wait_announcements_position_check CHECK (("position" >= 1))
);

CREATE TABLE public.wait_estimates (
    call_id uuid NOT NULL,
    queue text NOT NULL,
    expected_s double precision NOT NULL,
    waited_s double precision NOT NULL,
    within boolean NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT wait_estimates_expected_s_check CHECK ((expected_s >= (0)::double precision)),
    CONSTRAINT wait_estimates_waited_s_check CHECK ((waited_s >= (0)::double precision))
);

COMMENT ON COLUMN public.wait_estimates.within IS 'whether the wait lay between the bounds that were said';

CREATE TABLE public.writers (
    writer_id uuid NOT NULL,
    last_seq bigint NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    epoch bigint,
    CONSTRAINT writers_last_seq_check CHECK ((last_seq >= 0))
);

COMMENT ON COLUMN public.writers.epoch IS 'under which epoch this writer wrote; null: before there were any';

ALTER TABLE ONLY public.abandoned_calls
    ADD CONSTRAINT abandoned_calls_pkey PRIMARY KEY (call_id);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_login_key UNIQUE (login);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.agent_certificates
    ADD CONSTRAINT agent_certificates_pkey PRIMARY KEY (account_id, certificate);

ALTER TABLE ONLY public.agent_skills
    ADD CONSTRAINT agent_skills_pkey PRIMARY KEY (account_id, skill);

ALTER TABLE ONLY public.agent_states
    ADD CONSTRAINT agent_states_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.audit_pending
    ADD CONSTRAINT audit_pending_pkey PRIMARY KEY (audit_id);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_audit_id_key UNIQUE (audit_id);

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.break_reasons
    ADD CONSTRAINT break_reasons_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.call_disconnects
    ADD CONSTRAINT call_disconnects_pkey PRIMARY KEY (call_id, asked_at);

ALTER TABLE ONLY public.call_flags
    ADD CONSTRAINT call_flags_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.call_marks
    ADD CONSTRAINT call_marks_pkey PRIMARY KEY (call_id, kind, started_at);

ALTER TABLE ONLY public.call_segments
    ADD CONSTRAINT call_segments_pkey PRIMARY KEY (call_id, number);

ALTER TABLE ONLY public.call_treatments
    ADD CONSTRAINT call_treatments_pkey PRIMARY KEY (call_id, treatment, cause);

ALTER TABLE ONLY public.callbacks
    ADD CONSTRAINT callbacks_pkey PRIMARY KEY (callback_id);

ALTER TABLE ONLY public.caller_lists
    ADD CONSTRAINT caller_lists_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (call_id);

ALTER TABLE ONLY public.certificates
    ADD CONSTRAINT certificates_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.emergencies
    ADD CONSTRAINT emergencies_pkey PRIMARY KEY (call_id, number);

ALTER TABLE ONLY public.leadership
    ADD CONSTRAINT leadership_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.legal_holds
    ADD CONSTRAINT legal_holds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lines
    ADD CONSTRAINT lines_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.nightly_runs
    ADD CONSTRAINT nightly_runs_pkey PRIMARY KEY (name, day);

ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_pkey PRIMARY KEY (offer_id);

ALTER TABLE ONLY public.overflows
    ADD CONSTRAINT overflows_pkey PRIMARY KEY (call_id, at, from_queue);

ALTER TABLE ONLY public.plan
    ADD CONSTRAINT plan_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.plan_versions
    ADD CONSTRAINT plan_versions_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.queue_overflow
    ADD CONSTRAINT queue_overflow_pkey PRIMARY KEY (queue, place);

ALTER TABLE ONLY public.queues
    ADD CONSTRAINT queues_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.recording_accesses
    ADD CONSTRAINT recording_accesses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recording_checks
    ADD CONSTRAINT recording_checks_pkey PRIMARY KEY (recording_id);

ALTER TABLE ONLY public.recording_sweeps
    ADD CONSTRAINT recording_sweeps_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_call_id_key UNIQUE (call_id);

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.retention_policies
    ADD CONSTRAINT retention_policies_pkey PRIMARY KEY (class);

ALTER TABLE ONLY public.retention_runs
    ADD CONSTRAINT retention_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.seats
    ADD CONSTRAINT seats_pkey PRIMARY KEY (agent_id, since);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.skills
    ADD CONSTRAINT skills_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.surge_notices
    ADD CONSTRAINT surge_notices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tenures
    ADD CONSTRAINT tenures_pkey PRIMARY KEY (epoch);

ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT tickets_call_id_key UNIQUE (call_id);

ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT tickets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.wait_announcements
    ADD CONSTRAINT wait_announcements_pkey PRIMARY KEY (call_id, at);

ALTER TABLE ONLY public.wait_estimates
    ADD CONSTRAINT wait_estimates_pkey PRIMARY KEY (call_id);

ALTER TABLE ONLY public.writers
    ADD CONSTRAINT writers_pkey PRIMARY KEY (writer_id);

CREATE INDEX agent_states_by_time ON public.agent_states USING btree (agent_id, at);

CREATE INDEX agent_states_latest ON public.agent_states USING btree (agent_id, seq DESC);

CREATE INDEX audit_action ON public.audit USING btree (action, id DESC);

CREATE INDEX audit_actor ON public.audit USING btree (actor, id DESC);

CREATE INDEX audit_at ON public.audit USING btree (at DESC);

CREATE INDEX audit_object ON public.audit USING btree (object, id);

CREATE UNIQUE INDEX break_reasons_one_default ON public.break_reasons USING btree (is_default) WHERE is_default;

CREATE INDEX call_flags_call ON public.call_flags USING btree (call_id);

CREATE INDEX call_segments_agent ON public.call_segments USING btree (agent_id, started_at DESC);

CREATE INDEX callbacks_newest ON public.callbacks USING btree (requested_at DESC, callback_id);

CREATE UNIQUE INDEX callbacks_one_per_number ON public.callbacks USING btree (number) WHERE (ended_at IS NULL);

CREATE INDEX caller_lists_acting ON public.caller_lists USING btree (expires_at) WHERE (state = ANY (ARRAY['active'::text, 'appealed'::text]));

CREATE UNIQUE INDEX caller_lists_one_open ON public.caller_lists USING btree (number, is_prefix, kind) WHERE (state = ANY (ARRAY['proposed'::text, 'active'::text, 'appealed'::text]));

CREATE INDEX calls_arrived ON public.calls USING btree (arrived_at DESC, call_id);

CREATE INDEX calls_by_caller ON public.calls USING btree (caller, arrived_at DESC) WHERE (caller <> ''::text);

CREATE INDEX calls_callback ON public.calls USING btree (callback_id) WHERE (callback_id IS NOT NULL);

CREATE INDEX calls_open ON public.calls USING btree (arrived_at) WHERE (ended_at IS NULL);

CREATE INDEX calls_origin ON public.calls USING btree (origin_call_id) WHERE (origin_call_id IS NOT NULL);

CREATE INDEX calls_ticket ON public.calls USING btree (ticket_id) WHERE (ticket_id IS NOT NULL);

CREATE INDEX calls_with_number ON public.calls USING btree (arrived_at) WHERE (caller <> ''::text);

CREATE INDEX emergencies_at ON public.emergencies USING btree (at DESC);

CREATE UNIQUE INDEX legal_holds_one_per_object ON public.legal_holds USING btree (object) WHERE (lifted_at IS NULL);

CREATE INDEX offers_call ON public.offers USING btree (call_id);

CREATE INDEX recording_checks_bad ON public.recording_checks USING btree (recording_id) WHERE (result <> 'ok'::text);

CREATE UNIQUE INDEX recording_sweeps_one_at_a_time ON public.recording_sweeps USING btree ((true)) WHERE (finished_at IS NULL);

CREATE INDEX recordings_oldest ON public.recordings USING btree (created_at) WHERE (path_key IS NOT NULL);

CREATE INDEX recordings_pending ON public.recordings USING btree (call_id) WHERE (state = 'pending'::text);

CREATE UNIQUE INDEX seats_one_agent_per_phone ON public.seats USING btree (phone) WHERE (until IS NULL);

CREATE UNIQUE INDEX seats_one_phone_per_agent ON public.seats USING btree (agent_id) WHERE (until IS NULL);

CREATE INDEX sessions_account ON public.sessions USING btree (account_id);

CREATE UNIQUE INDEX surge_notices_one_per_scope ON public.surge_notices USING btree (scope) WHERE (withdrawn_at IS NULL);

CREATE INDEX tickets_agent ON public.tickets USING btree (agent_id, id DESC);

CREATE INDEX tickets_by_caller ON public.tickets USING btree (caller, id DESC) WHERE (caller <> ''::text);

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.agent_states FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.plan_versions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.recording_accesses FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER seal AFTER INSERT ON public.audit FOR EACH ROW EXECUTE FUNCTION public.note_audit_row();

ALTER TABLE ONLY public.abandoned_calls
    ADD CONSTRAINT abandoned_calls_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.agent_certificates
    ADD CONSTRAINT agent_certificates_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.agent_certificates
    ADD CONSTRAINT agent_certificates_certificate_fkey FOREIGN KEY (certificate) REFERENCES public.certificates(name);

ALTER TABLE ONLY public.agent_skills
    ADD CONSTRAINT agent_skills_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.agent_skills
    ADD CONSTRAINT agent_skills_skill_fkey FOREIGN KEY (skill) REFERENCES public.skills(name);

ALTER TABLE ONLY public.agent_states
    ADD CONSTRAINT agent_states_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.call_disconnects
    ADD CONSTRAINT call_disconnects_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.call_disconnects
    ADD CONSTRAINT call_disconnects_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.call_flags
    ADD CONSTRAINT call_flags_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.call_flags
    ADD CONSTRAINT call_flags_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.call_marks
    ADD CONSTRAINT call_marks_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.call_marks
    ADD CONSTRAINT call_marks_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.call_segments
    ADD CONSTRAINT call_segments_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.call_segments
    ADD CONSTRAINT call_segments_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.call_treatments
    ADD CONSTRAINT call_treatments_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.callbacks
    ADD CONSTRAINT callbacks_origin_call_id_fkey FOREIGN KEY (origin_call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.callbacks
    ADD CONSTRAINT callbacks_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES public.tickets(id);

ALTER TABLE ONLY public.caller_lists
    ADD CONSTRAINT caller_lists_appealed_by_fkey FOREIGN KEY (appealed_by) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.caller_lists
    ADD CONSTRAINT caller_lists_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.caller_lists
    ADD CONSTRAINT caller_lists_judged_by_fkey FOREIGN KEY (judged_by) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.caller_lists
    ADD CONSTRAINT caller_lists_proposed_by_fkey FOREIGN KEY (proposed_by) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_callback_id_fkey FOREIGN KEY (callback_id) REFERENCES public.callbacks(callback_id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_origin_call_id_fkey FOREIGN KEY (origin_call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES public.tickets(id);

ALTER TABLE ONLY public.emergencies
    ADD CONSTRAINT emergencies_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.emergencies
    ADD CONSTRAINT emergencies_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.emergencies
    ADD CONSTRAINT emergencies_outcome_by_fkey FOREIGN KEY (outcome_by) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.lines
    ADD CONSTRAINT lines_queue_fkey FOREIGN KEY (queue) REFERENCES public.queues(name);

ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.overflows
    ADD CONSTRAINT overflows_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.plan
    ADD CONSTRAINT plan_default_queue_fkey FOREIGN KEY (default_queue) REFERENCES public.queues(name) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY public.queue_overflow
    ADD CONSTRAINT queue_overflow_queue_fkey FOREIGN KEY (queue) REFERENCES public.queues(name) ON DELETE CASCADE;

ALTER TABLE ONLY public.queue_overflow
    ADD CONSTRAINT queue_overflow_target_fkey FOREIGN KEY (target) REFERENCES public.queues(name);

ALTER TABLE ONLY public.queues
    ADD CONSTRAINT queues_certificate_fkey FOREIGN KEY (certificate) REFERENCES public.certificates(name);

ALTER TABLE ONLY public.recording_accesses
    ADD CONSTRAINT recording_accesses_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.recording_accesses
    ADD CONSTRAINT recording_accesses_recording_id_fkey FOREIGN KEY (recording_id) REFERENCES public.recordings(id);

ALTER TABLE ONLY public.recording_checks
    ADD CONSTRAINT recording_checks_recording_id_fkey FOREIGN KEY (recording_id) REFERENCES public.recordings(id);

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES public.tickets(id);

ALTER TABLE ONLY public.seats
    ADD CONSTRAINT seats_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT tickets_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT tickets_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.wait_announcements
    ADD CONSTRAINT wait_announcements_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.wait_estimates
    ADD CONSTRAINT wait_estimates_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);
