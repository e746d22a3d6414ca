-- Run once by a superuser, before the first migration.  Passwords are set by
-- whoever runs this (deploy/dev/up.sh makes random ones).
--   latchkey_migrator  owns the schema: latchkey migrate, latchkey maintain
--   latchkey_service   latchkeyd: no DDL; INSERT alone on feed and events
--   latchkey_broker    the Mosquitto plugin: reads what is refused
CREATE ROLE latchkey_migrator LOGIN;
CREATE ROLE latchkey_service LOGIN;
CREATE ROLE latchkey_broker LOGIN;
