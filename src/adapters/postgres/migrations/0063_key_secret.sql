-- Which secret a key was hashed under, by a name that tells nothing of it. NULL: under none, as those of versions before
-- 0060, or under one that nobody wrote down.
ALTER TABLE pombo.api_keys ADD COLUMN secret_id text;
