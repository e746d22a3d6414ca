-- What a quarantined device's certificates are renewed into (R5): a label of
-- its own, whose settings say what they look like, and which no model names.
INSERT INTO label (name, settings) VALUES ('quarantine',
	'{"description": "Devices in quarantine", "subject": "OU=%p, CN=%d"}')
ON CONFLICT (name) DO NOTHING;
