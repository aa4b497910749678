-- Where the trace of a message's acceptance goes on, as W3C's traceparent: whoever sends it, and whenever, goes on with it.
ALTER TABLE pombo.messages ADD COLUMN trace text;
