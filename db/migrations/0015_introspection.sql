-- Nodes keep answers of introspection for seconds, and forget them when
-- something ends that they speak of.
CREATE FUNCTION token_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('latchkey_token', '');
	RETURN NULL;
END $$;
CREATE TRIGGER token_family_ended AFTER UPDATE OF ended_at ON token_family
	FOR EACH ROW EXECUTE FUNCTION token_notify();
CREATE TRIGGER token_family_gone AFTER DELETE ON token_family
	FOR EACH ROW WHEN (OLD.expires_at > now())
	EXECUTE FUNCTION token_notify();
CREATE TRIGGER client_changed AFTER UPDATE ON client
	FOR EACH ROW EXECUTE FUNCTION token_notify();
CREATE TRIGGER owner_disabled AFTER UPDATE OF disabled_at ON owner
	FOR EACH ROW EXECUTE FUNCTION token_notify();
