"""One suite per port. Each adapter's test subclasses it and provides the fixtures that the suite names."""

import pytest

pytest.register_assert_rewrite(
    *(
        f"{__name__}.{suite}"
        for suite in (
            "api_key_repository",
            "event_bus",
            "event_log",
            "link_code_cache",
            "media_fetcher",
            "media_repository",
            "media_spool",
            "media_store",
            "media_workshop",
            "message_repository",
            "outbox",
            "people_pages",
            "person_repository",
            "session_repository",
            "unit_of_work",
            "user_repository",
            "whatsapp_driver",
            "whatsapp_page",
            "whatsapp_world",
        )
    )
)
