"""Everything that is measured. ``docs/observability.md`` lists the same, and a test compares them."""

from typing import Final

from application.ports.metrics import Kind, Measure

_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_PATIENT: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200)


def _counter(name: str, text: str, *labels: str, unit: str) -> Measure:
    return Measure(name=name, kind=Kind.COUNTER, unit=unit, text=text, labels=labels)


def _gauge(name: str, text: str, *labels: str, unit: str) -> Measure:
    return Measure(name=name, kind=Kind.GAUGE, unit=unit, text=text, labels=labels)


def _seconds(name: str, text: str, *labels: str, bounds: tuple[float, ...]) -> Measure:
    return Measure(name=name, kind=Kind.HISTOGRAM, unit="seconds", text=text, labels=labels, bounds=bounds)


BUILD: Final = _gauge("pombo_build_info", "Always 1; the labels say what runs.", "version", unit="1")

# Of this process.
REQUESTS: Final = _seconds(
    "pombo_request_seconds",
    "From a request's head to the end of its answer; of a stream, its whole life.",
    *("transport", "method", "status"),
    bounds=_QUICK,
)
EVENTS: Final = _counter("pombo_events_total", "Events that were put on record here.", "type", unit="events")
ACCEPTED: Final = _counter(
    "pombo_messages_accepted_total", "Messages that were accepted to be sent.", "kind", unit="messages"
)
RECEIVED: Final = _counter(
    "pombo_messages_received_total",
    "Messages that came; backfilled ones were found later than they came.",
    *("kind", "backfilled"),
    unit="messages",
)
ENDED: Final = _counter(
    "pombo_messages_unsent_total",
    "Messages that won't leave, by their final status, and of those that failed by the reason.",
    *("status", "reason"),
    unit="messages",
)
SEND: Final = _seconds(
    "pombo_send_seconds",
    "From the acceptance of a message, or the time it was put off to, to WhatsApp's having it.",
    "kind",
    bounds=_PATIENT,
)
PAGE_SEND: Final = _seconds(
    "pombo_page_send_seconds",
    "What the page takes for one try to send; the outcome is sent, refused, expired or unknown.",
    *("kind", "outcome"),
    bounds=_QUICK,
)
INBOUND: Final = _seconds(
    "pombo_inbound_seconds",
    "From WhatsApp's time of a message that came, which is in whole seconds, to its record; 0 within that second.",
    "kind",
    bounds=_PATIENT,
)
STATUS_CHANGES: Final = _counter(
    "pombo_session_status_changes_total", "Changes of sessions' statuses.", "status", "reason", unit="changes"
)
RESTRICTIONS: Final = _counter(
    "pombo_session_restrictions_total",
    "Pauses of sessions after WhatsApp had refused a message for what the account does.",
    "reason",
    unit="restrictions",
)
RESTARTS: Final = _counter(
    "pombo_page_restarts_total",
    "Pages that ended without being asked to, and are opened again (how: opened) or loaded anew (how: loaded).",
    *("how", "reason"),
    unit="restarts",
)
FAULTS: Final = _counter(
    "pombo_faults_total", "Faults of the gateway itself, each in the log with its trace.", "part", unit="faults"
)
LEASES_CLAIMED: Final = _counter(
    "pombo_leases_claimed_total", "Leases that this gateway took: each is a new epoch of its session.", unit="leases"
)
LEASES_LOST: Final = _counter(
    "pombo_leases_lost_total", "Leases that this gateway lost while it ran the session.", unit="leases"
)
LEASES_HELD: Final = _gauge("pombo_leases_held", "Sessions that this gateway runs.", unit="leases")
BROWSER_MEMORY: Final = _gauge(
    "pombo_browser_memory_bytes",
    "What the browsers here take of the machine's memory, all together (PSS).",
    unit="bytes",
)
BROWSER_MEMORY_MOST: Final = _gauge(
    "pombo_browser_memory_largest_bytes", "What the largest of the browsers here takes (PSS).", unit="bytes"
)
WEBHOOK: Final = _seconds(
    "pombo_webhook_seconds", "What an endpoint takes to answer, by the outcome.", "outcome", bounds=_QUICK
)
WEBHOOK_DELAY: Final = _seconds(
    "pombo_webhook_delay_seconds", "From an event's record to an endpoint's having it.", bounds=_PATIENT
)
DATABASE_WAIT: Final = _seconds(
    "pombo_database_wait_seconds", "How long work waits for a connection to the database.", bounds=_QUICK
)
AUDIT_ENTRIES: Final = _counter(
    "pombo_audit_entries_total", "Entries that were put into the audit log.", unit="entries"
)
AUDIT_FAILURES: Final = _counter(
    "pombo_audit_failures_total", "Tries to write to the audit log that failed; they are repeated.", unit="tries"
)
AUDIT_LOST: Final = _counter(
    "pombo_audit_lost_total", "Records for the audit log that were given up for lack of room or time.", unit="records"
)
PART_UP: Final = _gauge("pombo_part_up", "1 where a part that the gateway needs answers, else 0.", "part", unit="1")

# Of the whole database: every gateway on it tells the same.
SESSIONS: Final = _gauge("pombo_sessions", "Sessions by status.", "status", unit="sessions")
SESSIONS_AILING: Final = _gauge(
    "pombo_sessions_ailing", "Sessions that are wanted to run and don't work, by status.", "status", unit="sessions"
)
SESSIONS_PAUSED: Final = _gauge(
    "pombo_sessions_paused", "Sessions whose messages to strangers wait after a restriction by WhatsApp.", "reason",
    unit="sessions",
)  # fmt: skip
QUEUE_DEPTH: Final = _gauge(
    "pombo_queue_depth", "Outbound messages: waiting, with the page, or put off to a later time.", "state",
    unit="messages",
)  # fmt: skip
QUEUE_AGE: Final = _gauge(
    "pombo_queue_oldest_seconds", "How long the first of the waiting messages has been due.", unit="seconds"
)
LEASE_EPOCHS: Final = _gauge(
    "pombo_lease_epochs",
    "The epochs of all sessions' leases added up: it grows when a session is taken.",
    unit="epochs",
)
WEBHOOK_BACKLOG: Final = _gauge(
    "pombo_webhook_backlog", "Events that wait for an enabled endpoint, of each at most 10,000.", unit="events"
)
WEBHOOK_ENDPOINTS: Final = _gauge("pombo_webhook_endpoints", "Webhook endpoints.", "state", unit="endpoints")
DEAD_LETTERS: Final = _gauge("pombo_webhook_dead_letters", "Deliveries that were given up.", unit="events")
SURVEY_UP: Final = _gauge(
    "pombo_survey_up", "1 where the database could be asked for the figures of all gateways, else 0.", unit="1"
)

MEASURES: Final = (
    *(BUILD, REQUESTS, EVENTS, ACCEPTED, RECEIVED, ENDED, SEND, PAGE_SEND, INBOUND, STATUS_CHANGES),
    *(RESTRICTIONS, RESTARTS),
    *(FAULTS, LEASES_CLAIMED, LEASES_LOST, LEASES_HELD, BROWSER_MEMORY, BROWSER_MEMORY_MOST, WEBHOOK, WEBHOOK_DELAY),
    *(AUDIT_ENTRIES, AUDIT_FAILURES, AUDIT_LOST),
    *(DATABASE_WAIT, PART_UP, SESSIONS, SESSIONS_AILING, SESSIONS_PAUSED, QUEUE_DEPTH, QUEUE_AGE),
    *(LEASE_EPOCHS, WEBHOOK_BACKLOG),
    *(WEBHOOK_ENDPOINTS, DEAD_LETTERS, SURVEY_UP),
)
