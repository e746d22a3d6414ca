-- Apps that act for their owners: how fresh a sign-in they ask for, and which
-- apps of phones are theirs.

ALTER TABLE authorization_request
	ADD COLUMN asked_at timestamptz NOT NULL DEFAULT now(),
	ADD COLUMN max_age bigint;	-- since the sign-in, seconds; NULL: any

-- "PACKAGE=FINGERPRINT" of Android, "TEAM.BUNDLE" of iOS.
ALTER TABLE client
	ADD COLUMN android_apps text[] NOT NULL DEFAULT '{}',
	ADD COLUMN ios_apps text[] NOT NULL DEFAULT '{}';
