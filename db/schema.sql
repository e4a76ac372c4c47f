-- The schema that all migrations make together. Made by `python -m db.snapshot`; never edited or applied.

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
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
    CONSTRAINT accounts_display_name_check CHECK (((length(display_name) >= 1) AND (length(display_name) <= 80))),
    CONSTRAINT accounts_login_check CHECK ((login ~ '^[a-z0-9._-]{2,40}$'::text)),
    CONSTRAINT accounts_role_check CHECK ((role = ANY (ARRAY['agent'::text, 'supervisor'::text, 'administrator'::text])))
);

COMMENT ON COLUMN public.accounts.queues IS 'queues this agent serves; empty = all';

ALTER TABLE public.accounts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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
    CONSTRAINT calls_check CHECK (((outcome IS NULL) = (ended_at IS NULL))),
    CONSTRAINT calls_check1 CHECK (((outcome <> 'answered'::text) OR (answered_at IS NOT NULL))),
    CONSTRAINT calls_check2 CHECK (((outcome <> 'abandoned'::text) OR (answered_at IS NULL))),
    CONSTRAINT calls_outcome_check CHECK ((outcome = ANY (ARRAY['answered'::text, 'abandoned'::text, 'overflowed'::text, 'called_back'::text, 'failed'::text]))),
    CONSTRAINT calls_rating_check CHECK (((rating >= 1) AND (rating <= 3)))
);

COMMENT ON COLUMN public.calls.uniqueid IS 'Asterisk''s Uniqueid, with the prefix of the incarnation; internal, not shown by the API';

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
    CONSTRAINT recordings_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'ready'::text, 'partial'::text, 'missing'::text])))
);

COMMENT ON COLUMN public.recordings.path_key IS 'where in the archive, relative: YYYY/MM/DD/CALL_ID.flac; never shown by the API';

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
    CONSTRAINT seats_check CHECK ((until >= since)),
    CONSTRAINT seats_check1 CHECK (((next_state IS NULL) = (next_at IS NULL))),
    CONSTRAINT seats_next_state_check CHECK ((next_state = ANY (ARRAY['READY'::text, 'BREAK'::text, 'STRESS_ROOM'::text]))),
    CONSTRAINT seats_phone_check CHECK ((phone ~ '^[0-9]{2,10}$'::text))
);

COMMENT ON COLUMN public.seats.next_state IS 'asked for during a call; counts when noted after the latest agent_states row';

CREATE TABLE public.sessions (
    token_hash bytea NOT NULL,
    account_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT sessions_token_hash_check CHECK ((length(token_hash) = 32))
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
    answered_at timestamp with time zone NOT NULL,
    call_ended_at timestamp with time zone,
    citizen_name text DEFAULT ''::text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    body text DEFAULT ''::text NOT NULL,
    topic text DEFAULT ''::text NOT NULL,
    place text DEFAULT ''::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT tickets_body_check CHECK ((length(body) <= 20000)),
    CONSTRAINT tickets_citizen_name_check CHECK ((length(citizen_name) <= 80)),
    CONSTRAINT tickets_place_check CHECK ((length(place) <= 200)),
    CONSTRAINT tickets_state_check CHECK ((state = ANY (ARRAY['DRAFT'::text, 'REGISTERED'::text]))),
    CONSTRAINT tickets_title_check CHECK ((length(title) <= 200)),
    CONSTRAINT tickets_topic_check CHECK ((length(topic) <= 80))
);

ALTER TABLE public.tickets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tickets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.writers (
    writer_id uuid NOT NULL,
    last_seq bigint NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT writers_last_seq_check CHECK ((last_seq >= 0))
);

ALTER TABLE ONLY public.abandoned_calls
    ADD CONSTRAINT abandoned_calls_pkey PRIMARY KEY (call_id);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_login_key UNIQUE (login);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.agent_states
    ADD CONSTRAINT agent_states_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (call_id);

ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_pkey PRIMARY KEY (offer_id);

ALTER TABLE ONLY public.recording_accesses
    ADD CONSTRAINT recording_accesses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_call_id_key UNIQUE (call_id);

ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT recordings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.seats
    ADD CONSTRAINT seats_pkey PRIMARY KEY (agent_id, since);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT tickets_call_id_key UNIQUE (call_id);

ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT tickets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.writers
    ADD CONSTRAINT writers_pkey PRIMARY KEY (writer_id);

CREATE INDEX agent_states_latest ON public.agent_states USING btree (agent_id, seq DESC);

CREATE INDEX audit_object ON public.audit USING btree (object, id);

CREATE INDEX calls_arrived ON public.calls USING btree (arrived_at DESC, call_id);

CREATE INDEX calls_open ON public.calls USING btree (arrived_at) WHERE (ended_at IS NULL);

CREATE INDEX offers_call ON public.offers USING btree (call_id);

CREATE INDEX recordings_pending ON public.recordings USING btree (call_id) WHERE (state = 'pending'::text);

CREATE UNIQUE INDEX seats_one_agent_per_phone ON public.seats USING btree (phone) WHERE (until IS NULL);

CREATE UNIQUE INDEX seats_one_phone_per_agent ON public.seats USING btree (agent_id) WHERE (until IS NULL);

CREATE INDEX sessions_account ON public.sessions USING btree (account_id);

CREATE INDEX tickets_agent ON public.tickets USING btree (agent_id, id DESC);

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.agent_states FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.recording_accesses FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE ONLY public.abandoned_calls
    ADD CONSTRAINT abandoned_calls_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.agent_states
    ADD CONSTRAINT agent_states_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(call_id);

ALTER TABLE ONLY public.recording_accesses
    ADD CONSTRAINT recording_accesses_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.recording_accesses
    ADD CONSTRAINT recording_accesses_recording_id_fkey FOREIGN KEY (recording_id) REFERENCES public.recordings(id);

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
