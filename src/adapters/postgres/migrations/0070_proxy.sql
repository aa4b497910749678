-- The proxy by which each session's browser reaches WhatsApp, with its password. NULL: directly.

ALTER TABLE pombo.sessions ADD COLUMN proxy json;
