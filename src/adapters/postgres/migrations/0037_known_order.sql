-- In which order the addresses of a person became known: the latest of several phone numbers is the person's.
ALTER TABLE pombo.person_addresses ADD COLUMN known bigint NOT NULL DEFAULT nextval('pombo.people');
